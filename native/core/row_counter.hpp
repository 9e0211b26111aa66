// The counts of one text after the other, each as a row of a sparse matrix: columns in ascending order.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace textmill {

// Where many rows are to come: a bit a column, a bit for each 64 of these that says whether one is set, and a bit for
// each 64 of those, so that the columns of a row are found in order by walking down, without a sort. Where the columns
// are few, each has a number besides, and whether a column comes again is never asked: a wrong guess at the answer costs
// more than the number. Where they are many, only a column that comes again touches its number, as most do not. Where few
// rows are to come, such tables would cost more than they save: then the columns are sorted.
class RowCounter {
 public:
  // `n_keys`: about how many calls of `add` there will be.
  RowCounter(std::size_t n_columns, std::size_t n_keys) : sorts_(n_keys < n_columns / 8), few_(n_columns <= kFew) {
    if (sorts_) return;
    if (few_) {
      bits_.resize(n_columns / 64 + 1);
      middle_.resize(bits_.size() / 64 + 1);
      numbers_.resize(n_columns + 1);
      return;
    }
    bits_.resize(n_columns / 64 + 1);
    again_.resize(bits_.size());
    middle_.resize(bits_.size() / 64 + 1);
    top_.resize(middle_.size() / 64 + 1);
    more_.reset(static_cast<std::int32_t*>(std::calloc(n_columns + 1, sizeof(std::int32_t))));  // most of it is never touched
    if (!more_) throw std::bad_alloc();
  }

  // So many more of `column`, one or more.
  void add(std::uint32_t column, std::int32_t times = 1) {
    if (sorts_) {
      keys_.push_back(static_cast<std::uint64_t>(column) << 32 | static_cast<std::uint32_t>(times));
      return;
    }
    const std::size_t word = column >> 6;
    const std::uint64_t bit = std::uint64_t{1} << (column & 63);
    if (few_) {
      numbers_[column] += times;
      bits_[word] |= bit;
      middle_[word >> 6] |= std::uint64_t{1} << (word & 63);
      return;
    }
    if (bits_[word] & bit) {
      again_[word] |= bit;
      more_[column] += times;
      return;
    }
    bits_[word] |= bit;
    if (times > 1) {
      again_[word] |= bit;
      more_[column] = times - 1;
    }
    middle_[word >> 6] |= std::uint64_t{1} << (word & 63);
    top_[word >> 12] |= std::uint64_t{1} << (word >> 6 & 63);
  }

  // Calls found(column, count) for each column that was added, in ascending order, and forgets them.
  template <class Found>
  void drain(Found&& found) {
    if (sorts_) {
      drain_sorted(found);
      return;
    }
    if (few_) {
      drain_few(found);
      return;
    }
    for (std::size_t t = 0; t < top_.size(); ++t)
      for (; top_[t]; top_[t] &= top_[t] - 1) {
        const std::size_t m = t << 6 | static_cast<std::size_t>(std::countr_zero(top_[t]));
        for (; middle_[m]; middle_[m] &= middle_[m] - 1) drain_word(m << 6 | static_cast<std::size_t>(std::countr_zero(middle_[m])), found);
      }
  }

 private:
  struct Free {
    void operator()(std::int32_t* values) const { std::free(values); }
  };

  template <class Found>
  void drain_word(std::size_t word, Found& found) {
    const std::uint64_t again = again_[word];
    for (std::uint64_t left = bits_[word]; left; left &= left - 1) {
      const int i = std::countr_zero(left);
      const std::size_t column = word << 6 | static_cast<std::size_t>(i);
      std::int32_t count = 1;
      if (again >> i & 1) {
        count += more_[column];
        more_[column] = 0;
      }
      found(static_cast<std::int32_t>(column), count);
    }
    bits_[word] = again_[word] = 0;
  }

  template <class Found>
  void drain_few(Found& found) {
    for (std::size_t m = 0; m < middle_.size(); ++m) {
      for (std::uint64_t words = middle_[m]; words; words &= words - 1) {
        const std::size_t word = m << 6 | static_cast<std::size_t>(std::countr_zero(words));
        for (std::uint64_t left = bits_[word]; left; left &= left - 1) {
          const std::size_t column = word << 6 | static_cast<std::size_t>(std::countr_zero(left));
          found(static_cast<std::int32_t>(column), std::exchange(numbers_[column], 0));
        }
        bits_[word] = 0;
      }
      middle_[m] = 0;
    }
  }

  template <class Found>
  void drain_sorted(Found& found) {
    std::sort(keys_.begin(), keys_.end());
    for (std::size_t i = 0; i < keys_.size();) {
      const std::uint64_t column = keys_[i] >> 32;
      std::int32_t count = 0;
      for (; i < keys_.size() && keys_[i] >> 32 == column; ++i) count += static_cast<std::int32_t>(static_cast<std::uint32_t>(keys_[i]));
      found(static_cast<std::int32_t>(column), count);
    }
    keys_.clear();
  }

  static constexpr std::size_t kFew = std::size_t{1} << 17;

  bool sorts_, few_;
  std::vector<std::uint64_t> keys_;
  std::vector<std::uint64_t> bits_, again_, middle_, top_;
  std::unique_ptr<std::int32_t[], Free> more_;
  std::vector<std::int32_t> numbers_;
};

}  // namespace textmill
