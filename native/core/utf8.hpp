// UTF-8, one code point at a time. Malformed bytes are read as U+FFFD, one each, so no input can run off the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace textmill {

struct Decoded {
  std::uint32_t code;
  std::uint32_t size;  // bytes
};

inline bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

inline Decoded decode(const char* at, const char* end) {
  const auto* p = reinterpret_cast<const unsigned char*>(at);
  const std::size_t left = static_cast<std::size_t>(end - at);
  if (p[0] < 0x80) return {p[0], 1};
  if (p[0] >= 0xC2 && p[0] < 0xE0 && left >= 2 && is_continuation(at[1]))
    return {static_cast<std::uint32_t>(((p[0] & 0x1F) << 6) | (p[1] & 0x3F)), 2};
  if ((p[0] & 0xF0) == 0xE0 && left >= 3 && is_continuation(at[1]) && is_continuation(at[2])) {
    const std::uint32_t code = ((p[0] & 0x0Fu) << 12) | ((p[1] & 0x3Fu) << 6) | (p[2] & 0x3Fu);
    if (code >= 0x800 && (code < 0xD800 || code > 0xDFFF)) return {code, 3};
  }
  if ((p[0] & 0xF8) == 0xF0 && left >= 4 && is_continuation(at[1]) && is_continuation(at[2]) && is_continuation(at[3])) {
    const std::uint32_t code =
        ((p[0] & 0x07u) << 18) | ((p[1] & 0x3Fu) << 12) | ((p[2] & 0x3Fu) << 6) | (p[3] & 0x3Fu);
    if (code >= 0x10000 && code < 0x110000) return {code, 4};
  }
  return {0xFFFD, 1};
}

// Writes at most 4 bytes and returns how many.
inline std::size_t encode(std::uint32_t code, char* out) {
  if (code < 0x80) {
    out[0] = static_cast<char>(code);
    return 1;
  }
  if (code < 0x800) {
    out[0] = static_cast<char>(0xC0 | (code >> 6));
    out[1] = static_cast<char>(0x80 | (code & 0x3F));
    return 2;
  }
  if (code < 0x10000) {
    out[0] = static_cast<char>(0xE0 | (code >> 12));
    out[1] = static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out[2] = static_cast<char>(0x80 | (code & 0x3F));
    return 3;
  }
  out[0] = static_cast<char>(0xF0 | (code >> 18));
  out[1] = static_cast<char>(0x80 | ((code >> 12) & 0x3F));
  out[2] = static_cast<char>(0x80 | ((code >> 6) & 0x3F));
  out[3] = static_cast<char>(0x80 | (code & 0x3F));
  return 4;
}

// Where the code point that ends at `at` begins; `at` is not 0.
inline std::size_t step_back(const char* bytes, std::size_t at) {
  std::size_t i = at;
  for (int k = 0; k < 4 && i > 0; ++k) {
    --i;
    if (!is_continuation(bytes[i])) {
      // a lead byte that does not reach `at` is malformed; then the byte before `at` stands alone
      return i + decode(bytes + i, bytes + at).size == at ? i : at - 1;
    }
  }
  return at - 1;
}

// The first byte from `i` on that is not ASCII, or `size`.
inline std::size_t next_high(const char* bytes, std::size_t i, std::size_t size) {
  for (; i + 8 <= size; i += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes + i, 8);
    if (word & 0x8080808080808080ULL) break;
  }
  while (i < size && static_cast<unsigned char>(bytes[i]) < 0x80) ++i;
  return i;
}

}  // namespace textmill
