#include "core/sentences.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/segment_tables.hpp"
#include "core/sentence_words.hpp"
#include "core/unicode.hpp"
#include "core/utf8.hpp"

namespace textmill {
namespace {

enum Byte : std::uint8_t { kStop = 1, kAt = 2, kSlash = 4, kHigh = 8, kWhite = 16, kRunOf = 32, kFace = 64 };

constexpr std::array<std::uint8_t, 256> byte_classes() {
  std::array<std::uint8_t, 256> classes{};
  for (std::size_t c = 0x80; c < 256; ++c) classes[c] = kHigh;
  for (const unsigned char c : {'.', '?', '!'}) classes[c] |= kStop;
  for (const unsigned char c : {' ', '\t', '\n', '\v', '\f', '\r', '\x1C', '\x1D', '\x1E', '\x1F'}) classes[c] |= kWhite;
  for (const unsigned char c : {'-', '_', '=', '*', '#', '~', '+'}) classes[c] |= kRunOf;
  for (const unsigned char c : {':', ';', '=', '^', '<', '(', ')'}) classes[c] |= kFace;
  classes['@'] |= kAt;
  classes['/'] |= kSlash;
  return classes;
}
constexpr std::array<std::uint8_t, 256> kBytes = byte_classes();

std::uint8_t byte_class(char c) { return kBytes[static_cast<unsigned char>(c)]; }
bool is_in(char c, const char* set) { return c && std::strchr(set, c); }
char small(char c) { return static_cast<char>(static_cast<unsigned char>(c - 'A') < 26 ? c + 32 : c); }
bool is_letter(char c) { return static_cast<unsigned char>(small(c) - 'a') < 26; }
bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

std::uint8_t sentence_class(std::uint32_t code) {
  return kSentenceBlocks[(static_cast<std::size_t>(kSentenceIndex[code >> 8]) << 8) | (code & 255)];
}

constexpr std::uint32_t kEllipsis = 0x2026;
// full-width marks end a sentence without white space behind them
bool is_wide_stop(std::uint32_t code) { return code >= 0x3000 && sentence_class(code) == sentence_break::STerm; }

// A run of bytes without white space.
struct Word {
  const char* begin = nullptr;
  const char* end = nullptr;
  std::uint8_t classes = 0;  // of its bytes
  std::uint8_t breaks = 0;   // line breaks before it, at most two
  bool empty() const { return begin == end; }
  std::size_t size() const { return static_cast<std::size_t>(end - begin); }
};

// What a word ends with.
struct Ending {
  const char* stops = nullptr;   // where its stops begin
  const char* closers = nullptr;  // where they end
  bool hard = false;             // ? ! or a mark of another script among them
  bool dots = false;             // more than one full stop, or an ellipsis
};

class RuleReader {
 public:
  RuleReader(const Text& text, std::vector<Span>& found) : begin_(text.data()), end_(begin_ + text.size()), found_(found) {}

  void read() {
    Word before, word = next_word(begin_);
    if (word.empty()) return;
    sentence_ = word.begin;
    CancelWatch watch;
    for (;;) {
      watch.at(static_cast<std::size_t>(word.end - begin_));
      const Word next = next_word(word.end);
      if (word.classes & (kStop | kHigh)) cut_inside(word);
      if (next.empty()) break;
      if (ends(before, word, next)) cut(word.end, next.begin);
      before = word;
      word = next;
    }
    if (sentence_ < word.end) cut(word.end, end_);
  }

 private:
  void cut(const char* end, const char* next) {
    found_.push_back({static_cast<std::size_t>(sentence_ - begin_), static_cast<std::size_t>(end - begin_)});
    sentence_ = next;
  }

  Word next_word(const char* p) const;
  void cut_inside(const Word& word);
  bool ends(const Word& before, const Word& word, const Word& next) const;
  bool ends_with_dot(const Word& before, const Word& word, const Word& next, const Ending& ending, bool low) const;
  Ending ending_of(const char* begin, const char* end) const;
  bool is_address(const Word& word) const;
  const char* letters_of(const Word& word) const;
  bool is_low(const char* p) const { return p < end_ && flags_of(decode(p, end_).code) & kIsLower; }
  bool is_high(const char* p) const { return p < end_ && flags_of(decode(p, end_).code) & kIsUpper; }

