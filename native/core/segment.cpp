#include "core/segment.hpp"

#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "core/parallel.hpp"
#include "core/splitters.hpp"

namespace textmill {
namespace {

using Place = const char*;

inline unsigned byte_at(Place p) { return static_cast<unsigned char>(*p); }

inline std::uint8_t look_up(const std::uint8_t* index, const std::uint8_t* blocks, std::uint32_t code) {
  return blocks[(static_cast<std::size_t>(index[code >> 8]) << 8) | (code & 255)];
}

template <class... Classes>
constexpr std::uint32_t set_of(Classes... classes) {
  return ((1u << classes) | ... | 0u);
}
constexpr bool in(std::uint32_t set, unsigned value) { return set >> value & 1; }

// ---- grapheme clusters -------------------------------------------------------------------------------------------

Place grapheme_end(Place p, Place end) {
  using namespace grapheme_break;
  if (byte_at(p) < 0x80 && (p + 1 == end || byte_at(p + 1) < 0x80))  // GB3-5, GB999
    return p + 1 + (*p == '\r' && p + 1 < end && p[1] == '\n');
  constexpr std::uint32_t kControls = set_of(CR, LF, Control);
  unsigned before = Other;
  bool odd = false;                           // an odd number of regional indicators lies before
  enum { no, pictograph, joiner } emoji = no;  // GB11: a pictograph and its Extend; and a ZWJ behind them
  CancelWatch watch;
  for (Place q = p; q < end;) {
    watch.at(static_cast<std::size_t>(q - p));
    const Decoded now = decode(q, end);
    const unsigned kind = look_up(kGraphemeIndex, kGraphemeBlocks, now.code);
    if (q > p) {
      if (in(kControls, before)) return before == CR && kind == LF ? q + now.size : q;  // GB3, GB4
      if (in(kControls, kind)) return q;                                               // GB5
      const bool joins = in(set_of(Extend, ZWJ, SpacingMark), kind) || before == Prepend ||           // GB9, 9a, 9b
                         (before == L && in(set_of(L, V, LV, LVT), kind)) ||                          // GB6
                         (in(set_of(LV, V), before) && in(set_of(V, T), kind)) ||                     // GB7
                         (in(set_of(LVT, T), before) && kind == T) ||                                 // GB8
                         (emoji == joiner && kind == ExtendedPictographic) ||                         // GB11
                         (odd && before == RegionalIndicator && kind == RegionalIndicator);           // GB12, GB13
      if (!joins) return q;
    }
    emoji = kind == ExtendedPictographic ? pictograph
            : emoji == pictograph        ? (kind == Extend ? pictograph : kind == ZWJ ? joiner : no)
                                         : no;
    odd = kind == RegionalIndicator && !(odd && before == RegionalIndicator);
    before = kind;
    q += now.size;
  }
  return end;
}

// ---- words -------------------------------------------------------------------------------------------------------

constexpr std::uint32_t kLetters = set_of(word_break::ALetter, word_break::HebrewLetter);
constexpr std::uint32_t kWordClasses =
    kLetters | set_of(word_break::Numeric, word_break::Katakana, word_break::ExtendNumLet);
constexpr unsigned kWordClassBits = kPictographic - 1;

// What of ASCII needs no look at the classes one by one.
enum AsciiWord : std::uint8_t {
  kLetter = 1,
  kDigit = 2,
  kRun = 4,         // letters, digits and '_', which all join each other
  kMidLetter = 8,   // joins letters on both sides
  kMidDigit = 16,   // joins digits on both sides
  kBlank = 32,
  kReturn = 64,     // may be followed by a line feed
  kNotAscii = 128,
};

std::array<std::uint8_t, 256> ascii_words() {
  using namespace word_break;
  std::array<std::uint8_t, 256> found{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    const unsigned kind = byte < 128 ? look_up(kWordIndex, kWordBlocks, byte) & kWordClassBits : 0;
    found[byte] = static_cast<std::uint8_t>(
        (kind == ALetter ? kLetter | kRun : 0) | (kind == Numeric ? kDigit | kRun : 0) | (kind == ExtendNumLet ? kRun : 0) |
        (in(set_of(MidLetter, MidNumLet, SingleQuote), kind) ? kMidLetter : 0) |
        (in(set_of(MidNum, MidNumLet, SingleQuote), kind) ? kMidDigit : 0) | (kind == WSegSpace ? kBlank : 0) |
        (kind == CR ? kReturn : 0) | (byte < 128 ? 0 : kNotAscii));
  }
  return found;
}
const std::array<std::uint8_t, 256> kAsciiWords = ascii_words();

// Classes that join what stands before them, whatever follows.
constexpr std::uint32_t joined_by(unsigned before) {
  using namespace word_break;
  const std::uint32_t letters_and_digits = kLetters | set_of(Numeric, ExtendNumLet);  // WB5, WB8-10, WB13a
  switch (before) {
    case ALetter: return letters_and_digits;
    case HebrewLetter: return letters_and_digits | set_of(SingleQuote);  // WB7a
    case Numeric: return letters_and_digits;
    case Katakana: return set_of(Katakana, ExtendNumLet);     // WB13, WB13a
    case ExtendNumLet: return kWordClasses;                   // WB13a, WB13b
    default: return 0;
  }
}

// Classes that, behind the next code point, join it with what stands before it and themselves with it.
constexpr std::uint32_t joined_across(unsigned before, unsigned middle) {
  using namespace word_break;
  if (in(kLetters, before) && in(set_of(MidLetter, MidNumLet, SingleQuote), middle)) return kLetters;      // WB6, WB7
  if (before == HebrewLetter && middle == DoubleQuote) return set_of(HebrewLetter);                        // WB7b, WB7c
  if (before == Numeric && in(set_of(MidNum, MidNumLet, SingleQuote), middle)) return set_of(Numeric);     // WB11, WB12
  return 0;
}

inline bool is_word_character(unsigned kind, std::uint32_t code) {
  const unsigned flags = flags_of(code);
  return (flags & kWord) || (in(kWordClasses, kind) && !(flags & kSpace));
}

Place any_word_end(Place p, Place end, bool& word) {
  using namespace word_break;
  constexpr std::uint32_t kNewlines = set_of(CR, LF, Newline);
  constexpr std::uint32_t kSkipped = set_of(Extend, Format, ZWJ);  // WB4
  Decoded now = decode(p, end);
  unsigned kind = look_up(kWordIndex, kWordBlocks, now.code) & kWordClassBits;
  Place q = p + now.size;
  word = is_word_character(kind, now.code);
  if (in(kNewlines, kind)) return q + (kind == CR && q < end && *q == '\n');  // WB3, WB3a
  unsigned before = kind;    // without what WB4 skips
  unsigned last = kind;      // with it
  std::uint32_t across = 0;  // what joins across `before`
  Place open = nullptr;      // where a segment ends unless one of those follows
  bool odd = kind == RegionalIndicator;
  CancelWatch watch;
  for (; q < end; q += now.size) {
    watch.at(static_cast<std::size_t>(q - p));
    now = decode(q, end);
    const unsigned value = look_up(kWordIndex, kWordBlocks, now.code);
    kind = value & kWordClassBits;
    if (!in(kSkipped, kind)) {
      if (in(across, kind)) {
        open = nullptr;
        across = 0;
      } else if (open) {
        return open;
      } else if (in(joined_by(before), kind) || (last == ZWJ && (value & kPictographic)) ||  // WB3c
                 (last == WSegSpace && kind == WSegSpace)) {                                // WB3d
        across = joined_across(before, kind);
      } else if (odd && before == RegionalIndicator && kind == RegionalIndicator) {  // WB15, WB16
        odd = false;
      } else if ((across = joined_across(before, kind))) {
        open = q;
      } else {
        return q;
      }
      before = kind;
    }
    last = kind;
    word = word || is_word_character(kind, now.code);
  }
  return open ? open : end;
}

// The same, sooner where all that matters is ASCII.
inline Place word_end(Place p, Place end, bool& word) {
  const std::uint8_t* kinds = kAsciiWords.data();
  const unsigned first = kinds[byte_at(p)];
  Place q = p + 1;
  if (first & kRun) {
    word = true;
    for (;;) {
      while (q < end && (kinds[byte_at(q)] & kRun)) ++q;
      if (q == end) return q;
      const unsigned middle = kinds[byte_at(q)];
      if (middle & kNotAscii) break;
      if (!(middle & (kMidLetter | kMidDigit)) || q + 1 == end) return q;
      const unsigned next = kinds[byte_at(q + 1)];
      if (next & kNotAscii) break;
      const unsigned both = kinds[byte_at(q - 1)] & next;
      if (!((middle & kMidLetter && both & kLetter) || (middle & kMidDigit && both & kDigit))) return q;
      q += 2;
    }
  } else if (!(first & (kNotAscii | kReturn))) {
    word = false;
    if (first & kBlank)
      while (q < end && (kinds[byte_at(q)] & kBlank)) ++q;
    if (q == end || !(kinds[byte_at(q)] & kNotAscii)) return q;
  }
  return any_word_end(p, end, word);
}

// Which of 64 bytes are in a run, and which are not ASCII, a bit each. What lies behind the text is neither.
class WordMasks {
 public:
  WordMasks(Place begin, Place end) : base_(begin), end_(end) { load(begin); }

