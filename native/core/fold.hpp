// Case folding, spelling in ASCII and the classes that cleaners ask for, from generated two-stage tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace textmill {

extern const std::uint16_t kClassIndex[4352];
extern const std::uint8_t kClassBlocks[];
extern const std::uint16_t kFoldIndex[4352];
extern const std::uint16_t kFoldBlocks[];  // place in the pool, 0 for none
extern const std::uint8_t kFoldPool[];     // a length, then so many bytes of UTF-8
extern const std::uint16_t kSpelledIndex[4352];
extern const std::uint16_t kSpelledBlocks[];
extern const std::uint8_t kSpelledPool[];

enum Class : std::uint8_t {
  kDigit = 1,     // \d of Python's re
  kMark = 2,      // categories M*
  kUpper = 4,     // Lu, Lt
  kSmall = 8,     // Ll
  kLetter = 16,   // categories L*
  kControl = 32,  // control or invisible: see drop_controls
};

inline std::uint8_t class_of(std::uint32_t code) {
  return kClassBlocks[(static_cast<std::size_t>(kClassIndex[code >> 8]) << 8) | (code & 255)];
}

// What a code point that is not ASCII becomes; data() is null where it stays.
inline std::string_view mapped(std::uint32_t code, const std::uint16_t* index, const std::uint16_t* blocks, const std::uint8_t* pool) {
  const std::uint16_t place = blocks[(static_cast<std::size_t>(index[code >> 8]) << 8) | (code & 255)];
  if (!place) return {};
  return {reinterpret_cast<const char*>(pool + place + 1), pool[place]};
}

}  // namespace textmill
