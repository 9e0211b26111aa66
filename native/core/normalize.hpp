// What the normal forms of Unicode need, from generated two-stage tables.
#pragma once

#include <cstddef>
#include <cstdint>

namespace textmill {

struct Pair {
  std::uint32_t first, second, code;
};

extern const std::uint16_t kNormalIndex[4352];
extern const std::uint16_t kNormalBlocks[];  // combining class | 256 << form where that form may change the code point
extern const std::uint16_t kCanonicalIndex[4352];
extern const std::uint16_t kCanonicalBlocks[];  // place in the pool, 0 for none
extern const std::uint32_t kCanonicalPool[];    // a length, then so many code points
extern const std::uint16_t kCompatibleIndex[4352];
extern const std::uint16_t kCompatibleBlocks[];
extern const std::uint32_t kCompatiblePool[];
extern const std::size_t kPairCount;  // sorted
extern const Pair kPairs[];

}  // namespace textmill