  Place next_run_or_high(Place p) {
    return next(p, [this] { return run_ | high_; });
  }
  Place run_end(Place p) {
    return next(p, [this] { return ~run_; });
  }

 private:
  template <class Mask>
  Place next(Place p, Mask&& mask) {
    while (p < end_) {
      if (static_cast<std::size_t>(p - base_) >= 64) load(p);  // behind the block, or before it
      if (const std::uint64_t left = mask() >> (p - base_)) {
        p += std::countr_zero(left);
        return p < end_ ? p : end_;
      }
      p = base_ + 64;
    }
    return end_;
  }

  void load(Place p) {
    base_ = p;
    if (end_ - p >= 64) return classify(p);
    char padded[64] = {};
    if (p < end_) std::memcpy(padded, p, static_cast<std::size_t>(end_ - p));
    classify(padded);
  }

  void classify(Place p) {
    run_ = high_ = 0;
#if defined(__SSE2__)
    for (int i = 0; i < 64; i += 16) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + i));
      const auto above = [](__m128i values, char last, int n) {  // the n values up to last, moved to the top of a signed byte
        return _mm_cmpgt_epi8(_mm_add_epi8(values, _mm_set1_epi8(static_cast<char>(127 - last))), _mm_set1_epi8(static_cast<char>(127 - n)));
      };
      const __m128i letters = above(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'z', 26);
      const __m128i digits = above(bytes, '9', 10);
      const __m128i runs = _mm_or_si128(_mm_or_si128(letters, digits), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('_')));
      run_ |= static_cast<std::uint64_t>(_mm_movemask_epi8(runs)) << i;
      high_ |= static_cast<std::uint64_t>(_mm_movemask_epi8(bytes)) << i;
    }
