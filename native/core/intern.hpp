// Distinct tokens, numbered by first appearance.
#pragma once

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/pages.hpp"
#include "core/words.hpp"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace textmill {

// Bytes that can be read from any byte of a token on, whatever its size (Text pads for this).
inline constexpr std::size_t kTokenPadding = 16;

struct TokenHash {
  std::uint64_t head, tail;  // the first 8 bytes and the next 8, zeros behind a shorter token
  std::uint64_t hash;
};

inline std::uint64_t multiply_and_fold(std::uint64_t a, std::uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

inline TokenHash hash_token(const char* bytes, std::size_t size) {
  constexpr std::uint64_t k0 = 0x9E3779B97F4A7C15ULL, k1 = 0xC2B2AE3D27D4EB4FULL;
  TokenHash h;
#ifdef __SSE2__
  alignas(32) static constexpr unsigned char kKept[32] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                                          0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
  const __m128i kept = _mm_loadu_si128(reinterpret_cast<const __m128i*>(kKept + 16 - (size < 16 ? size : 16)));
  const __m128i both = _mm_and_si128(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes)), kept);
  h.head = static_cast<std::uint64_t>(_mm_cvtsi128_si64(both));
  h.tail = static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(both, both)));
#else
  std::memcpy(&h.head, bytes, 8);
  std::memcpy(&h.tail, bytes + 8, 8);
  if (size < 8) h.head &= (std::uint64_t{1} << (8 * size)) - 1;
  if (size <= 8) h.tail = 0;
  else if (size < 16) h.tail &= (std::uint64_t{1} << (8 * (size - 8))) - 1;
#endif
  h.hash = multiply_and_fold(h.head ^ k0, h.tail ^ k1);
  for (std::size_t i = 16; i < size; i += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes + i, 8);
    if (size - i < 8) word &= (std::uint64_t{1} << (8 * (size - i))) - 1;
    h.hash = multiply_and_fold(h.hash ^ word, k1 ^ size);
  }
  return h;
}

// A token with its padding, in `room`.
inline const char* padded(std::string_view token, std::string& room) {
  room.assign(token).append(kTokenPadding, '\0');
  return room.data();
}

class InternTable {
 public:
  InternTable() : slots_(1024) {}

  std::size_t size() const { return ends_.size(); }
  std::string_view operator[](std::size_t id) const {
    const std::size_t begin = id ? ends_[id - 1] : 0;
    return {arena_.data() + begin, ends_[id] - begin};
  }
  const char* bytes() const { return arena_.data(); }  // of all tokens, one behind the other
  const std::vector<std::size_t>& ends() const { return ends_; }

  // The token's number, a new one if it was not there. kTokenPadding bytes can be read from any byte of the token on.
  std::int32_t intern(const char* bytes, std::size_t size) { return intern(hash_token(bytes, size), bytes, size); }
  std::int32_t intern(std::string_view token, std::string& room) { return intern(padded(token, room), token.size()); }
  std::int32_t intern(const TokenHash& h, const char* bytes, std::size_t size) {
    const std::size_t slot = find_slot(h, bytes, size);
    return slots_[slot].size ? slots_[slot].id : add(slot, h, bytes, size);
  }
  // The token's number or -1.
  std::int32_t find(const char* bytes, std::size_t size) const { return find(hash_token(bytes, size), bytes, size); }
  std::int32_t find(const TokenHash& h, const char* bytes, std::size_t size) const {
    const Slot& slot = slots_[find_slot(h, bytes, size)];
    return slot.size ? slot.id : -1;
  }
  // Asks for the memory that a look-up will need.
  void prefetch(const TokenHash& h) const { __builtin_prefetch(&slots_[h.hash & (slots_.size() - 1)]); }
  void reserve(std::size_t tokens);
  // Forgets all tokens but the first `tokens`.
  void shrink(std::size_t tokens);
  std::size_t memory() const {  // bytes
    return slots_.capacity() * sizeof(Slot) + arena_.capacity() + ends_.capacity() * sizeof(std::size_t);
  }

 private:
  struct Slot {
    std::uint64_t head = 0, tail = 0;
    std::uint64_t hash = 0;
    std::uint32_t size = 0;  // 0: free; tokens are never empty
    std::int32_t id = 0;
  };

  std::size_t find_slot(const TokenHash& h, const char* bytes, std::size_t size) const {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t i = h.hash & mask;; i = (i + 1) & mask) {
      const Slot& slot = slots_[i];
      if (((slot.head ^ h.head) | (slot.tail ^ h.tail) | (slot.size ^ size)) == 0 &&
          (size <= 16 || same_rest(arena_.data() + (slot.id ? ends_[static_cast<std::size_t>(slot.id) - 1] : 0), bytes, size)))
        return i;
      if (slot.size == 0) return i;
    }
  }
  // Whether two tokens are the same from their 17th byte on.
  static bool same_rest(const char* a, const char* b, std::size_t size) {
    std::size_t i = 16;
    for (std::uint64_t left, right; i + 8 <= size; i += 8) {
      std::memcpy(&left, a + i, 8);
      std::memcpy(&right, b + i, 8);
      if (left != right) return false;
    }
    if (i == size) return true;
    std::uint64_t left, right;
    std::memcpy(&left, a + i, 8);
    std::memcpy(&right, b + i, 8);
    return ((left ^ right) & ((std::uint64_t{1} << (8 * (size - i))) - 1)) == 0;
  }
  std::int32_t add(std::size_t slot, const TokenHash& h, const char* bytes, std::size_t size);
  void rehash(std::size_t n_slots);

  using Slots = std::vector<Slot, PageAllocator<Slot>>;
  bool is_full() const { return 4 * ends_.size() > 3 * slots_.size(); }

  Slots slots_;
  std::vector<char> arena_ = std::vector<char>(kTokenPadding);
  std::vector<std::size_t> ends_;
};

}  // namespace textmill
