// A linear model of two factors, learned text by text: outputs = rows @ vectors @ head + bias, the bag of words of
// Joulin et al. (2016) over features that are numbered already.
//
// Of each mini-batch all texts are looked at first, by whichever thread; then each thread changes the vectors of columns
// of its own, text after text. So every sum is taken in one order, and the result is the same to the bit for any number
// of threads. The steps are AdaGrad's (Duchi et al., 2011), with one sum of squares a vector.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/pages.hpp"
#include "core/sparse.hpp"

namespace textmill {

struct BagTargets {
  const float* probabilities;  // (n_rows, n_outputs)
  const float* strength;       // (n_rows, n_outputs) or (n_rows, 1): what each loss counts
  bool strength_each;          // the former
  bool share;                  // the outputs share one probability (softmax), else have one each (sigmoid)
};

class Bag {
 public:
  // `start` (n_columns, width) are the vectors it begins with; the head begins with zeros. What it is given has to stay.
  // std::invalid_argument where the columns of a row do not ascend.
  Bag(const Sparse& rows, const BagTargets& targets, std::size_t n_outputs, std::size_t width, const float* start);

  // Learns from the rows that `order` names, `batch` at a time, at a rate that falls evenly from `first_rate` to
  // `last_rate`. The sum of the losses as they were met; it stops where that is no finite number any more.
  double epoch(const std::int32_t* order, std::size_t n, std::size_t batch, float first_rate, float last_rate, std::size_t threads);

  std::size_t n_columns() const { return rows_.n_columns; }
  std::size_t n_rows() const { return rows_.n_rows; }
  std::size_t width() const { return width_; }
  std::size_t n_outputs() const { return k_; }
  void vectors(float* out) const;  // (n_columns, width)
  void head(float* out) const;     // (width, n_outputs)
  void bias(float* out) const;     // (n_outputs)

 private:
  class Epoch;

  Sparse rows_;
  BagTargets targets_;
  std::size_t k_, width_;
  std::size_t padded_k_, stride_;       // rounded up; what is behind k_ and width_ is 0 and stays so
  std::vector<std::int64_t> before_;    // entries in the columns before each
  PageVector<float> vectors_;           // (n_columns, stride)
  std::vector<float> vector_sums_;      // (n_columns)
  std::vector<float> head_, head_sums_;  // (stride, padded_k)
  std::vector<float> bias_, bias_sums_;  // (padded_k)
};

}  // namespace textmill
