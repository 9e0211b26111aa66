// An array in blocks of 4 MiB or so: it grows without a copy, and what was read can be given back piece by piece.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

#include "core/pages.hpp"
#include "core/parallel.hpp"

namespace textmill {

template <class T>
class Blocks {
 public:
  static constexpr std::size_t kBits = kSmallShards ? 3 : 20;
  static constexpr std::size_t kSize = std::size_t{1} << kBits;

  std::size_t size() const { return size_; }
  T& operator[](std::size_t i) { return blocks_[i >> kBits][i & (kSize - 1)]; }
  const T& operator[](std::size_t i) const { return blocks_[i >> kBits][i & (kSize - 1)]; }

  // New values are not set.
  void resize(std::size_t n) {
    const std::size_t n_blocks = (n + kSize - 1) >> kBits;
    while (blocks_.size() < n_blocks) blocks_.push_back(page_array<T>(kSize));
    blocks_.resize(n_blocks);
    size_ = n;
  }
  void append(const T* values, std::size_t n) {
    std::size_t at = size_;
    resize(size_ + n);
    while (n > 0) {
      const std::size_t some = std::min(n, kSize - (at & (kSize - 1)));
      std::memcpy(&(*this)[at], values, some * sizeof(T));
      values += some;
      at += some;
      n -= some;
    }
  }
  // Frees the blocks that lie in values [begin, end) as a whole; nobody may ask for these again.
  void release(std::size_t begin, std::size_t end) {
    const std::size_t last = end == size_ ? blocks_.size() : end >> kBits;
    for (std::size_t block = (begin + kSize - 1) >> kBits; block < last; ++block) blocks_[block].reset();
  }

 private:
  std::vector<PageArray<T>> blocks_;
  std::size_t size_ = 0;
};

}  // namespace textmill
