#include "core/treebank.hpp"

#include <array>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "core/punkt.hpp"
#include "core/sentences.hpp"
#include "core/splitters.hpp"
#include "core/tweet_tables.hpp"
#include "core/unicode.hpp"
#include "core/utf8.hpp"

namespace textmill::treebank {
namespace {

// Where a pattern has put a blank, by when: later patterns must not see what is put after them.
enum Gap : std::uint16_t {
  kBefore = 1, kAfter = 2,          // up to [?!] in NLTK's list
  kBeforeLate = 4, kAfterLate = 8,  // up to the pairs of '
  kClitic = 16,                     // before, by 's and its like
  kLongClitic = 32,                 // before, by 'll and its like
  kNegation = 64,                   // one byte before, by n't
  kBothSides = kBefore | kAfter,
  kBothLate = kBeforeLate | kAfterLate,
  kAnyBefore = kBefore | kBeforeLate | kClitic | kLongClitic,
  kAnyAfter = kAfter | kAfterLate,
  kOpening = 128,                   // a quote that is spelled ``
  kPairs = 256,                     // stands with the next mark for one token
};

constexpr std::array<Kind, 128> ascii_kinds() {
  std::array<Kind, 128> kinds{};
  for (std::size_t c = 0; c < 128; ++c) {
    const bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    kinds[c] = word ? kWordByte : kOther;
  }
  for (const char c : {'\t', '\n', '\v', '\f', '\r'}) kinds[static_cast<std::size_t>(c)] = kBlank;
  for (std::size_t c = 0x1C; c < 0x20; ++c) kinds[c] = kSplits;
  kinds[' '] = kSpace;
  kinds['"'] = kQuote;
  kinds['\''] = kTick;
  kinds['`'] = kBack;
  kinds[':'] = kinds[','] = kPause;
  kinds['.'] = kDot;
  for (const char c : {';', '@', '#', '$', '%', '&'}) kinds[static_cast<std::size_t>(c)] = kSign;
  kinds['?'] = kinds['!'] = kEnd;
  kinds['*'] = kStar;
  for (const char c : {'(', '[', '{', '<'}) kinds[static_cast<std::size_t>(c)] = kOpen;
  for (const char c : {')', ']', '}', '>'}) kinds[static_cast<std::size_t>(c)] = kClose;
  kinds['-'] = kDash;
  return kinds;
}
constexpr std::array<Kind, 128> kKinds = ascii_kinds();

// What is put around a mark wherever it stands.
constexpr std::array<std::uint16_t, 19> gaps_of_kinds(bool classic) {
  std::array<std::uint16_t, 19> gaps{};
  gaps[kSign] = gaps[kEnd] = kBothSides;
  gaps[kOpen] = gaps[kClose] = kBothLate;
  if (!classic) {
    gaps[kOpenQuote] = gaps[kRule] = kBothSides;
    gaps[kStar] = gaps[kCloseQuote] = kBothLate;
  }
  return gaps;
}
constexpr std::array<std::uint16_t, 19> kGaps[2] = {gaps_of_kinds(false), gaps_of_kinds(true)};

constexpr std::uint32_t set_of(std::initializer_list<Kind> kinds) {
  std::uint32_t set = 0;
  for (const Kind kind : kinds) set |= 1u << kind;
  return set;
}
constexpr std::uint32_t kQuotes = set_of({kQuote, kTick, kBack});
constexpr std::uint32_t kRuns = set_of({kPause, kDot, kDash});

// \w of the regex package, on which NLTK's patterns run
bool is_regex_word(const char* p, const char* end) {
  const auto byte = static_cast<unsigned char>(*p);
  return (byte < 0x80 ? tweet::kKindBlocks[byte] : tweet::kinds_of(decode(p, end).code)) & tweet::kWord;
}

// \w of re, on which the list of contractions runs
bool is_word(const char* p, const char* end) {
  const auto byte = static_cast<unsigned char>(*p);
  return flags_of(byte < 0x80 ? byte : decode(p, end).code) & kWord;
}

char small(char c) { return static_cast<char>(static_cast<unsigned char>(c - 'A') < 26 ? c + 32 : c); }

}  // namespace

void Splitter::split(std::size_t begin, std::size_t end, std::vector<Span>& found) {
  if (end - begin > std::numeric_limits<std::uint32_t>::max() - 16) throw std::overflow_error("a sentence is longer than 4 GiB");
  begin_ = text_.data() + begin;
  end_ = text_.data() + end;
  size_ = static_cast<std::uint32_t>(end - begin);
  blank_at_end_ = false;
  read_marks();
  if (present_ & kQuotes) quotes();
  if (has(kDot)) final_dot();
  if (present_ & kRuns) runs();
  if (has(kTick)) {
    ticks();
    clitics();
  }
  emit(found);
}

// ---- marks -------------------------------------------------------------------------------------------------------

void Splitter::read_marks() {
  marks_.clear();
  present_ = 0;
  const auto& gaps = kGaps[classic_];
  CancelWatch watch;
  for (const char* p = begin_; p < end_;) {
    watch.at(static_cast<std::size_t>(p - begin_));
    const auto byte = static_cast<unsigned char>(*p);
    if (byte >= 0x80) {
      add_high(p);
      continue;
    }
    const Kind kind = kKinds[byte];
    if (kind != kWordByte) add(p, kind, 1, gaps[kind]);
    ++p;
  }
}

void Splitter::add_high(const char*& p) {
  const Decoded now = decode(p, end_);
  const std::uint8_t flags = flags_of(now.code);
  Kind kind = kWordByte;
  switch (now.code) {
    case 0xAB: case 0x2018: case 0x201C: case 0x201E: kind = classic_ ? kOther : kOpenQuote; break;
    case 0xBB: case 0x2019: case 0x201D: kind = classic_ ? kOther : kCloseQuote; break;
    case 0x2012: case 0x2013: case 0x2014: case 0x2015: kind = classic_ ? kOther : kRule; break;
    case 0x130: case 0x131: kind = kOther; break;
    default: kind = flags & textmill::kSpace ? kBlank : flags & kWord ? kWordByte : kOther;
  }
  if (kind != kWordByte) add(p, kind, static_cast<std::uint8_t>(now.size), kGaps[classic_][kind]);
  p += now.size;
}

// One past the last mark of the run of one kind, without anything between, that begins with mark i.
std::size_t Splitter::run_end(std::size_t i) const {
  const Kind kind = marks_[i].kind;
  while (i + 1 < marks_.size() && marks_[i + 1].kind == kind && touch(i)) ++i;
  return i + 1;
}

// Marks i and i + 1 are one token.
void Splitter::pair(std::size_t i, std::uint16_t before, std::uint16_t after) {
  marks_[i].gaps |= before | kPairs;
  marks_[i + 1].gaps |= after;
}

// ---- starting quotes ---------------------------------------------------------------------------------------------

void Splitter::quotes() {
  for (std::size_t i = 0; i < marks_.size();) {
    switch (marks_[i].kind) {
      case kBack: {
        const std::size_t end = run_end(i);
        back_run(i, end);
        i = end;
        break;
      }
      case kTick: {
        const std::size_t end = run_end(i);
        ticks_at_start(i, end);
        i = end;
        break;
      }
      case kQuote:
        marks_[i].gaps |= kBothLate;
        if (marks_[i].at == 0 || opens_behind(i)) marks_[i].gaps |= kBothSides | kOpening;
        ++i;
        break;
      default: ++i;
    }
  }
}

void Splitter::back_run(std::size_t i, std::size_t end) {
  if (!classic_) {
    marks_[i].gaps |= kBefore;
    marks_[end - 1].gaps |= kAfter;
  }
  for (; i + 1 < end; i += 2) pair(i, kBefore, kAfter);
}

// Whether a quote at mark i follows a blank, an opening bracket, or what has got a blank behind it by now.
bool Splitter::opens_behind(std::size_t i) const {
  if (i == 0 || !touch(i - 1)) return false;
  const Mark& before = marks_[i - 1];
  switch (before.kind) {
    case kSpace: case kOpen: case kOpenQuote: return true;
    case kBack: return before.gaps & kAfter;
    case kQuote: return before.at == 0;
    default: return false;
  }
}

void Splitter::ticks_at_start(std::size_t i, std::size_t end) {
  if (end - i >= 2 && opens_behind(i)) {
    pair(i, kBefore | kOpening, kAfter);
    i += 2;
  }
  if (i == end || classic_) return;
  // a ' before a word parts from it, but for 's and its like
  Mark& last = marks_[end - 1];
  const bool follows_word = [&] {
    if (last.at == 0) return false;
    const std::size_t before = step_back(begin_, last.at);
    return is_regex_word(begin_ + before, begin_ + last.at);
  }();
  if (!follows_word && parts_word(last.at + 1)) last.gaps |= kAfter;
}

bool Splitter::parts_word(std::uint32_t at) const {
  const char* p = begin_ + at;
  if (p == end_ || !is_regex_word(p, end_)) return false;
  const auto ends = [&](const char* q) { return q == end_ || !is_regex_word(q, end_); };
  const char first = small(*p);
  const char second = end_ - p >= 2 ? small(p[1]) : '\0';
  if (second == 'e' && (first == 'r' || first == 'v') && ends(p + 2)) return false;
  if (second == 'l' && first == 'l' && ends(p + 2)) return false;
  if ((first == 'm' || first == 't' || first == 's' || first == 'd' || first == 'n') && ends(p + 1)) return false;
  if (first == '\xC5' && second == '\xBF' && ends(p + 2)) return false;  // U+017F, an s without regard to case
  return true;
}

// ---- punctuation -------------------------------------------------------------------------------------------------

// The full stop that only closing marks and white space follow.
void Splitter::final_dot() {
  std::size_t i = marks_.size();
  std::uint32_t expected = size_;
  const auto previous = [&] {  // steps to the mark that ends where the last one began
    if (i == 0 || behind(i - 1) != expected) return false;
    expected = marks_[--i].at;
    return true;
  };
  if (!previous()) return;
  while (marks_[i].kind == kSpace || marks_[i].kind == kBlank)
    if (!previous()) return;
  const std::size_t blanks = i + 1;
  for (; marks_[i].kind != kDot; ) {
    const Mark& mark = marks_[i];
    const bool closes = (mark.kind == kClose) || (mark.kind == kQuote && !(mark.gaps & kOpening)) ||
                        (mark.kind == kTick && !(mark.gaps & (kOpening | kAfter))) ||
                        (!classic_ && (mark.kind == kCloseQuote || mark.kind == kSpace));
    if (!closes || !previous()) return;
  }
  // The dot must not stand behind another one; but NLTK's older rule comes after "..." has got its blanks.
  if (marks_[i].at == 0) return;
  std::size_t run = 1;
  for (std::size_t k = i; k > 0 && marks_[k - 1].kind == kDot && touch(k - 1); --k) ++run;
  if (run > 1 && !(classic_ && run % 3 == 1)) return;
  marks_[i].gaps |= classic_ ? kBefore : kBothSides;
  for (std::size_t k = blanks; k < marks_.size(); ++k) marks_[k].kind = kSpace;
  blank_at_end_ = true;
}

void Splitter::runs() {
  for (std::size_t i = 0; i < marks_.size();) {
    const Kind kind = marks_[i].kind;
    if (!(kRuns >> kind & 1)) {
      ++i;
      continue;
    }
    const std::size_t end = run_end(i);
    if (kind == kPause) pauses(i, end);
    else if (kind == kDot) dots(i, end);
    else for (std::size_t k = i; k + 1 < end; k += 2) pair(k, kBeforeLate, kAfterLate);
    i = end;
  }
}

// A mark and what follows it, no digit, are taken together: of a run every other one.
void Splitter::pauses(std::size_t i, std::size_t end) {
  const std::uint32_t after = behind(end - 1);
  for (; i < end; i += 2) {
    if (i + 1 == end) {
      const char* next = begin_ + after;
      if (after < size_ && tweet::kinds_of(decode(next, end_).code) & tweet::kDigit) break;
    }
    marks_[i].gaps |= kBothSides;
  }
  if (after == size_ || (after + 1 == size_ && begin_[after] == '\n')) marks_[end - 1].gaps |= kBothSides;
}

void Splitter::dots(std::size_t i, std::size_t end) {
  if (!classic_) {
    if (end - i < 2) return;
    marks_[i].gaps |= kBefore;
    marks_[end - 1].gaps |= kAfter;
    return;
  }
  for (; i + 2 < end; i += 3) {
    marks_[i].gaps |= kBefore;
    marks_[i + 2].gaps |= kAfter;
  }
}

// ---- apostrophes -------------------------------------------------------------------------------------------------

// Whether a blank stands at byte `at`, which is where mark `next` would be: white space or one of `gaps`.
bool Splitter::space_at(std::uint32_t at, std::size_t next, std::uint16_t gaps) const {
  if (at == size_) return true;
  if (!is_at(next, at)) return false;
  const Kind kind = marks_[next].kind;
  return kind == kSpace || (kind == kBlank && !classic_) || marks_[next].gaps & gaps;
}

// ([^'])'  and then pairs of them.
void Splitter::ticks() {
  for (std::size_t i = 0; i < marks_.size();) {
    if (marks_[i].kind != kTick) {
      ++i;
      continue;
    }
    const std::size_t end = run_end(i);
    if (marks_[i].gaps & kOpening) i += 2;
    else if (end - i == 1 && marks_[i].at > 0) {
      const std::uint32_t at = behind(i);
      const bool blank = marks_[i].gaps & kAfter || (at == size_ && blank_at_end_) ||
                         (is_at(end, at) && (marks_[end].kind == kSpace || marks_[end].gaps & kBefore));
      if (blank) marks_[i].gaps |= kBeforeLate;
    }
    for (; i + 1 < end; i += 2) pair(i, kBeforeLate, kAfterLate);
    i = end;
  }
}

void Splitter::clitics() {
  CancelWatch watch;
  for (std::size_t i = marks_.size(); i-- > 0;) {
    watch.at(marks_.size() - i);
    Mark& mark = marks_[i];
    const bool paired = mark.gaps & kPairs || (i > 0 && marks_[i - 1].gaps & kPairs && touch(i - 1));
    if (mark.kind != kTick || paired || mark.at == 0) continue;
    // what stands before it must be there, be no blank and no '
    const bool follows = !(mark.gaps & kAnyBefore) && begin_[mark.at - 1] != '\'' &&
                         !(i > 0 && touch(i - 1) && (marks_[i - 1].kind <= kBlank || marks_[i - 1].gaps & kAnyAfter));
    const std::uint32_t at = behind(i);
    const char* p = begin_ + at;
    const std::uint16_t before = kBefore | kBeforeLate;
    if (mark.gaps & kAnyAfter || space_at(at, i + 1, before)) {
      if (follows) mark.gaps |= kClitic;
      continue;
    }
    const char first = small(*p);
    if (first == 's' || first == 'm' || first == 'd') {
      if (follows && space_at(at + 1, i + 1, before)) mark.gaps |= kClitic;
    } else if (at + 2 <= size_ && (!std::memcmp(p, "ll", 2) || !std::memcmp(p, "LL", 2) || !std::memcmp(p, "re", 2) ||
                                   !std::memcmp(p, "RE", 2) || !std::memcmp(p, "ve", 2) || !std::memcmp(p, "VE", 2))) {
      if (follows && space_at(at + 2, i + 1, before | kClitic)) mark.gaps |= kLongClitic;
    } else if (first == 't' && follows && mark.at >= 2) {
      const char n = *p == 't' ? 'n' : 'N';
      const bool after_mark = i > 0 && behind(i - 1) + 1 == mark.at;  // what stands before the n
      const bool open = begin_[mark.at - 2] != '\'' && !(after_mark && (marks_[i - 1].kind <= kBlank || marks_[i - 1].gaps & kAnyAfter));
      if (begin_[mark.at - 1] == n && open && space_at(at + 1, i + 1, before | kClitic)) mark.gaps |= kNegation;
    }
  }
}

// ---- tokens ------------------------------------------------------------------------------------------------------

void Splitter::emit(std::vector<Span>& found) {
  const char* from = begin_;
  std::size_t inner = 0;    // marks since `from`
  bool after_blank = true;  // whether a U+0020 stands before it
  const auto cut = [&](const char* to) {
    if (from < to) word(from, to, inner == 0, after_blank, found);
    from = to;
    inner = 0;
    after_blank = true;
  };
  const auto place = [&](const char* p) { return static_cast<std::size_t>(p - text_.data()); };
  CancelWatch watch;
  for (std::size_t i = 0; i < marks_.size(); ++i) {
    watch.at(i);
    const Mark& mark = marks_[i];
    const char* p = begin_ + mark.at;
    if (mark.kind <= kSplits) {
      cut(p);
      from = p + mark.size;
      after_blank = mark.kind == kSpace;
      continue;
    }
    if (mark.gaps & kNegation) cut(p - 1);
    else if (mark.gaps & kAnyBefore) cut(p);
    ++inner;
    const char* spelling = nullptr;
    const char* stop = p + mark.size;
    if (mark.gaps & kPairs) {
      if (mark.gaps & kOpening) spelling = "``";
      ++i;
      stop = begin_ + behind(i);
    } else if (mark.kind == kQuote) {
      spelling = mark.gaps & kOpening ? "``" : "''";
    } else if (convert_ && (mark.kind == kOpen || mark.kind == kClose)) {
      switch (*p) {
        case '(': spelling = "-LRB-"; break;
        case ')': spelling = "-RRB-"; break;
        case '[': spelling = "-LSB-"; break;
        case ']': spelling = "-RSB-"; break;
        case '{': spelling = "-LCB-"; break;
        case '}': spelling = "-RCB-"; break;
        default: break;
      }
    }
    if (spelling) respelled_.push_back({place(p), place(stop), spelling});
    if (marks_[i].gaps & kAnyAfter) cut(stop);
  }
  cut(end_);
}

// ---- contractions ------------------------------------------------------------------------------------------------

namespace {

struct Contraction {
  const char* middle = nullptr;  // null: none
  const char* end = nullptr;
};

// Whether `p` begins with a word, given in small letters, without regard to case; `i` and `s` have odd relatives.
const char* skip(const char* p, const char* end, std::string_view small_word) {
  for (const char c : small_word) {
    if (p == end) return nullptr;
    if (small(*p) == c) {
      ++p;
      continue;
    }
    const std::uint32_t code = decode(p, end).code;
    if (!(c == 'i' && (code == 0x130 || code == 0x131)) && !(c == 's' && code == 0x17F)) return nullptr;
    p += 2;
  }
  return p;
}

Contraction try_parts(const char* p, const char* end, std::string_view first, std::string_view second) {
  const char* middle = skip(p, end, first);
  const char* stop = middle ? skip(middle, end, second) : nullptr;
  if (!stop || (stop < end && is_word(stop, end))) return {};
  return {middle, stop};
}

// The contraction that the word at `p` is; `end` is where its token ends.
Contraction contraction_at(const char* p, const char* end) {
  switch (small(*p)) {
    case 'c': return try_parts(p, end, "can", "not");
    case 'd': return try_parts(p, end, "d", "'ye");
    case 'g':
      for (const auto& [first, second] : {std::pair{"gim", "me"}, {"gon", "na"}, {"got", "ta"}})
        if (const Contraction found = try_parts(p, end, first, second); found.middle) return found;
      return {};
    case 'l': return try_parts(p, end, "lem", "me");
    case 'm': return try_parts(p, end, "more", "'n");
    case 'w': {
      const Contraction found = try_parts(p, end, "wan", "na");
      return found.end == end ? found : Contraction{};  // white space must follow
    }
    default: return {};
  }
}

// Letters in small, the first byte lowest.
constexpr std::uint64_t packed(std::string_view word) {
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < word.size(); ++i) bytes |= static_cast<std::uint64_t>(static_cast<unsigned char>(word[i])) << (8 * i);
  return bytes;
}

// As contraction_at(), for a token of nothing but ASCII letters, digits and _.
bool is_plain_contraction(const char* p, std::size_t size) {
  if (size != 5 && size != 6) return false;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < size; ++i) bytes |= static_cast<std::uint64_t>(static_cast<unsigned char>(p[i]) | 0x20) << (8 * i);
  if (size == 6) return bytes == packed("cannot");
  return bytes == packed("gonna") || bytes == packed("wanna") || bytes == packed("gotta") || bytes == packed("gimme") || bytes == packed("lemme");
}

}  // namespace

