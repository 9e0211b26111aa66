#include "core/punkt.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "core/stages.hpp"
#include "core/tweet_tables.hpp"
#include "core/unicode.hpp"
#include "core/utf8.hpp"

namespace textmill {
namespace {

// NLTK's patterns run on the regex package: its \s, \d and \w are those of tweet_tables.hpp.
std::uint16_t kinds_at(const char* p, const char* end) {
  const auto byte = static_cast<unsigned char>(*p);
  return byte < 0x80 ? tweet::kKindBlocks[byte] : tweet::kinds_of(decode(p, end).code);
}

std::size_t size_at(const char* p, const char* end) { return static_cast<unsigned char>(*p) < 0x80 ? 1 : decode(p, end).size; }

// White space of the regex package: its size in bytes, or 0.
std::size_t blank_at(const char* p, const char* end) {
  const auto byte = static_cast<unsigned char>(*p);
  if (byte < 0x80) return byte == ' ' || (byte >= '\t' && byte <= '\r');
  const Decoded now = decode(p, end);
  return tweet::kinds_of(now.code) & tweet::kBlank ? now.size : 0;
}

bool is_ascii_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

enum Class : std::uint8_t {
  kStop = 1,     // . ? !
  kEndsWord = 2,  // cannot stand within a word, and makes a stop of what is before it
  kNoStart = 4,  // cannot begin a word
  kCloser = 8,   // what realign moves
};

struct Classes {
  std::uint8_t of[256] = {};
  constexpr Classes() {
    for (const char c : {'.', '?', '!'}) of[static_cast<unsigned char>(c)] |= kStop;
    for (const char c : {')', '"', ';', '}', ']', '*', ':', '@', '\'', '(', '{', '[', '?', '!'}) of[static_cast<unsigned char>(c)] |= kEndsWord;
    for (const char c : {'(', '"', '`', '{', '[', ':', ';', '&', '#', '*', '@', ')', '}', ']', '-', ','}) of[static_cast<unsigned char>(c)] |= kNoStart;
    for (const char c : {'"', '\'', ')', ']', '}'}) of[static_cast<unsigned char>(c)] |= kCloser;
  }
};
constexpr Classes kClasses;

std::uint8_t class_of(char c) { return kClasses.of[static_cast<unsigned char>(c)]; }

// Curly quotes and guillemets: their size in bytes, or 0.
std::size_t quote_at(const char* p, const char* end) {
  const auto byte = static_cast<unsigned char>(*p);
  if (byte == 0xC2 && end - p >= 2 && (p[1] == '\xAB' || p[1] == '\xBB')) return 2;
  if (byte == 0xE2 && end - p >= 3 && p[1] == '\x80' && (p[2] == '\x98' || p[2] == '\x99' || p[2] == '\x9C' || p[2] == '\x9D')) return 3;
  return 0;
}

bool ends_word(const char* p, const char* end) { return class_of(*p) & kEndsWord || quote_at(p, end); }

}  // namespace

void Punkt::add(std::string_view type, std::uint16_t facts) {
  if (type.empty()) {
    empty_ |= facts;
    return;
  }
  std::string room;
  const auto id = static_cast<std::size_t>(types_.intern(type, room));
  if (id == facts_.size()) facts_.push_back(0);
  facts_[id] |= facts;
}

void Punkt::add_collocation(std::string_view first, std::string_view second) {
  add(first, kCollocates);
  std::string pair(first);
  pair += '\t';
  pair += second;
  std::string room;
  pairs_.intern(pair, room);
}

// Reads one text.
class PunktReader {
 public:
  PunktReader(const Punkt& punkt, const Text& text) : punkt_(punkt), text_(text), begin_(text.data()), end_(begin_ + text.size()) {}

  void slices(std::vector<Span>& found);
  void realign(std::vector<Span>& found, std::size_t first) const;

 private:
  struct Token {
    const char* begin = nullptr;
    const char* end = nullptr;
    bool ends_with_dot() const { return end[-1] == '.'; }
    std::size_t size() const { return static_cast<std::size_t>(end - begin); }
  };

