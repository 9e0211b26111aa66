// Emoji and their short names, from a generated table.
#pragma once

#include <cstddef>
#include <cstdint>

namespace textmill {

struct Emoji {
  std::uint32_t first;   // place in kEmojiCodes
  std::uint32_t length;  // code points, without variation selectors
  const char* name;      // UTF-8, a blank at both ends
};

extern const char* const kEmojiVersion;
extern const std::uint8_t kEmojiIndex[4352];
extern const std::uint8_t kEmojiBlocks[];  // 1 where an emoji may start
extern const std::uint32_t kEmojiCodes[];
extern const std::size_t kEmojiCount;  // sorted by code points
extern const Emoji kEmoji[];

}  // namespace textmill