#else
    for (int i = 0; i < 64; ++i) {
      const std::uint8_t kinds = kAsciiWords[byte_at(p + i)];
      run_ |= static_cast<std::uint64_t>((kinds & kRun) != 0) << i;
      high_ |= static_cast<std::uint64_t>((kinds & kNotAscii) != 0) << i;
    }
#endif
  }

  Place base_, end_;
  std::uint64_t run_ = 0, high_ = 0;
};

// The words alone: what lies between two of them in ASCII is not looked at.
template <class Found>
void each_word(Place p, Place end, Found&& found) {
  const std::uint8_t* kinds = kAsciiWords.data();
  WordMasks masks(p, end);
  const Place bytes = p;
  CancelWatch watch;
  while (p < end) {
    watch.at(static_cast<std::size_t>(p - bytes));
    Place q = masks.next_run_or_high(p);
    if (q == end) return;
    bool word = true;
    if (kinds[byte_at(q)] & kRun) {
      p = q;
      q = masks.run_end(q);
      if (q < end && (kinds[byte_at(q)] & (kMidLetter | kMidDigit | kNotAscii))) q = word_end(p, end, word);
      if (word) found(p, q);
      p = q;
    } else {
      do {  // a mark at q would belong to the segment before it
        const Place begin = p;
        p = word_end(begin, end, word);
        if (word) found(begin, p);
      } while (p < q);
    }
  }
}

// ---- sentences ---------------------------------------------------------------------------------------------------

enum SentenceState : std::uint8_t {
  kOpen,           // nothing that could end a sentence
  kAfterLetter,    // Upper or Lower
  kAbbreviation,   // ATerm behind Upper or Lower
  kFull,           // ATerm
  kFullClose,      // ATerm Close+
  kFullSpace,      // ATerm Close* Sp+
  kStop,           // STerm Close*
  kStopSpace,      // STerm Close* Sp+
  kCarriage,       // CR
  kLine,           // any other ParaSep
  kStates,
  kEnd = kStates,  // a boundary
  kAhead,          // SB8: a boundary unless Lower follows before any of kAnswers
};

constexpr std::uint32_t kAnswers = set_of(sentence_break::OLetter, sentence_break::Upper, sentence_break::Sep, sentence_break::CR,
                                          sentence_break::LF, sentence_break::STerm, sentence_break::ATerm);