  const char* begin_;
  const char* end_;
  const char* sentence_ = nullptr;  // where the present one begins
  std::vector<Span>& found_;
};

Word RuleReader::next_word(const char* p) const {
  Word word;
  CancelWatch watch;
  const char* from = p;
  while (p < end_) {
    watch.at(static_cast<std::size_t>(p - from));
    const std::uint8_t now = byte_class(*p);
    if (now & kWhite) {
      if (*p == '\n' || (*p == '\r' && !(p + 1 < end_ && p[1] == '\n'))) word.breaks = static_cast<std::uint8_t>(word.breaks + (word.breaks < 2));
      ++p;
      continue;
    }
    if (!(now & kHigh)) break;
    const Decoded wide = decode(p, end_);
    if (!(flags_of(wide.code) & kSpace)) break;
    if (wide.code == 0x2029) word.breaks = 2;
    p += wide.size;
  }
  word.begin = p;
  while (p < end_) {
    watch.at(static_cast<std::size_t>(p - from));
    const std::uint8_t now = byte_class(*p);
    if (now & kWhite) break;
    word.classes |= now;
    if (!(now & kHigh)) {
      ++p;
      continue;
    }
    const Decoded wide = decode(p, end_);
    if (flags_of(wide.code) & kSpace) break;
    p += wide.size;
  }
  word.end = p;
  return word;
}

// The same sign four times or more: a line drawn.
bool is_line(const Word& word) {
  if (!(word.classes & kRunOf) || word.size() < 4) return false;
  for (const char* p = word.begin + 1; p < word.end; ++p)
    if (*p != *word.begin) return false;
  return byte_class(*word.begin) & kRunOf;
}

// :-) and its kin.
bool is_face(const Word& word) {
  if (!(word.classes & kFace) || word.size() < 2 || word.size() > 6) return false;
  const char* p = word.begin;
  const char* end = word.end;
  if (word.size() == 2 && p[0] == '<' && p[1] == '3') return true;
  if (p[0] == '^') return end[-1] == '^' && word.size() <= 3;
  if (is_in(p[0], ":;=8xX")) {
    ++p;
    if (p < end && is_in(*p, "-'^o")) ++p;
    if (p == end) return false;
    for (; p < end; ++p)
      if (!is_in(*p, ")(][DdPpOo/\\|3*")) return false;
    return true;
  }
  if (end[-1] != ':' && end[-1] != ';') return false;
  for (; p < end - 1; ++p)
    if (*p != '(' && *p != ')') return false;
  return true;
}

// Behind quotes, brackets and dashes.
const char* RuleReader::letters_of(const Word& word) const {
  const char* p = word.begin;
  while (p < word.end) {
    if (is_in(*p, "\"'([{<*_-")) {
      ++p;
      continue;
    }
    if (!(byte_class(*p) & kHigh)) break;
    const Decoded now = decode(p, word.end);
    const bool leads = sentence_class(now.code) == sentence_break::Close || now.code == 0x2013 || now.code == 0x2014 || now.code == 0xBF || now.code == 0xA1;
    if (!leads) break;
    p += now.size;
  }
  return p;
}

// A link, a mail address, or the name of a site.
bool RuleReader::is_address(const Word& word) const {
  const char* p = word.begin;
  const char* end = word.end;
  const auto find = [&](std::string_view what) {
    const std::string_view all(p, word.size());
    return all.find(what);
  };
  if (word.classes & kSlash && find("://") != std::string_view::npos) return true;
  if (word.classes & kAt) {
    const std::size_t at = find("@");
    const std::string_view domain = std::string_view(p, word.size()).substr(at + 1);
    const std::size_t dot = domain.find('.');
    if (at > 0 && (is_letter(p[at - 1]) || is_digit(p[at - 1])) && dot != 0 && dot != domain.npos && dot + 1 < domain.size() && is_letter(domain[dot + 1]))
      return true;
  }
  if (!(word.classes & kStop)) return false;
  while (p < end && is_in(*p, "\"'([{<*")) ++p;
  if (end - p > 5 && small(p[0]) == 'w' && small(p[1]) == 'w' && small(p[2]) == 'w' && p[3] == '.') return true;
  for (const char* q = p; end - q >= 5 && (q = static_cast<const char*>(std::memchr(q, '.', static_cast<std::size_t>(end - q - 3)))); ++q) {
    if (q == p) continue;
    const char top[] = {small(q[1]), small(q[2]), small(q[3]), '\0'};
    const bool known = !std::strcmp(top, "com") || !std::strcmp(top, "org") || !std::strcmp(top, "net") || !std::strcmp(top, "edu") || !std::strcmp(top, "gov");
    const char* after = q + 4;
    if (known && (after == end || *after == '/' || (is_in(*after, ".,;:!?)]>\"'") && after + 1 == end))) return true;
    if (end - q < 6) break;
  }
  return false;
}

Ending RuleReader::ending_of(const char* begin, const char* end) const {
  Ending found;
  const char* p = end;
  // [1] or [a] behind the stop, as encyclopaedias have them
  while (p - begin > 2 && p[-1] == ']') {
    const char* q = p - 1;
    while (q > begin && p - q <= 4 && (is_letter(q[-1]) || is_digit(q[-1]))) --q;
    if (q == p - 1 || q == begin || q[-1] != '[') break;
    p = q - 1;
  }
  const auto back = [&](const char* at) { return begin_ + step_back(begin_, static_cast<std::size_t>(at - begin_)); };
  while (p > begin) {
    if (is_in(p[-1], "\"')]}*")) {
      --p;
      continue;
    }
    if (!(byte_class(p[-1]) & kHigh)) break;
    const char* q = back(p);
    if (sentence_class(decode(q, p).code) != sentence_break::Close) break;
    p = q;
  }
  found.closers = p;
  std::size_t dots = 0;
  while (p > begin) {
    if (p[-1] == '.') {
      ++dots;
      --p;
    } else if (byte_class(p[-1]) & kStop) {
      found.hard = true;
      --p;
    } else if (byte_class(p[-1]) & kHigh) {
      const char* q = back(p);
      const std::uint32_t code = decode(q, p).code;
      if (code == kEllipsis) dots += 2;
      else if (sentence_class(code) == sentence_break::STerm) found.hard = true;
      else break;
      p = q;
    } else {
      break;
    }
  }
  found.stops = p;
  found.dots = dots > 1;
  return found;
}

// Sentences that touch: a stop behind a small letter and before a capital one; and full-width stops.
void RuleReader::cut_inside(const Word& word) {
  const bool plain = !(word.classes & (kAt | kSlash)) && !std::memchr(word.begin, '=', word.size()) && !std::memchr(word.begin, '_', word.size());
  std::size_t dots = 0;  // a name of many parts is none of two sentences
  if (word.classes & kStop)
    for (const char* p = word.begin; p < word.end; ++p) dots += *p == '.';
  const auto back = [&](const char* at) { return begin_ + step_back(begin_, static_cast<std::size_t>(at - begin_)); };
  for (const char* p = word.begin; p < word.end;) {
    const std::uint8_t now = byte_class(*p);
    if (!(now & (kStop | kHigh))) {
      ++p;
      continue;
    }
    const Decoded first = decode(p, word.end);
    const bool wide = now & kHigh && is_wide_stop(first.code);
    if (!wide && now & kHigh) {
      p += first.size;
      continue;
    }
    const char* q = p;
    std::size_t full_stops = 0;
    bool hard = false;
    while (q < word.end && (wide ? is_wide_stop(decode(q, word.end).code) : byte_class(*q) & kStop)) {
      full_stops += *q == '.';
      hard |= *q != '.';
      q += decode(q, word.end).size;
    }
    const char* stops_end = q;
    while (q < word.end) {
      if (is_in(*q, "\"')]")) {
        ++q;
        continue;
      }
      if (!(byte_class(*q) & kHigh)) break;
      const Decoded closer = decode(q, word.end);
      // an opening quote belongs to what follows
      if (sentence_class(closer.code) != sentence_break::Close || closer.code == 0x300C || closer.code == 0x300E || closer.code == 0x300A ||
          closer.code == 0xFF08 || closer.code == 0x201C || closer.code == 0x2018)
        break;
      q += closer.size;
    }
    if (q < word.end) {
      if (wide) {
        cut(q, q);
      } else if (plain && p > word.begin && is_high(q) && static_cast<unsigned char>(*q) < 0x80 &&
                 (q + 1 == word.end || (static_cast<unsigned char>(small(q[1]) - 'a') < 26 && small(q[1]) == q[1]))) {
        const char* last = back(p);
        const bool low = is_low(last) && last > word.begin && is_low(back(last));
        const bool row_of_dots = full_stops > 1 && !hard && stops_end == q && flags_of(decode(last, p).code) & kWord;
        const std::string_view rest(q, static_cast<std::size_t>(word.end - q));
        const bool file = full_stops == 1 && !hard &&
                          (dots > 2 || rest.starts_with("Com") || rest.starts_with("Net") || rest.starts_with("Org") || rest.starts_with("Js") || rest.starts_with("Doc"));
        if ((low && (hard || full_stops == 1) && !file) || row_of_dots) cut(q, q);
      }
    }
    p = q;
  }
}

bool RuleReader::ends(const Word& before, const Word& word, const Word& next) const {
  if (next.breaks >= 2) return true;
  if (next.breaks == 1) {  // an item of a list
    const std::size_t size = next.size();
    if (size == 1 && is_in(*next.begin, "-*+")) return true;
    const std::uint32_t code = decode(next.begin, next.end).code;
    if (code == 0x2022 || code == 0x2023 || code == 0x25AA || code == 0x25CF || code == 0xB7) return true;
    if (size >= 2 && size <= 4 && is_in(next.end[-1], ".)") && is_digit(next.end[-2]) && is_digit(*next.begin)) return true;
  }
  if (is_line(word) || is_line(next)) return true;
  if (is_face(word)) {
    if (is_face(next)) return false;
    const Ending ending = before.empty() ? Ending{} : ending_of(before.begin, before.end);
    return !is_low(next.begin) || (ending.stops && ending.stops < ending.closers);
  }
  if (!(word.classes & (kStop | kHigh | kAt | kSlash))) return false;

  const Ending ending = ending_of(std::max(word.begin, sentence_), word.end);
  const char* letters = letters_of(next);
  const bool low = is_low(letters);
  const bool stopped = ending.stops < ending.closers;
  if (is_address(word)) {
    if (stopped) return !low;
    if (is_in(word.end[-1], ",;:)")) return false;
    return is_high(next.begin) || is_digit(*next.begin) || *next.begin == '<' || is_address(next);
  }
  if (!stopped || is_face(next)) return false;
  // stops that stand alone belong to those before them
  const Ending of_next = ending_of(next.begin, next.end);
  if (of_next.stops == next.begin && of_next.closers == next.end && !of_next.hard) return false;
  const bool closed = ending.closers < word.end;
  if (ending.hard) return !(low && (closed || (word.size() == 6 && std::memcmp(word.begin, "Yahoo!", 6) == 0)));
  const bool alone = ending.stops == word.begin;
  if (ending.dots || (alone && !before.empty() && before.end[-1] == '.')) return !low;
  if (alone) return !low && word.begin != sentence_;
  return ends_with_dot(before, word, next, ending, low);
}

// One full stop behind a word.
bool RuleReader::ends_with_dot(const Word& before, const Word& word, const Word& next, const Ending& ending, bool low) const {
  if (ending.closers < word.end) return !low;
  const char* from = std::max(word.begin, sentence_);
  while (from < ending.stops && is_in(*from, "\"'([{<*_-")) ++from;
  if (byte_class(*from) & kHigh) {
    const Decoded now = decode(from, ending.stops);
    if (from < ending.stops && sentence_class(now.code) == sentence_break::Close) from += now.size;
  }
  const std::string_view stem(from, static_cast<std::size_t>(ending.stops - from));
  if (stem.empty()) return !low;

  // the word that follows, in small letters
  char buffer[kLongestSentenceWord + 1];
  const char* letters = letters_of(next);
  std::size_t size = 0;
  while (size <= kLongestSentenceWord && letters + size < next.end && is_letter(letters[size])) {
    buffer[size] = small(letters[size]);
    ++size;
  }
  const bool high = is_high(letters);
  const bool starts = high && size <= kLongestSentenceWord && is_starter({buffer, size});
  const bool number_next = letters < next.end && is_digit(*letters);

  const bool digits = stem.find_first_not_of("0123456789.,") == stem.npos;
  const bool single = decode(stem.data(), stem.data() + stem.size()).size == stem.size();
  const bool roman = stem.size() <= 4 && stem.find_first_not_of("ivxIVX") == stem.npos;
  const bool first = word.begin == sentence_ || (before.begin == sentence_ && before.size() == 1) || (digits && !before.empty() && before.end[-1] == ':');
  if (first && (digits || single || roman)) return false;  // the number of an item
  if (single && flags_of(decode(stem.data(), stem.data() + stem.size()).code) & kWord && !digits)
    return starts && !(size == 1 && buffer[0] == 'a');  // an initial

  if (digits && stem.size() <= 2 && high) return starts;  // an ordinal, in many languages

  std::string_view part = stem;
  if (const std::size_t at = part.find_last_of("-/(\"'"); at != part.npos) part = part.substr(at + 1);
  char lowered[kLongestSentenceWord + 1];
  const bool is_short = part.size() <= kLongestSentenceWord;
  if (is_short) {
    for (std::size_t i = 0; i < part.size(); ++i) lowered[i] = small(part[i]);
    const std::string_view name(lowered, part.size());
    switch (abbreviation(name)) {
      case Abbreviation::leads: return false;
      case Abbreviation::counts: return !number_next && !low && (starts || name == "no");
      case Abbreviation::may_end: return starts;
      case Abbreviation::ends: return !low;
      case Abbreviation::none: break;
    }
    if (part == stem && stem.find('.') != stem.npos) {  // U.S, p.m, Ph.D
      std::size_t run = 0;
      bool letters_and_dots = true;
      for (const char c : stem) {
        run = c == '.' ? 0 : run + 1;
        letters_and_dots &= run <= 4 && (c == '.' || is_letter(c) || byte_class(c) & kHigh);
      }
      if (letters_and_dots) return starts;
    }
    if (low) {
      if (is_short_word(name)) return true;
      if (part.size() <= 3) return false;
      bool vowel = false;
      for (const char c : name) vowel |= is_in(c, "aeiouy") || byte_class(c) & kHigh || is_digit(c);
      return vowel;
    }
  }
  return true;
}

}  // namespace

void find_sentences(const Text& text, std::vector<Span>& found) { RuleReader(text, found).read(); }

}  // namespace textmill
