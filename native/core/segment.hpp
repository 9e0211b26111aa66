// Grapheme clusters, words and sentences by the rules of UAX #29, Unicode 15.0.0 (segment_tables.hpp).
//
// A segment ends where the rules say so and nothing before it matters to the next one: no rule looks back across a
// boundary. So each kind is one function from a segment's begin to its end. Where a rule looks ahead (WB6, WB7b, WB12,
// SB8), the place is remembered until its answer comes, once: each byte is read at most twice, however long the text.
#pragma once

#include <cstdint>
#include <vector>

#include "core/joined.hpp"
#include "core/scan.hpp"
#include "core/segment_tables.hpp"

namespace textmill {

enum class Segments { graphemes, words, all_words, sentences };

struct Segmented {
  std::vector<std::int64_t> rows;   // n + 1
  UnsetVector<std::int32_t> spans;  // 2 a segment, in code points of its text
};

// The segments of many texts. `all_words` has what lies between the words too, so that all of it together is the text;
// a segment is one of `words` if it holds a code point that is a word character of the core (kWord: letters, digits and
// other numbers, ideographs, '_') or whose Word_Break is ALetter, Hebrew_Letter, Numeric, Katakana or ExtendNumLet, and
// that is no white space (kSpace; the narrow no-break space is both). std::overflow_error: a text of 2^31 bytes or more.
Segmented segment(const Texts& texts, Segments kind, std::size_t threads);

}  // namespace textmill