constexpr std::uint8_t sentence_step(unsigned state, unsigned kind) {
  using namespace sentence_break;
  if (state == kCarriage) return kind == LF ? kLine : kEnd;  // SB3, SB4
  if (state == kLine) return kEnd;                           // SB4
  if (in(set_of(Extend, Format), kind)) return static_cast<std::uint8_t>(state);  // SB5
  if (kind == CR) return kCarriage;                          // SB9, SB10, SB998
  if (kind == LF || kind == Sep) return kLine;
  if (kind == STerm) return kStop;                           // SB8a, SB998
  if (kind == ATerm) return state == kAfterLetter ? kAbbreviation : kFull;
  const std::uint8_t inside = in(set_of(Upper, Lower), kind) ? kAfterLetter : kOpen;
  if (state <= kAfterLetter || kind == SContinue) return inside;  // SB998; SB8a
  const bool full = state <= kFullSpace;
  if (kind == Sp) return full ? kFullSpace : kStopSpace;     // SB9, SB10
  if (kind == Close && state != kFullSpace && state != kStopSpace) return full ? kFullClose : kStop;  // SB9
  if (!full) return kEnd;                                    // SB11
  if (kind == Numeric && state <= kFull) return inside;      // SB6
  if (kind == Upper && state == kAbbreviation) return inside;  // SB7
  if (kind == Lower) return inside;                          // SB8, with nothing between
  return in(kAnswers, kind) ? kEnd : kAhead;
}

struct SentenceTables {
  std::uint8_t step[kStates][16];
  std::uint8_t after[256];  // the state after an ASCII byte that cannot end a sentence, 255 for all others
};

const SentenceTables kSentences = [] {
  using namespace sentence_break;
  SentenceTables made{};
  for (unsigned state = 0; state < kStates; ++state)
    for (unsigned kind = 0; kind <= STerm; ++kind) made.step[state][kind] = sentence_step(state, kind);
  for (unsigned byte = 0; byte < 256; ++byte) {
    const unsigned kind = look_up(kSentenceIndex, kSentenceBlocks, byte);
    const bool plain = byte < 128 && !in(set_of(ATerm, STerm, CR, LF, Sep, Extend, Format), kind);
    made.after[byte] = plain ? made.step[kOpen][kind] : 255;
  }
  return made;
}();

constexpr std::ptrdiff_t kPause = CancelWatch::kStep;  // the quick way stops here to look whether it shall go on

Place sentence_end(Place p, Place end) {
  unsigned state = kOpen;
  Place open = nullptr;  // where the sentence ends unless Lower follows
  CancelWatch watch;
  for (Place q = p; q < end;) {
    watch.at(static_cast<std::size_t>(q - p));
    if (state <= kAfterLetter && !open && kSentences.after[byte_at(q)] != 255) {
      const Place pause = end - q > kPause ? q + kPause : end;
      do ++q;
      while (q < pause && kSentences.after[byte_at(q)] != 255);
      state = kSentences.after[byte_at(q - 1)];
      continue;
    }
    const Decoded now = decode(q, end);
    const unsigned kind = look_up(kSentenceIndex, kSentenceBlocks, now.code);
    if (open) {
      if (in(kAnswers, kind)) return open;
      if (kind == sentence_break::Lower) {
        open = nullptr;
        state = kAfterLetter;
      }
    } else {
      const unsigned next = kSentences.step[state][kind];
      if (next == kEnd) return q;
      if (next == kAhead) {
        open = q;
        state = kOpen;
      } else {
        state = next;
      }
    }
    q += now.size;
  }
  return open ? open : end;
}

// ---- whole texts -------------------------------------------------------------------------------------------------

template <Segments kind, class Found>
inline void each_segment(Place bytes, std::size_t size, Found&& found) {
  const Place end = bytes + size;
  if constexpr (kind == Segments::words) return each_word(bytes, end, found);
  CancelWatch watch;
  for (Place p = bytes; p < end;) {
    watch.at(static_cast<std::size_t>(p - bytes));
    Place next;
    if constexpr (kind == Segments::graphemes) next = grapheme_end(p, end);
    else if constexpr (kind == Segments::sentences) next = sentence_end(p, end);
    else {
      bool word;
      next = word_end(p, end, word);
    }
    found(p, next);
    p = next;
  }
}

template <Segments kind>
const Text& split(const Text& text, std::vector<Span>& found) {
  const Place bytes = text.data();
  each_segment<kind>(bytes, text.size(), [&](Place begin, Place end) {
    found.push_back({static_cast<std::size_t>(begin - bytes), static_cast<std::size_t>(end - bytes)});
  });
  return text;
}

