// The token at a place: NLTK's alternatives in its order, each as a walk of its own. The comments quote the patterns.
#include <cstring>

#include "core/tweet.hpp"

namespace textmill::tweet {
namespace {

enum Shape : std::uint8_t {
  kLetter = 1,     // an ASCII letter
  kEndsWord = 2,   // an ASCII character behind which a run of letters is a token, whatever follows
  kSingle = 4,     // starts no alternative but that of a single character, and may be joined to an emoji only
  kMouth = 8,      // of an emoticon
  kEyes = 16,
  kNose = 32,
};

struct Shapes {
  std::uint8_t of[256] = {};
  constexpr Shapes() {
    const auto put = [this](const char* chars, std::uint8_t shape) {
      for (; *chars; ++chars) of[static_cast<unsigned char>(*chars)] |= shape;
    };
    for (int c = 0; c < 128; ++c) of[c] = kEndsWord | (c > 0x20 && c < 0x7F ? kSingle : 0);
    for (int c = 'a'; c <= 'z'; ++c) of[c] = of[c - 32] = kLetter;
    for (int c = '0'; c <= '9'; ++c) of[c] = 0;
    for (const char* c = ".-+@'_"; *c; ++c) of[static_cast<unsigned char>(*c)] &= static_cast<std::uint8_t>(~kEndsWord);
    for (const char* c = "#@+-._()[]/:;={}\\|<>"; *c; ++c) of[static_cast<unsigned char>(*c)] &= static_cast<std::uint8_t>(~kSingle);
    put(")][(dDpP/:}{@|\\", kMouth);
    put(":;=8", kEyes);
    put("-oO*'", kNose);
  }
};
constexpr Shapes kShapes;

std::uint8_t shape(char c) { return kShapes.of[static_cast<unsigned char>(c)]; }

bool is_skin_tone(std::uint32_t code) { return code >= 0x1F3FB && code <= 0x1F3FF; }

}  // namespace

// [<>]? [:;=8] [\-o*']? mouth | mouth [\-o*']? [:;=8] [<>]? | </?3
const char* emoticon(const char* p, const char* end) {
  const auto is = [end](const char* q, std::uint8_t wanted) { return q < end && (shape(*q) & wanted); };
  const bool angle = *p == '<' || *p == '>';
  const char* q = p + angle;
  if (is(q, kEyes)) {
    ++q;
    q += is(q, kNose);
    if (is(q, kMouth)) return q + 1;
  }
  if (is(p, kMouth)) {
    q = p + 1;
    q += is(q, kNose);
    if (is(q, kEyes)) {
      ++q;
      return q + (q < end && (*q == '<' || *q == '>'));
    }
  }
  if (*p == '<') {
    q = p + 1;
    q += q < end && *q == '/';
    if (q < end && *q == '3') return q + 1;
  }
  return nullptr;
}

const char* Matcher::match(const char* p) {
  const char c = *p;
  const std::uint8_t now = shape(c);
  if (now & kLetter) {
    if (const char* found = plain_word(p)) return found;
  } else if ((now & kSingle) && static_cast<unsigned char>(p[1]) < 0x80) {
    return p + 1;
  }
  const Seen first = look(p, end_);
  if (first.kinds & kHost)
    if (const char* found = links_.match(p)) return found;
  if (phones_ && ((first.kinds & kDigit) || c == '+' || c == '('))
    if (const char* found = phone(p)) return found;
  if ((now & (kMouth | kEyes)) || c == '<' || c == '>')
    if (const char* found = emoticon(p, end_)) return found;
  if (c == '<')
    if (const char* found = tag(p)) return found;
  if (c == '-' || c == '<')
    if (const char* found = arrow(p)) return found;
  if (c == '@') {  // @[\w_]+
    const char* found = run(p + 1, end_, kWord);
    if (found > p + 1) return found;
  }
  if (c == '#')
    if (const char* found = hashtag(p)) return found;
  if (first.kinds & kLocal)
    if (const char* found = address(p)) return found;
  if (static_cast<unsigned char>(p[first.size]) >= 0x80) {
    if (const char* found = joined(p + first.size)) return found;
    if (const char* found = flag(p)) return found;
  }
  if (first.kinds & kAlpha)
    if (const char* found = dashed_word(p)) return found;
  if ((first.kinds & kDigit) || c == '+' || c == '-')
    if (const char* found = number(p)) return found;
  if (first.kinds & kWord) return run(p, end_, kWord);
  if (c == '.')
    if (const char* found = dots(p)) return found;
  return p + first.size;
}

// A run of letters with nothing behind it that any alternative could go on with: most words.
const char* Matcher::plain_word(const char* p) const {
  const char* q = p + 1;
  while (shape(*q) & kLetter) ++q;  // stops at the padding at the latest
  bool ends = shape(*q) & kEndsWord;
  if (*q == ':') ends = (*p | 32) != 'h';  // http:
  if (*q == '.') {  // the end of a sentence, unless a domain or an address goes on
    const auto next = static_cast<unsigned char>(q[1]);
    ends = next < 0x80 && next != '/' && next != '@' && !(kKindBlocks[next] & kLocal);
  }
  if (!ends) return nullptr;
  if (shape(*p) & kMouth)
    if (const char* found = emoticon(p, end_)) return found;
  return q;
}

// (?: \+?[01] gap* )? (?: \(? \d{3} gap* )? \d{3} gap* \d{4}, the two first parts tried in this order
const char* Matcher::phone(const char* p) const {
  const char* q = p + (*p == '+');
  if (q < end_ && (*q == '0' || *q == '1'))
    if (const char* found = phone_rest(run(q + 1, end_, kPhoneGap))) return found;
  return phone_rest(p);
}

const char* Matcher::phone_rest(const char* p) const {
  const auto digits = [this](const char* q, int n) -> const char* {
    for (; n; --n) {
      if (q >= end_) return nullptr;
      const Seen now = look(q, end_);
      if (!(now.kinds & kDigit)) return nullptr;
      q += now.size;
    }
    return q;
  };
  const auto local = [&](const char* q) -> const char* {
    q = digits(q, 3);
    return q ? digits(run(q, end_, kPhoneGap), 4) : nullptr;
  };
  if (const char* q = digits(p + (p < end_ && *p == '('), 3))
    if (const char* found = local(run(q, end_, kPhoneGap))) return found;
  return local(p);
}

// <[^>\s]+>
const char* Matcher::tag(const char* p) {
  if (!(tag_end_ && p + 1 <= tag_end_)) tag_end_ = run(p + 1, end_, kTag);
  return tag_end_ > p + 1 && tag_end_ < end_ && *tag_end_ == '>' ? tag_end_ + 1 : nullptr;
}

// \-+> | <\-+
const char* Matcher::arrow(const char* p) const {
  const char* q = p + 1;
  while (q < end_ && *q == '-') ++q;
  if (*p == '-') return q < end_ && *q == '>' ? q + 1 : nullptr;
  return q > p + 1 ? q : nullptr;
}

// \#+ \w+ [\w'_\-]* \w+: up to the last \w of the run, if that is not the first as well
const char* Matcher::hashtag(const char* p) const {
  while (p < end_ && *p == '#') ++p;
  if (p == end_ || !(look(p, end_).kinds & kWord)) return nullptr;
  const char* found = nullptr;
  for (const char* q = p; q < end_;) {
    const Seen now = look(q, end_);
    if (!(now.kinds & kHashtag)) break;
    q += now.size;
    if ((now.kinds & kWord) && q > p + now.size) found = q;
  }
  return found;
}

// [\w.+-]{1,64} @ [\w-]{1,63} \. (?: [\w-]\.? ){1,251} [\w-]
const char* Matcher::address(const char* p) {
  if (!(local_end_ && p < local_end_)) local_end_ = run(p, end_, kLocal);
  if (local_end_ == end_ || *local_end_ != '@') return nullptr;
  if (local_end_ - p > 64 && (local_end_ - p > 4 * 64 || count_codes(p, local_end_) > 64)) return nullptr;
  const char* q = local_end_ + 1;
  int codes = 0;
  while (q < end_ && codes < 64) {
    const Seen now = look(q, end_);
    if (!(now.kinds & kDashed)) break;
    q += now.size;
    ++codes;
  }
  if (codes == 0 || codes > 63 || q == end_ || *q != '.') return nullptr;
  const char* found = nullptr;
  ++q;
  for (codes = 0; codes < 252 && q < end_; ++codes) {
    const Seen now = look(q, end_);
    if (!(now.kinds & kDashed)) break;
    q += now.size;
    found = q;
    if (q < end_ && *q == '.') ++q;
  }
  return codes >= 2 ? found : nullptr;
}

// Behind a first character: tone? (?: \u200d \S tone? )+ | tone
const char* Matcher::joined(const char* p) const {
  if (p >= end_) return nullptr;
  const Seen tone = look(p, end_);
  const bool toned = is_skin_tone(tone.code);
  if (!toned && tone.code != 0x200D) return nullptr;
  const char* found = toned ? p + tone.size : nullptr;
  for (const char* q = found ? found : p; q < end_ && look(q, end_).code == 0x200D; found = q) {
    q += 3;
    if (q == end_) break;
    const Seen next = look(q, end_);
    if (next.kinds & kBlank) break;
    q += next.size;
    if (q < end_) {
      const Seen behind = look(q, end_);
      if (is_skin_tone(behind.code)) q += behind.size;
    }
  }
  return found;
}

// Two regional indicators, or the flag of England, Scotland or Wales.
const char* Matcher::flag(const char* p) const {
  const auto regional = [this](const char* q) {
    if (q >= end_) return false;
    const std::uint32_t code = look(q, end_).code;
    return code >= 0x1F1E6 && code <= 0x1F1FF;
  };
  if (regional(p)) return regional(p + 4) ? p + 8 : nullptr;
  for (const char* name : {"gbeng", "gbsct", "gbwls"}) {
    const char* q = p;
    const auto is = [&](std::uint32_t code) {
      if (q >= end_) return false;
      const Seen now = look(q, end_);
      q += now.size;
      return now.code == code;
    };
    if (!is(0x1F3F4)) return nullptr;
    bool all = true;
    for (const char* letter = name; *letter && all; ++letter) all = is(0xE0000 + static_cast<std::uint32_t>(*letter));
    if (all && is(0xE007F)) return q;
  }
  return nullptr;
}

// [^\W\d_] (?: [^\W\d_] | ['\-_] )+ [^\W\d_]: up to the last letter of the run, if that is the third character or later
const char* Matcher::dashed_word(const char* p) const {
  const char* found = nullptr;
  int codes = 0;
  while (p < end_) {
    const Seen now = look(p, end_);
    if (!(now.kinds & kInWord)) break;
    p += now.size;
    codes += codes < 3;
    if ((now.kinds & kAlpha) && codes == 3) found = p;
  }
  return found;
}

// [+\-]? \d+ [,/.:-] \d+ [+\-]?
const char* Matcher::number(const char* p) const {
  p += *p == '+' || *p == '-';
  const char* q = run(p, end_, kDigit);
  if (q == p || q == end_ || !std::strchr(",/.:-", *q) || !*q) return nullptr;
  const char* r = run(q + 1, end_, kDigit);
  if (r == q + 1) return nullptr;
  return r + (r < end_ && (*r == '+' || *r == '-'));
}

// \. (?: [^\S\r\n]* \. )+
const char* Matcher::dots(const char* p) const {
  const char* found = nullptr;
  for (const char* q = p + 1; q < end_;) {
    const Seen now = look(q, end_);
    if (*q == '.') found = q + 1;
    else if (!(now.kinds & kBlank) || *q == '\r' || *q == '\n') break;
    q += now.size;
  }
  return found;
}

}  // namespace textmill::tweet
