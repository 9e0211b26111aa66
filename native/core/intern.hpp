// Distinct tokens, numbered by first appearance.
#pragma once

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "core/words.hpp"

namespace textmill {

struct TokenHash {
  std::uint64_t head;  // the first 8 bytes, zeros behind a shorter token
  std::uint64_t hash;
};

// `bytes` must have 8 readable bytes from any byte of the token on (Text pads for this).
inline TokenHash hash_token(const char* bytes, std::size_t size) {
  constexpr std::uint64_t k0 = 0x9E3779B97F4A7C15ULL, k1 = 0xC2B2AE3D27D4EB4FULL;
  std::uint64_t head;
  std::memcpy(&head, bytes, 8);
  if (size < 8) head &= (std::uint64_t{1} << (8 * size)) - 1;
  std::uint64_t hash = (head ^ (static_cast<std::uint64_t>(size) * k1)) * k0;
  for (std::size_t i = 8; i < size; i += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes + i, 8);
    if (size - i < 8) word &= (std::uint64_t{1} << (8 * (size - i))) - 1;
    hash = ((hash ^ (hash >> 29)) + word) * k1;
  }
  hash ^= hash >> 32;
  hash *= k0;
  return {head, hash ^ (hash >> 29)};
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

  // The token's number, a new one if it was not there. 8 bytes can be read from any byte of the token (see hash_token).
  std::int32_t intern(const char* bytes, std::size_t size) { return intern(hash_token(bytes, size), bytes, size); }
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
    return slots_.capacity() * sizeof(Slot) + arena_.capacity() + ends_.capacity() * sizeof(std::size_t) + hashes_.capacity() * sizeof(std::uint64_t);
  }

 private:
  struct Slot {
    std::uint64_t head = 0;
    std::uint32_t size = 0;  // 0: free; tokens are never empty
    std::int32_t id = 0;
  };

  std::size_t find_slot(const TokenHash& h, const char* bytes, std::size_t size) const {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t i = h.hash & mask;; i = (i + 1) & mask) {
      const Slot& slot = slots_[i];
      if (slot.size == 0) return i;
      if (slot.size == size && slot.head == h.head &&
          (size <= 8 || same_tail(arena_.data() + (slot.id ? ends_[static_cast<std::size_t>(slot.id) - 1] : 0), bytes, size)))
        return i;
    }
  }
  // Whether two tokens are the same from their 9th byte on; 8 bytes can be read from any byte of either.
  static bool same_tail(const char* a, const char* b, std::size_t size) {
    std::size_t i = 8;
    for (std::uint64_t left, right; i + 8 <= size; i += 8) {
      std::memcpy(&left, a + i, 8);
      std::memcpy(&right, b + i, 8);
      if (left != right) return false;
    }
    std::uint64_t left, right;
    std::memcpy(&left, a + i, 8);
    std::memcpy(&right, b + i, 8);
    return ((left ^ right) & ((std::uint64_t{1} << (8 * (size - i))) - 1)) == 0;
  }
  std::int32_t add(std::size_t slot, const TokenHash& h, const char* bytes, std::size_t size);
  void rehash(std::size_t n_slots);

  static constexpr std::size_t kPadding = 8;

  std::vector<Slot> slots_;
  std::vector<char> arena_ = std::vector<char>(kPadding);
  std::vector<std::size_t> ends_;
  std::vector<std::uint64_t> hashes_;
};

}  // namespace textmill