// How many code points lie before a place; places come in ascending order.
class CodePlaces {
 public:
  CodePlaces(Place begin, Place end) : base_(begin), end_(end) { load(); }

  std::int32_t operator()(Place p) {
    while (p - base_ >= 64) {
      codes_ += std::popcount(starts_);
      base_ += 64;
      load();
    }
    return codes_ + std::popcount(starts_ & ((std::uint64_t{1} << (p - base_)) - 1));
  }

 private:
  void load() {
    starts_ = 0;
    const std::ptrdiff_t n = std::min<std::ptrdiff_t>(64, end_ - base_);
    std::ptrdiff_t i = 0;
#if defined(__SSE2__)
    for (; i + 16 <= n; i += 16) {  // 0x80 to 0xBF are the least signed bytes
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(base_ + i));
      const __m128i starts = _mm_cmpgt_epi8(bytes, _mm_set1_epi8(static_cast<char>(0xBF)));
      starts_ |= static_cast<std::uint64_t>(_mm_movemask_epi8(starts)) << i;
    }
#endif
    for (; i < n; ++i) starts_ |= static_cast<std::uint64_t>(!is_continuation(base_[i])) << i;
  }

  Place base_, end_;
  std::uint64_t starts_ = 0;
  std::int32_t codes_ = 0;
};

template <Segments kind>
void segment_shard(const Texts& texts, std::size_t first, std::size_t last, std::int64_t* rows, UnsetVector<std::int32_t>& spans) {
  const std::size_t size = static_cast<std::size_t>(texts.offsets[last] - texts.offsets[first]);
  spans.reserve(size / (kind == Segments::sentences ? 40 : kind == Segments::words ? 2 : 1) + 16);
  CancelWatch watch(first);
  for (std::size_t i = first; i < last; ++i) {
    const std::string_view text = texts[i];
    require_places_fit(text.size(), i);
    watch.at(static_cast<std::size_t>(texts.offsets[i] - texts.offsets[first]) + i);
    const std::size_t before = spans.size();
    const Place bytes = text.data();
    if (is_ascii(bytes, text.size())) {
      each_segment<kind>(bytes, text.size(), [&](Place begin, Place end) {
        spans.push_back(static_cast<std::int32_t>(begin - bytes));
        spans.push_back(static_cast<std::int32_t>(end - bytes));
      });
    } else {
      CodePlaces code_at(bytes, bytes + text.size());
      each_segment<kind>(bytes, text.size(), [&](Place begin, Place end) {
        spans.push_back(code_at(begin));
        spans.push_back(code_at(end));
      });
    }
    rows[i + 1] = static_cast<std::int64_t>((spans.size() - before) / 2);
  }
}

template <Segments kind>
Segmented segment_all(const Texts& texts, std::size_t threads) {
  constexpr std::size_t kBytesAThread = 64 * 1024;
  const std::size_t n_shards = worthwhile(threads, texts.size_in_bytes(), kBytesAThread);
  const std::vector<std::size_t> cuts = even_cuts(texts.offsets, texts.n, n_shards);
  std::vector<UnsetVector<std::int32_t>> shards(n_shards);
  Segmented all;
  all.rows.resize(texts.n + 1);
  in_parallel(n_shards, [&](std::size_t s) { segment_shard<kind>(texts, cuts[s], cuts[s + 1], all.rows.data(), shards[s]); });
  for (std::size_t i = 0; i < texts.n; ++i) all.rows[i + 1] += all.rows[i];
  all.spans = joined(shards);
  return all;
}

}  // namespace

const Text& split_graphemes(const Text& text, Text&, const Program&, std::vector<Span>& found) {
  return split<Segments::graphemes>(text, found);
}

const Text& split_sentences(const Text& text, Text&, const Program&, std::vector<Span>& found) {
  return split<Segments::sentences>(text, found);
}

const Text& split_unicode(const Text& text, Text&, const Program& program, std::vector<Span>& found) {
  return program.options & kAllSegments ? split<Segments::all_words>(text, found) : split<Segments::words>(text, found);
}

Segmented segment(const Texts& texts, Segments kind, std::size_t threads) {
  switch (kind) {
    case Segments::graphemes: return segment_all<Segments::graphemes>(texts, threads);
    case Segments::words: return segment_all<Segments::words>(texts, threads);
    case Segments::all_words: return segment_all<Segments::all_words>(texts, threads);
    default: return segment_all<Segments::sentences>(texts, threads);
  }
}

}  // namespace textmill