// Adds a token, or the parts of one that is or holds a contraction. `plain`: it has no mark inside.
void Splitter::word(const char* from, const char* to, bool plain, bool after_blank, std::vector<Span>& found) const {
  const auto push = [&](const char* a, const char* b) {
    if (a < b) found.push_back({static_cast<std::size_t>(a - text_.data()), static_cast<std::size_t>(b - text_.data())});
  };
  constexpr std::ptrdiff_t kShortest = 4;  // d'ye
  if (to - from < kShortest) {
    push(from, to);
    return;
  }
  if (plain) {
    if (is_plain_contraction(from, static_cast<std::size_t>(to - from))) {
      push(from, from + 3);
      from += 3;
    }
    push(from, to);
    return;
  }
  // 'tis and 'twas part behind a blank only. They come last in NLTK's list, 'tis first: a contraction puts a blank before
  // either, 'tis puts one before 'twas.
  bool tis = classic_ && after_blank, twas = tis;
  bool in_word = false;
  CancelWatch watch;
  for (const char* p = from; p < to;) {
    watch.at(static_cast<std::size_t>(p - from));
    Contraction parts;
    const bool is_now = is_word(p, to);
    if (*p == '\'' && (tis || twas)) {
      if (tis && (parts = try_parts(p, to, "'t", "is")).middle) tis = false;
      else if (twas && (parts = try_parts(p, to, "'t", "was")).middle) tis = twas = false;
    } else if (is_now && !in_word && (parts = contraction_at(p, to)).middle) {
      tis = twas = true;
    }
    if (parts.middle) {
      push(from, p);
      push(p, parts.middle);
      push(parts.middle, parts.end);
      from = p = parts.end;
      in_word = true;
      continue;
    }
    tis = twas = false;
    in_word = is_now;
    p += decode(p, to).size;
  }
  push(from, to);
}

}  // namespace textmill::treebank

