// NLTK's TweetTokenizer in its parts: what rewrites a text first, and what finds the token that starts at a place.
#pragma once

#include <vector>

#include "core/cancel.hpp"
#include "core/text.hpp"
#include "core/tweet_tables.hpp"
#include "core/utf8.hpp"

namespace textmill::tweet {

enum Option : std::uint32_t {
  kLowerCase = 1,        // preserve_case=False: all but emoticons in small letters
  kReduceLengthening = 2,
  kStripHandles = 4,
  kNoPhoneNumbers = 8,
  kKeepSurrogates = 16,  // &#xD800; becomes the three bytes that UTF-8 would have for it, not U+FFFD
};

struct Seen {
  std::uint32_t code, size;
  std::uint16_t kinds;
};

// The code point at `p`; a surrogate that a character reference left behind is one code point too.
inline Seen look(const char* p, const char* end) {
  const auto byte = static_cast<unsigned char>(*p);
  if (byte < 0x80) return {byte, 1, kKindBlocks[byte]};
  Decoded now = decode(p, end);
  if (now.code == 0xFFFD && byte == 0xED && end - p >= 3 && is_continuation(p[1]) && is_continuation(p[2]))
    now = {static_cast<std::uint32_t>(0xD000 | ((p[1] & 0x3F) << 6) | (p[2] & 0x3F)), 3};
  return {now.code, now.size, kinds_of(now.code)};
}

inline const char* run(const char* p, const char* end, std::uint16_t kinds) {
  const char* begin = p;
  CancelWatch watch;
  while (p < end) {
    watch.at(static_cast<std::size_t>(p - begin));
    const Seen now = look(p, end);
    if (!(now.kinds & kinds)) break;
    p += now.size;
  }
  return p;
}

inline std::size_t count_codes(const char* p, const char* end) {
  std::size_t n = 0;
  while (p < end) {
    p += look(p, end).size;
    ++n;
  }
  return n;
}

// Each writes `out` and says so, or leaves it alone where there is nothing to rewrite.
bool replace_references(const Text& in, Text& out, bool keep_surrogates);
bool strip_handles(const Text& in, Text& out);
// Runs of more than three of one character become three: of any (`all`), or of what is neither letter nor number.
bool shorten_runs(const Text& in, Text& out, bool all);

// The end of an emoticon that starts at `p`, or null.
const char* emoticon(const char* p, const char* end);

// Links, by John Gruber's pattern. What a stretch of text has told is kept, so that time stays linear.
class LinkMatcher {
 public:
  LinkMatcher(const char* begin, const char* end) : begin_(begin), end_(end) {}

  // The end of the link that starts at `p`, or null. Calls come with rising `p`.
  const char* match(const char* p);

 private:
  struct Paren {      // a '(': where the rest of a link ends that has it as its first part, and as a later one
    const char* at;
    const char* first;
    const char* later;
  };
  struct Label {      // of a naked domain, where a link ends if it is the last one before the top level
    const char* end;
    const char* match;
    std::size_t last;  // the number of the nearest label, this or one before, that has a match, plus 1; 0 for none
  };

  const char* body(const char* p);
  const Paren& paren(const char* p);
  void read_parens(const char* from);
  const char* slashed_domain(const char* p);
  const char* naked_domain(const char* p);
  const char* top_level(const char* dot) const;
  void read_labels(const char* p);

  const char* begin_;
  const char* end_;

  const char* parens_begin_ = nullptr;
  const char* parens_end_ = nullptr;
  std::vector<Paren> parens_;  // from right to left

  const char* host_end_ = nullptr;  // of the last run of host characters
  const char* host_dot_ = nullptr;  // in front of its top level, where a slash follows; else null
  const char* host_match_ = nullptr;
  bool host_known_ = false;  // whether host_match_ is

  const char* labels_end_ = nullptr;
  std::vector<Label> labels_;
};

// Finds the token that starts at a place: NLTK's alternatives in its order.
class Matcher {
 public:
  Matcher(const char* begin, const char* end, bool phones) : end_(end), phones_(phones), links_(begin, end) {}

  // The end of the token at `p`, which is no white space. Calls come with rising `p`.
  const char* match(const char* p);

 private:
  const char* plain_word(const char* p) const;
  const char* phone(const char* p) const;
  const char* phone_rest(const char* p) const;
  const char* tag(const char* p);
  const char* arrow(const char* p) const;
  const char* hashtag(const char* p) const;
  const char* address(const char* p);
  const char* joined(const char* p) const;
  const char* flag(const char* p) const;
  const char* dashed_word(const char* p) const;
  const char* number(const char* p) const;
  const char* dots(const char* p) const;

  const char* end_;
  bool phones_;
  LinkMatcher links_;
  const char* tag_end_ = nullptr;    // where the last run of characters of a tag ended
  const char* local_end_ = nullptr;  // and that of characters in front of an @
};

}  // namespace textmill::tweet
