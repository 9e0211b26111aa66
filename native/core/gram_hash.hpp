// Hashes of terms and n-grams that do not depend on how terms are numbered, and a set for the n-grams of one text.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace textmill {

// Never 0.
inline std::uint64_t hash_term(std::string_view term) {
  std::uint64_t hash = term.size() * 0xC2B2AE3D27D4EB4FULL;
  for (std::size_t i = 0; i < term.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, term.data() + i, std::min<std::size_t>(8, term.size() - i));
    hash = (hash ^ (hash >> 29) ^ word) * 0x9E3779B97F4A7C15ULL;
  }
  hash ^= hash >> 32;
  hash *= 0xD6E8FEB86659FD93ULL;
  hash ^= hash >> 29;
  return hash ? hash : 1;
}

// The hash of an n-gram that goes on with one more term.
inline std::uint64_t extend_hash(std::uint64_t gram, std::uint64_t term) {
  std::uint64_t hash = (gram * 0xC2B2AE3D27D4EB4FULL ^ (gram >> 31)) + term;
  hash = (hash ^ (hash >> 32)) * 0x9E3779B97F4A7C15ULL;
  return hash ^ (hash >> 29);
}

// Of two small numbers, an n-gram's and the next term's.
inline std::uint64_t hash_pair(std::uint64_t pair) {
  std::uint64_t h = pair * 0x9E3779B97F4A7C15ULL;
  h ^= h >> 32;
  h *= 0xC2B2AE3D27D4EB4FULL;
  return h ^ (h >> 29);
}

// A hash spread over 0..n - 1, by its high bits.
inline std::size_t place_of(std::uint64_t hash, std::size_t n) {
  return static_cast<std::size_t>((static_cast<unsigned __int128>(hash) * n) >> 64);
}

// Keys with a number each, emptied at no cost when the next text begins.
class Distinct {
 public:
  // Empties the set and makes room for `most` keys.
  void begin(std::size_t most) {
    const std::size_t n = std::bit_ceil(std::max<std::size_t>(16, 2 * most));
    if (n > slots_.size()) slots_.assign(n, Slot{0, 0, 0});
    mask_ = n - 1;
    if (++epoch_ == 0) {
      std::fill(slots_.begin(), slots_.end(), Slot{0, 0, 0});
      epoch_ = 1;
    }
  }
  // The number of a key and whether it was not there; a new one is for the caller to set.
  struct Found {
    std::int32_t& number;
    bool fresh;
  };
  Found add(std::uint64_t key) {
    for (std::size_t i = (key * 0x9E3779B97F4A7C15ULL >> 32) & mask_;; i = (i + 1) & mask_) {
      Slot& slot = slots_[i];
      if (slot.epoch != epoch_) {
        slot.key = key;
        slot.epoch = epoch_;
        return {slot.number, true};
      }
      if (slot.key == key) return {slot.number, false};
    }
  }
  std::size_t memory() const { return slots_.capacity() * sizeof(Slot); }

 private:
  struct Slot {
    std::uint64_t key;
    std::uint32_t epoch;
    std::int32_t number;
  };
  std::vector<Slot> slots_;
  std::size_t mask_ = 0;
  std::uint32_t epoch_ = 0;
};

}  // namespace textmill