namespace textmill {
namespace {

// The text with some tokens spelled anew; moves the tokens from `first` on to where they lie in it.
void respell(const Text& text, const std::vector<treebank::Respelled>& respelled, std::size_t first, std::vector<Span>& found, Text& out) {
  out.clear();
  std::size_t copied = 0;
  for (const treebank::Respelled& token : respelled) {
    out.copy(text, copied, token.begin);
    out.put(token.spelling, text, token.begin, token.end);
    copied = token.end;
  }
  out.copy(text, copied, text.size());
  out.finish();
  auto next = respelled.begin();
  std::size_t longer = 0;  // no spelling is shorter than what it stands for
  CancelWatch watch;
  for (std::size_t i = first; i < found.size(); ++i) {
    watch.at(i);
    Span& span = found[i];
    const bool anew = next != respelled.end() && span.begin == next->begin;
    span.begin += longer;
    if (anew) {
      longer += std::strlen(next->spelling) - (next->end - next->begin);
      ++next;
    }
    span.end += longer;
  }
}

}  // namespace

const Text& split_treebank(const Text& text, Text& spare, const Program& program, std::vector<Span>& found) {
  const std::size_t first = found.size();
  std::vector<Span> sentences;
  if (program.options & treebank::kByPunkt) program.punkt->sentences(text, true, sentences);
  else if (program.options & treebank::kByRules) find_sentences(text, sentences);
  else sentences.push_back({0, text.size()});
  treebank::Splitter splitter(text, program.options);
  for (const Span& sentence : sentences) splitter.split(sentence.begin, sentence.end, found);
  if (splitter.respelled().empty()) return text;
  respell(text, splitter.respelled(), first, found, spare);
  return spare;
}

}  // namespace textmill
