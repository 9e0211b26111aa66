// The counts of one hashed text after the other, each as a row of a sparse matrix.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace textmill {

// The columns of one text with their counts: nearly all different, and spread as evenly as hashes are. So they are dealt
// out to as many heaps as there are columns in the text, in the order of the heaps, and each heap is sorted.
class HashedRow {
 public:
  explicit HashedRow(std::uint32_t n_columns) : column_bits_(std::max(1, static_cast<int>(std::bit_width(n_columns - 1)))) {}

  // Room for as many calls of `add`.
  void begin(std::size_t most) {
    if (keys_.size() < most) {
      keys_.resize(most);
      sorted_.resize(most);
    }
    n_ = 0;
  }
  void add(std::uint32_t key, std::int32_t times) {
    const std::int32_t count = key & 1 ? -times : times;
    keys_[n_++] = static_cast<std::uint64_t>(key >> 1) << 32 | static_cast<std::uint32_t>(count);
  }
  // found(column, count) for each column that was added, ascending.
  template <class Found>
  void drain(Found&& found) {
    if (n_ == 0) return;
    const int bits = std::min(column_bits_, std::min(16, static_cast<int>(std::bit_width(n_))));
    const int shift = 32 + column_bits_ - bits;
    heaps_.assign((std::size_t{1} << bits) + 1, 0);
    for (std::size_t i = 0; i < n_; ++i) ++heaps_[static_cast<std::size_t>(keys_[i] >> shift) + 1];
    for (std::size_t heap = 1; heap < heaps_.size(); ++heap) heaps_[heap] += heaps_[heap - 1];
    for (std::size_t i = 0; i < n_; ++i) sorted_[heaps_[static_cast<std::size_t>(keys_[i] >> shift)]++] = keys_[i];
    // now heaps_[h] is where heap h ends
    constexpr std::size_t kFew = 24;
    for (std::size_t i = 1; i < n_; ++i) {
      const std::uint64_t key = sorted_[i];
      std::size_t to = i;
      for (; to > 0 && sorted_[to - 1] >> 32 > key >> 32; --to) {
        if (i - to == kFew) {  // a heap that someone has piled up
          const std::size_t heap = static_cast<std::size_t>(key >> shift);
          sorted_[to] = key;
          const std::size_t first = heap ? heaps_[heap - 1] : 0, last = heaps_[heap];
          std::sort(sorted_.begin() + static_cast<std::ptrdiff_t>(first), sorted_.begin() + static_cast<std::ptrdiff_t>(last));
          to = i = last - 1;
          break;
        }
        sorted_[to] = sorted_[to - 1];
      }
      if (to < i) sorted_[to] = key;
    }
    for (std::size_t i = 0; i < n_;) {
      const std::uint64_t column = sorted_[i] >> 32;
      std::int32_t count = 0;
      for (; i < n_ && sorted_[i] >> 32 == column; ++i) count += static_cast<std::int32_t>(static_cast<std::uint32_t>(sorted_[i]));
      found(static_cast<std::int32_t>(column), count);
    }
  }

 private:
  int column_bits_;
  std::size_t n_ = 0;
  std::vector<std::uint64_t> keys_, sorted_;
  std::vector<std::uint32_t> heaps_;
};

}  // namespace textmill