  bool next_token(Token& token);
  bool read_token(const char* p, const char* end, Token& token) const;
  const char* multi_mark(const char* p, const char* end) const;
  bool stops_token(const char* p, const char* end) const;
  bool contains_break(const char* from, const char* to);
  bool is_break(const Token& token, const Token& next);
  enum Starts { no, yes, unknown };
  Starts starts_sentence(const Token& token, std::uint16_t facts) const;

  std::string_view lower(const char* from, const char* to, Text& out) const;
  std::string_view type_of(const Token& token, Text& out) const;
  bool is_number(const Token& token) const;
  bool is_initial(const Token& token) const;
  bool is_dots(const Token& token) const;

  const Punkt& punkt_;
  const Text& text_;
  const char* begin_;
  const char* end_;
  const char* at_ = nullptr;        // in the context that is read
  const char* line_end_ = nullptr;  // of its line
  const char* context_end_ = nullptr;
  Text first_, second_;
  std::string pair_;
};

void PunktReader::slices(std::vector<Span>& found) {
  const char* last_break = begin_;
  struct Match {
    const char* word = nullptr;  // where the word before the stop begins
    const char* stop = nullptr;
    const char* next = nullptr;  // the next token where white space is before it, else null
    const char* after = nullptr;  // the end of the mark or of the next token
  };
  Match before;
  const auto decide = [&](const Match& match) {
    const char* after = match.after;
    if (match.next)
      for (after = match.next; after < end_ && !blank_at(after, end_);) after += size_at(after, end_);
    if (!contains_break(match.word, after)) return;
    found.push_back({static_cast<std::size_t>(last_break - begin_), static_cast<std::size_t>(match.stop + 1 - begin_)});
    last_break = match.next ? match.next : match.stop + 1;
  };
  CancelWatch watch;
  for (const char* p = begin_; p + 1 < end_; ++p) {
    watch.at(static_cast<std::size_t>(p - begin_));
    if (!(class_of(*p) & kStop)) continue;
    Match match;
    match.stop = p;
    if (ends_word(p + 1, end_)) {
      match.after = p + 1 + size_at(p + 1, end_);
    } else {
      const char* q = p + 1;
      while (q < end_) {
        const std::size_t size = blank_at(q, end_);
        if (!size) break;
        q += size;
      }
      if (q == p + 1 || q == end_) continue;
      match.next = q;
    }
    // back to the last blank, but not to the first byte behind the match before
    const char* since = before.stop ? before.stop : begin_;
    const char* blank = p;
    while (blank > since && !is_ascii_blank(blank[-1])) --blank;
    match.word = blank > since + 1 ? blank : before.stop ? before.word : begin_;
    if (before.stop && before.stop <= match.word) decide(before);
    before = match;
  }
  if (before.stop) decide(before);
  const char* stripped = end_;
  while (stripped > begin_) {
    const std::size_t at = step_back(begin_, static_cast<std::size_t>(stripped - begin_));
    if (!(flags_of(decode(begin_ + at, end_).code) & kSpace)) break;
    stripped = begin_ + at;
  }
  found.push_back({static_cast<std::size_t>(last_break - begin_), static_cast<std::size_t>(stripped - begin_)});
}

void PunktReader::realign(std::vector<Span>& found, std::size_t first) const {
  std::size_t moved = 0, kept = first;
  for (std::size_t i = first; i < found.size(); ++i) {
    Span now = found[i];
    now.begin += moved;
    moved = 0;
    if (i + 1 < found.size()) {
      const Span next = found[i + 1];
      const char* p = begin_ + next.begin;
      const char* end = begin_ + std::max(next.begin, next.end);
      const char* q = p;
      while (q < end) {
        const std::size_t size = class_of(*q) & kCloser ? 1 : quote_at(q, end);
        if (!size) break;
        q += size;
      }
      if (q > p && (q == end || blank_at(q, end) || (end - q >= 2 && q[0] == '-' && q[1] == '-'))) {
        now.end = static_cast<std::size_t>(q - begin_);
        while (q < end) {
          const std::size_t size = blank_at(q, end);
          if (!size) break;
          q += size;
        }
        moved = static_cast<std::size_t>(q - p);
        found[kept++] = now;
        continue;
      }
    }
    if (now.begin < now.end) found[kept++] = now;
  }
  found.resize(kept);
}

bool PunktReader::contains_break(const char* from, const char* to) {
  at_ = line_end_ = from;
  context_end_ = to;
  Token token, next;
  if (!next_token(token)) return false;
  while (next_token(next)) {
    if (is_break(token, next)) return true;
    token = next;
  }
  return false;
}

// The next token of the context. Tokens do not reach over a line feed; a line of nothing but white space has none.
bool PunktReader::next_token(Token& token) {
  for (;;) {
    while (at_ == line_end_) {
      if (line_end_ == context_end_) return false;
      if (at_ < context_end_ && *at_ == '\n') ++at_;
      const void* feed = at_ < context_end_ ? std::memchr(at_, '\n', static_cast<std::size_t>(context_end_ - at_)) : nullptr;
      line_end_ = feed ? static_cast<const char*>(feed) : context_end_;
      const char* p = at_;
      while (p < line_end_) {
        const Decoded now = decode(p, line_end_);
        if (!(flags_of(now.code) & kSpace)) break;
        p += now.size;
      }
      if (p == line_end_) at_ = line_end_;
    }
    const std::size_t size = blank_at(at_, line_end_);
    if (!size) break;
    at_ += size;
  }
  return read_token(at_, line_end_, token) ? (at_ = token.end, true) : false;
}

// The end of two or more - or . that touch, or of three or more . with one blank between each two.
const char* PunktReader::multi_mark(const char* p, const char* end) const {
  const char* q = p;
  while (q < end && *q == *p) ++q;
  if (q - p >= 2) return q;
  if (*p != '.') return nullptr;
  int dots = 1;
  for (;;) {
    const std::size_t size = q < end ? blank_at(q, end) : 0;
    if (!size || q + size >= end || q[size] != '.') break;
    q += size + 1;
    ++dots;
  }
  return dots >= 3 ? q : nullptr;
}

bool PunktReader::stops_token(const char* p, const char* end) const {
  if (p == end) return true;
  const char c = *p;
  if (static_cast<unsigned char>(c) < 0x80) {
    if (class_of(c) & kEndsWord || is_ascii_blank(c)) return true;
    return (c == '-' || c == '.') && multi_mark(p, end);
  }
  return quote_at(p, end) || blank_at(p, end);
}

// The token at `p`, which is no white space.
bool PunktReader::read_token(const char* p, const char* end, Token& token) const {
  token.begin = p;
  if (*p == '-' || *p == '.') {
    if (const char* q = multi_mark(p, end)) {
      token.end = q;
      return true;
    }
  }
  const char* q = p + size_at(p, end);
  if (!(class_of(*p) & kNoStart))
    while (!stops_token(q, end) && !(*q == ',' && stops_token(q + 1, end))) q += size_at(q, end);
  token.end = q;
  return true;
}

std::string_view PunktReader::lower(const char* from, const char* to, Text& out) const {
  out.clear();
  append_lower(text_, static_cast<std::size_t>(from - begin_), static_cast<std::size_t>(to - begin_), out);
  out.finish();
  return out.view();
}

std::string_view PunktReader::type_of(const Token& token, Text& out) const {
  if (!is_number(token)) return lower(token.begin, token.end, out);
  out.set("##number##");
  return out.view();
}

bool PunktReader::is_number(const Token& token) const {
  const auto digit = [&](const char* p) { return p < token.end && kinds_at(p, token.end) & tweet::kDigit; };
  const char* p = token.begin;
  if (*p == '-') ++p;
  if (p < token.end && (*p == '.' || *p == ',')) ++p;
  if (!digit(p)) return false;
  while (p < token.end && (*p == ',' || *p == '.' || *p == '-' || digit(p))) p += size_at(p, token.end);
  return p == token.end;
}

bool PunktReader::is_initial(const Token& token) const {
  const std::uint16_t kinds = kinds_at(token.begin, token.end);
  return token.begin + size_at(token.begin, token.end) + 1 == token.end && token.ends_with_dot() && kinds & tweet::kWord && !(kinds & tweet::kDigit);
}

bool PunktReader::is_dots(const Token& token) const {
  const char* p = token.begin;
  while (p < token.end && *p == '.') ++p;
  return p == token.end && token.size() >= 2;
}

PunktReader::Starts PunktReader::starts_sentence(const Token& token, std::uint16_t facts) const {
  if (token.size() == 1 && std::strchr(";:,.!?", *token.begin) && *token.begin) return no;
  const std::uint8_t flags = flags_of(decode(token.begin, token.end).code);
  if (flags & kIsUpper && facts & Punkt::kLower && !(facts & Punkt::kMiddleUpper)) return yes;
  if (flags & kIsLower && (facts & Punkt::kUpper || !(facts & Punkt::kBeginLower))) return no;
  return unknown;
}

// Whether a sentence ends with `token`, which `next` follows.
bool PunktReader::is_break(const Token& token, const Token& next) {
  if (token.size() == 1 && (*token.begin == '?' || *token.begin == '!')) return true;
  if (!token.ends_with_dot()) return false;

  // by the word alone; it says the same of the word behind, of which only the type matters
  enum { nothing, sentence, abbreviation, dots };
  const auto by_word = [&](const Token& word, Text& scratch) {
    if (word.size() == 1) return sentence;
    if (is_dots(word)) return dots;
    if (word.end[-2] == '.') return nothing;
    const std::string_view stem = lower(word.begin, word.end - 1, scratch);
    const std::size_t dash = stem.rfind('-');
    const bool known = punkt_.facts_of(stem) & Punkt::kAbbreviation ||
                       (dash != stem.npos && punkt_.facts_of(stem.substr(dash + 1)) & Punkt::kAbbreviation);
    return known ? abbreviation : sentence;
  };
  const auto kind = by_word(token, first_);
  bool breaks = kind == sentence;
  const bool next_breaks = (next.size() == 1 && (*next.begin == '?' || *next.begin == '!')) ||
                           (next.ends_with_dot() && by_word(next, second_) == sentence);
  const auto without_dot = [](std::string_view type) {
    return type.size() > 1 && type.back() == '.' ? type.substr(0, type.size() - 1) : type;
  };
  const std::string_view type = without_dot(type_of(token, first_));
  std::string_view next_type = type_of(next, second_);
  if (next_breaks) next_type = without_dot(next_type);

  if (punkt_.facts_of(type) & Punkt::kCollocates) {
    pair_.assign(type);
    pair_ += '\t';
    pair_ += next_type;
    const std::size_t size = pair_.size();
    pair_.append(kTokenPadding, '\0');
    if (punkt_.pairs_.find(hash_token(pair_.data(), size), pair_.data(), size) >= 0) return false;
  }
  const std::uint16_t facts = punkt_.facts_of(next_type);
  const bool initial = is_initial(token);
  const bool upper = flags_of(decode(next.begin, next.end).code) & kIsUpper;
  if ((kind == abbreviation || kind == dots) && !initial) {
    if (starts_sentence(next, facts) == yes) return true;
    if (upper && facts & Punkt::kStarter) return true;
  }
  if (initial || is_number(token)) {
    const Starts starts = starts_sentence(next, facts);
    if (starts == no) return false;
    if (starts == unknown && initial && upper && !(facts & Punkt::kLower)) return false;
  }
  return breaks;
}

void Punkt::sentences(const Text& text, bool realign, std::vector<Span>& found) const {
  const std::size_t first = found.size();
  PunktReader reader(*this, text);
  reader.slices(found);
  if (realign) reader.realign(found, first);
  else found.back().end = std::max(found.back().begin, found.back().end);
}

}  // namespace textmill
