// Unicode properties that the text path needs, from generated two-stage tables.
#pragma once

#include <cstddef>
#include <cstdint>

namespace textmill {

extern const char* const kUnicodeVersion;
extern const std::uint16_t kFlagIndex[4352];
extern const std::uint8_t kFlagBlocks[];
extern const std::uint8_t kLowerIndex[4352];
extern const std::int32_t kLowerBlocks[];

enum Flag : std::uint8_t {
  kWord = 1,       // \w of Python's re
  kCased = 2,      // ends the backward or forward search of the final-sigma rule
  kIgnorable = 4,  // is skipped by it
  kSpace = 8,      // \s of Python's re
  kLowers = 16,    // has another lower case of one code point
  kIsUpper = 32,     // str.isupper() of Python
  kIsLower = 64,     // str.islower()
};

inline std::uint8_t flags_of(std::uint32_t code) {
  return code < 0x110000 ? kFlagBlocks[(static_cast<std::size_t>(kFlagIndex[code >> 8]) << 8) | (code & 255)] : 0;
}

inline std::uint32_t simple_lower(std::uint32_t code) {
  return code + static_cast<std::uint32_t>(
                    kLowerBlocks[(static_cast<std::size_t>(kLowerIndex[code >> 8]) << 8) | (code & 255)]);
}

}  // namespace textmill
