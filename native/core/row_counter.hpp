// The counts of one text after the other, each as a row of a sparse matrix: columns in ascending order without a sort.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace textmill {

// A bit a column, a bit for each 64 of these that says whether one is set, and a bit for each 64 of those: the columns
// of a row are found in order by walking down. Most counts are 1; only a column that comes again has a number of its own.
class RowCounter {
 public:
  explicit RowCounter(std::size_t n_columns)
      : bits_(n_columns / 64 + 1), again_(bits_.size()), down_(bits_.size()), middle_(bits_.size() / 64 + 1), top_(middle_.size() / 64 + 1),
        more_(n_columns) {}

  // One more of `column`, or one less.
  void add(std::uint32_t column, bool down = false) {
    const std::size_t word = column >> 6;
    const std::uint64_t bit = std::uint64_t{1} << (column & 63);
    if (bits_[word] & bit) {
      again_[word] |= bit;
      more_[column] += down ? -1 : 1;
      return;
    }
    bits_[word] |= bit;
    if (down) down_[word] |= bit;
    middle_[word >> 6] |= std::uint64_t{1} << (word & 63);
    top_[word >> 12] |= std::uint64_t{1} << (word >> 6 & 63);
  }

  // Calls found(column, count) for each column that was added, in ascending order, and forgets them. A count of no more
  // than its ups and downs comes to 0 and is told all the same.
  template <class Found>
  void drain(Found&& found) {
    for (std::size_t t = 0; t < top_.size(); ++t) {
      for (; top_[t]; top_[t] &= top_[t] - 1) {
        const std::size_t m = t << 6 | static_cast<std::size_t>(std::countr_zero(top_[t]));
        for (; middle_[m]; middle_[m] &= middle_[m] - 1) {
          const std::size_t word = m << 6 | static_cast<std::size_t>(std::countr_zero(middle_[m]));
          const std::uint64_t again = again_[word], down = down_[word];
          for (std::uint64_t left = bits_[word]; left; left &= left - 1) {
            const int i = std::countr_zero(left);
            const std::size_t column = word << 6 | static_cast<std::size_t>(i);
            std::int32_t count = down >> i & 1 ? -1 : 1;
            if (again >> i & 1) {
              count += more_[column];
              more_[column] = 0;
            }
            found(static_cast<std::int32_t>(column), count);
          }
          bits_[word] = again_[word] = down_[word] = 0;
        }
      }
    }
  }

 private:
  std::vector<std::uint64_t> bits_, again_, down_, middle_, top_;
  std::vector<std::int32_t> more_;
};

}  // namespace textmill
