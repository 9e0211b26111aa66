#include "core/bag.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "core/cancel.hpp"
#include "core/parallel.hpp"
#include "core/team.hpp"

namespace textmill {
namespace {

// Sums are taken in so many lanes, however many the CPU adds at once: the order is the same everywhere.
constexpr std::size_t kLanes = 8;
constexpr std::size_t kAhead = 32;               // entries whose vectors are asked for before they are needed
constexpr std::size_t kFloatsAThread = 1 << 15;  // of a batch's vectors: what is worth to meet for

std::size_t padded(std::size_t n) { return (n + kLanes - 1) / kLanes * kLanes; }

// e to the power of x <= 0, of additions and multiplications alone: the same to the bit on every machine.
double exp_of(double x) {
  if (!(x >= -700)) return x < -700 ? 0 : x;
  const double n = std::floor(x * 1.4426950408889634 + 0.5);
  const double rest = (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;  // ln 2 in two parts
  static constexpr double kShares[] = {1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040,
                                       1.0 / 720,        1.0 / 120,       1.0 / 24,       1.0 / 6,       0.5,          1.0,         1.0};
  double sum = 0;
  for (const double share : kShares) sum = sum * rest + share;
  const std::uint64_t bits = static_cast<std::uint64_t>(static_cast<std::int64_t>(n) + 1023) << 52;
  double power;
  std::memcpy(&power, &bits, sizeof power);
  return sum * power;
}

float dot(const float* a, const float* b, std::size_t n) {
  float lanes[kLanes] = {};
  for (std::size_t i = 0; i < n; i += kLanes)
    for (std::size_t j = 0; j < kLanes; ++j) lanes[j] += a[i + j] * b[i + j];
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

void add_scaled(float* to, float factor, const float* from, std::size_t n) {
  for (std::size_t i = 0; i < n; i += kLanes)
    for (std::size_t j = 0; j < kLanes; ++j) to[i + j] += factor * from[i + j];
}

void step(float& value, float& sum, float gradient, float rate) {
  if (gradient == 0) return;
  sum += gradient * gradient;
  value -= rate * gradient / std::sqrt(sum);
}

// Calls work with the stride as a constant where it is a common one: then a vector stays in registers.
template <class Work>
void with_stride(std::size_t stride, Work&& work) {
  switch (stride) {
    case 8: return work.template operator()<8>();
    case 16: return work.template operator()<16>();
    case 32: return work.template operator()<32>();
    default: return work.template operator()<0>();
  }
}
}  // namespace

class Bag::Epoch {
 public:
  Epoch(Bag& bag, const std::int32_t* order, std::size_t n, std::size_t batch, float first_rate, float last_rate)
      : bag_(bag),
        k_(bag.padded_k_),
        stride_(bag.stride_),
        order_(order),
        n_(n),
        batch_(std::min(batch, n)),
        first_rate_(first_rate),
        last_rate_(last_rate),
        hidden_(batch_ * stride_),
        pulls_(batch_ * stride_),
        slopes_(batch_ * k_),
        pull_squares_(batch_),
        losses_(batch_) {}

  double run(std::size_t threads) {
    if (n_ == 0) return 0;
    const auto floats = static_cast<std::size_t>(bag_.before_.back()) * stride_ / std::max<std::size_t>(1, bag_.n_rows()) * batch_;
    in_team(worthwhile(threads, floats, kFloatsAThread), [&](std::size_t members) { share(members); },
            [&](std::size_t member, Team& team) { work(member, team); });
    stop_if_cancelled();
    return total_;
  }

 private:
  void share(std::size_t members) {
    cuts_ = even_cuts(bag_.before_.data(), bag_.n_columns(), members);
    sums_.assign(members, std::vector<float>(k_));
  }

  void work(std::size_t member, Team& team) {
    for (std::size_t first = 0; first < n_; first += batch_) {
      const std::size_t n = std::min(batch_, n_ - first);
      const double done = static_cast<double>(first) / static_cast<double>(n_);
      const float rate = static_cast<float>(first_rate_ + (static_cast<double>(last_rate_) - first_rate_) * done);
      for (std::size_t i; (i = next_.fetch_add(1, std::memory_order_relaxed)) < n;) look(i, row(first + i));
      team.meet([&] {
        next_ = 0;
        for (std::size_t i = 0; i < n; ++i) total_ += losses_[i];
        stopped_ = !std::isfinite(total_) || (flag_ && flag_->load(std::memory_order_relaxed));
      });
      if (stopped_) return;
      move_vectors(member, first, n, rate);
      move_head(member, team.size(), n, rate);
      team.meet([] {});
    }
  }

  std::size_t row(std::size_t place) const { return static_cast<std::size_t>(order_[place]); }
  float* vector_of(std::int32_t column) const { return bag_.vectors_.data() + static_cast<std::size_t>(column) * stride_; }
  void prefetch(std::int32_t column) const {
    const float* at = vector_of(column);
    for (std::size_t j = 0; j < std::min<std::size_t>(stride_, 64); j += 16) __builtin_prefetch(at + j, 1);
  }

  // Text i of the batch: its outputs and loss, and which way it pulls the vectors of its features.
  void look(std::size_t i, std::size_t row) {
    float* hidden = hidden_.data() + i * stride_;
    with_stride(stride_, [&]<std::size_t kStride>() { sum_vectors<kStride>(hidden, row); });
    float* slopes = slopes_.data() + i * k_;
    std::copy(bag_.bias_.begin(), bag_.bias_.end(), slopes);
    for (std::size_t j = 0; j < stride_; ++j) add_scaled(slopes, hidden[j], bag_.head_.data() + j * k_, k_);
    losses_[i] = bag_.targets_.share ? softmax(slopes, row) : sigmoids(slopes, row);
    float* pulls = pulls_.data() + i * stride_;
    for (std::size_t j = 0; j < stride_; ++j) pulls[j] = dot(bag_.head_.data() + j * k_, slopes, k_);
    pull_squares_[i] = dot(pulls, pulls, stride_);
    if (!std::isfinite(pull_squares_[i])) losses_[i] = pull_squares_[i];
  }

  template <std::size_t kStride>
  void sum_vectors(float* out, std::size_t row) const {
    const Sparse& rows = bag_.rows_;
    const std::int32_t last = rows.indptr[row + 1];
    float kept[kStride ? kStride : 1] = {};
    float* sums = kStride ? kept : out;
    if (!kStride) std::fill(out, out + stride_, 0.0f);
    for (std::int32_t i = rows.indptr[row]; i < last; ++i) {
      if (last - i > static_cast<std::int32_t>(kAhead)) prefetch(rows.indices[static_cast<std::size_t>(i) + kAhead]);
      add_scaled(sums, rows.data[i], vector_of(rows.indices[i]), kStride ? kStride : stride_);
    }
    if (kStride) std::copy(kept, kept + kStride, out);
  }

  // Outputs become the derivatives of the loss by them.
  double softmax(float* z, std::size_t row) const {
    const float* target = bag_.targets_.probabilities + row * bag_.k_;
    const double top = *std::max_element(z, z + bag_.k_);
    const double counts = strength(row, 0);
    double sum = 0, mass = 0, product = 0;
    for (std::size_t c = 0; c < bag_.k_; ++c) {
      const double below = z[c] - top, power = exp_of(below);
      sum += power;
      mass += target[c];
      product += target[c] * below;
      z[c] = static_cast<float>(power);
    }
    const double scale = mass / sum;
    for (std::size_t c = 0; c < bag_.k_; ++c) z[c] = static_cast<float>((scale * z[c] - target[c]) * counts);
    return (mass * std::log(sum) - product) * counts;
  }

  double sigmoids(float* z, std::size_t row) const {
    const float* target = bag_.targets_.probabilities + row * bag_.k_;
    double loss = 0;
    for (std::size_t c = 0; c < bag_.k_; ++c) {
      const double small = exp_of(-std::fabs(static_cast<double>(z[c]))), p = (z[c] >= 0 ? 1 : small) / (1 + small);
      loss += (std::max(z[c], 0.0f) - static_cast<double>(target[c]) * z[c] + std::log1p(small)) * strength(row, c);
      z[c] = static_cast<float>((p - target[c]) * strength(row, c));
    }
    return loss;
  }

  double strength(std::size_t row, std::size_t output) const {
    const BagTargets& targets = bag_.targets_;
    return targets.strength_each ? targets.strength[row * bag_.k_ + output] : targets.strength[row];
  }

  void move_vectors(std::size_t member, std::size_t first, std::size_t n, float rate) const {
    const auto low = static_cast<std::int32_t>(cuts_[member]), high = static_cast<std::int32_t>(cuts_[member + 1]);
    for (std::size_t i = 0; i < n; ++i) {
      if (pull_squares_[i] == 0) continue;
      const std::size_t text = row(first + i);
      const std::int32_t* begin = bag_.rows_.indices + bag_.rows_.indptr[text];
      const std::int32_t* end = bag_.rows_.indices + bag_.rows_.indptr[text + 1];
      if (cuts_.size() > 2) {
        begin = std::lower_bound(begin, end, low);
        end = std::lower_bound(begin, end, high);
      }
      with_stride(stride_, [&]<std::size_t kStride>() { move_some<kStride>(begin, end, i, rate); });
    }
  }

  template <std::size_t kStride>
  void move_some(const std::int32_t* at, const std::int32_t* end, std::size_t i, float rate) const {
    const float* value = bag_.rows_.data + (at - bag_.rows_.indices);
    const float* pulls = pulls_.data() + i * stride_;
    const float squares = pull_squares_[i];
    float* all_sums = bag_.vector_sums_.data();
    for (; at < end; ++at, ++value) {
      if (end - at > static_cast<std::ptrdiff_t>(kAhead)) {
        prefetch(at[kAhead]);
        __builtin_prefetch(all_sums + at[kAhead], 1);
      }
      float& sum = all_sums[*at];
      sum += *value * *value * squares;
      if (sum > 0) add_scaled(vector_of(*at), -rate * *value / std::sqrt(sum), pulls, kStride ? kStride : stride_);
    }
  }

  void move_head(std::size_t member, std::size_t members, std::size_t n, float rate) {
    float* sums = sums_[member].data();
    for (std::size_t j = stride_ * member / members; j < stride_ * (member + 1) / members; ++j) {
      std::fill(sums, sums + k_, 0.0f);
      for (std::size_t i = 0; i < n; ++i) add_scaled(sums, hidden_[i * stride_ + j], slopes_.data() + i * k_, k_);
      for (std::size_t c = 0; c < bag_.k_; ++c) step(bag_.head_[j * k_ + c], bag_.head_sums_[j * k_ + c], sums[c], rate);
    }
    if (member != 0) return;
    std::fill(sums, sums + k_, 0.0f);
    for (std::size_t i = 0; i < n; ++i) add_scaled(sums, 1.0f, slopes_.data() + i * k_, k_);
    for (std::size_t c = 0; c < bag_.k_; ++c) step(bag_.bias_[c], bag_.bias_sums_[c], sums[c], rate);
  }

  Bag& bag_;
  const std::size_t k_, stride_;  // with what they are padded by
  const std::int32_t* const order_;
  const std::size_t n_, batch_;
  const float first_rate_, last_rate_;
  const CancelFlag* const flag_ = current_cancel_flag;
  std::vector<std::size_t> cuts_;                              // columns of each thread, of about as many entries
  std::vector<float> hidden_, pulls_, slopes_, pull_squares_;  // of the batch's texts
  std::vector<double> losses_;
  std::vector<std::vector<float>> sums_;  // of each thread
  std::atomic<std::size_t> next_{0};      // text to look at
  double total_ = 0;
  bool stopped_ = false;
};

Bag::Bag(const Sparse& rows, const BagTargets& targets, std::size_t n_outputs, std::size_t width, const float* start)
    : rows_(rows),
      targets_(targets),
      k_(n_outputs),
      width_(width),
      padded_k_(padded(n_outputs)),
      stride_(padded(width)),
      before_(rows.n_columns + 1),
      vectors_(rows.n_columns * stride_),
      vector_sums_(rows.n_columns),
      head_(stride_ * padded_k_),
      head_sums_(stride_ * padded_k_),
      bias_(padded_k_),
      bias_sums_(padded_k_) {
  for (std::size_t row = 0; row < rows.n_rows; ++row)
    for (std::int32_t i = rows.indptr[row]; i < rows.indptr[row + 1]; ++i) {
      if (i > rows.indptr[row] && rows.indices[i] <= rows.indices[i - 1]) throw std::invalid_argument("columns: wanted them to ascend in each row");
      ++before_[static_cast<std::size_t>(rows.indices[i]) + 1];
    }
  for (std::size_t i = 0; i < rows.n_columns; ++i) before_[i + 1] += before_[i];
  for (std::size_t i = 0; i < rows.n_columns; ++i) {
    float* to = vectors_.data() + i * stride_;
    std::copy(start + i * width, start + (i + 1) * width, to);
    std::fill(to + width, to + stride_, 0.0f);
  }
}

double Bag::epoch(const std::int32_t* order, std::size_t n, std::size_t batch, float first_rate, float last_rate, std::size_t threads) {
  return Epoch(*this, order, n, batch, first_rate, last_rate).run(threads);
}

void Bag::vectors(float* out) const {
  for (std::size_t i = 0; i < rows_.n_columns; ++i) out = std::copy_n(vectors_.data() + i * stride_, width_, out);
}

void Bag::head(float* out) const {
  for (std::size_t j = 0; j < width_; ++j) out = std::copy_n(head_.data() + j * padded_k_, k_, out);
}

void Bag::bias(float* out) const { std::copy_n(bias_.data(), k_, out); }

}  // namespace textmill
