#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

#include "core/cancel.hpp"
#include "core/chargrams.hpp"
#include "core/parallel.hpp"

namespace textmill {
namespace {

constexpr std::size_t kTokensAThread = 8 * 1024;
constexpr std::size_t kFirstBlock = 1 << 12, kBlock = 1 << 22;  // in steps of two bytes
constexpr std::uint16_t kFar = 0xFFFF;  // what stands where a value is too large
constexpr std::int8_t kMany = -128;

int bits_for(std::size_t values) { return std::max(1, static_cast<int>(std::bit_width(values > 0 ? values - 1 : 0))); }

std::size_t steps_for(std::size_t counts) { return counts + (counts + 1) / 2; }

// Makes one row at a time, with its own buffers: one a thread. A row is made by sorting, not by look-ups in a table of
// columns: the n-grams of a text lie so far apart that each look-up would wait for memory.
class RowMaker {
 public:
  RowMaker(const UnitGrams& units, std::size_t n_columns)
      : units_(units), passes_((bits_for(n_columns) + kDigit - 1) / kDigit), width_((bits_for(n_columns) + passes_ - 1) / passes_),
        counts_of_(units.totals.size(), 0), places_(static_cast<std::size_t>(passes_) << width_, 0) {}

  std::int64_t total() const { return total_; }

  // The text's n-grams by ascending columns, one or more keys for each: twice the column plus one where it counts down,
  // in the lower half how often.
  const std::vector<std::uint64_t>& gather(const std::int32_t* ids, std::size_t n) {
    if (n > std::numeric_limits<std::uint32_t>::max()) throw std::overflow_error("a text of 2^32 words or more");
    met_.clear();
    std::size_t size = 0;
    total_ = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const auto unit = static_cast<std::size_t>(ids[i]);
      if (counts_of_[unit]++ > 0) continue;
      met_.push_back(ids[i]);
      size += static_cast<std::size_t>(units_.starts[unit + 1] - units_.starts[unit]);
    }
    keys_.resize(size);
    std::uint64_t* out = keys_.data();
    CancelWatch watch;
    for (std::size_t i = 0; i < met_.size(); ++i) {
      watch.at(static_cast<std::size_t>(out - keys_.data()));
      if (i + kAhead < met_.size()) {
        const std::uint32_t* ahead = units_.entries.data() + units_.starts[static_cast<std::size_t>(met_[i + kAhead])];
        __builtin_prefetch(ahead);
        __builtin_prefetch(ahead + 16);
      }
      const auto unit = static_cast<std::size_t>(met_[i]);
      const std::uint32_t count = std::exchange(counts_of_[unit], 0);
      total_ += count * units_.totals[unit];
      const std::uint32_t* entry = units_.entries.data() + units_.starts[unit];
      const std::uint32_t* const end = units_.entries.data() + units_.starts[unit + 1];
      for (; entry < end; ++entry) *out++ = static_cast<std::uint64_t>(*entry) << 32 | count;
    }
    sort();
    return keys_;
  }

 private:
  void sort() {
    const std::size_t n = keys_.size();
    if (n < 128) {
      std::sort(keys_.begin(), keys_.end());
      return;
    }
    spare_.resize(n);
    const std::size_t digits = std::size_t{1} << width_;
    std::fill(places_.begin(), places_.end(), 0);
    for (const std::uint64_t key : keys_)  // those of all passes at once
      for (int pass = 0, shift = kShift; pass < passes_; ++pass, shift += width_)
        ++places_[static_cast<std::size_t>(pass) * digits + (key >> shift & (digits - 1))];
    for (int pass = 0, shift = kShift; pass < passes_; ++pass, shift += width_) {
      std::uint32_t* places = places_.data() + static_cast<std::size_t>(pass) * digits;
      std::uint32_t before = 0;
      for (std::size_t d = 0; d < digits; ++d) before += std::exchange(places[d], before);
      std::uint64_t* const out = spare_.data();
      for (std::size_t i = 0; i < n;) {
        stop_if_cancelled();
        for (const std::size_t end = std::min(n, i + kBlock); i < end; ++i) out[places[keys_[i] >> shift & (digits - 1)]++] = keys_[i];
      }
      keys_.swap(spare_);
    }
  }

  static constexpr int kDigit = 11, kShift = 33;
  static constexpr std::size_t kAhead = 8;
  const UnitGrams& units_;
  int passes_, width_;
  std::vector<std::uint32_t> counts_of_;  // of each string in this text
  std::vector<std::int32_t> met_;
  std::vector<std::uint64_t> keys_, spare_;
  std::vector<std::uint32_t> places_;
  std::int64_t total_ = 0;
};

// Writes sorted keys as a row, one count a column, and calls found(column) for each; returns how many there are.
template <class Found>
std::size_t write_row(const std::vector<std::uint64_t>& keys, CountedRows::Block& block, std::uint16_t* row, std::vector<std::int64_t>& counts,
                      Found&& found) {
  if (keys.size() > std::numeric_limits<std::uint32_t>::max()) throw std::overflow_error("2^31 or more counts at once");
  counts.clear();
  std::uint64_t before = 0;
  std::size_t n = 0;
  for (std::size_t i = 0; i < keys.size(); ++n) {
    const std::uint64_t column = keys[i] >> 33;
    std::int64_t count = 0;
    for (; i < keys.size() && keys[i] >> 33 == column; ++i) {
      const auto by = static_cast<std::int64_t>(static_cast<std::uint32_t>(keys[i]));
      count += keys[i] >> 32 & 1 ? -by : by;
    }
    const std::uint64_t gap = column - before;
    before = column;
    if (gap >= kFar) block.large.push_back(static_cast<std::int64_t>(gap));
    row[n] = gap >= kFar ? kFar : static_cast<std::uint16_t>(gap);
    counts.push_back(count);
    found(static_cast<std::size_t>(column));
  }
  auto* small = reinterpret_cast<std::int8_t*>(row + n);
  for (std::size_t i = 0; i < n; ++i) {
    const bool many = counts[i] <= kMany || counts[i] > std::numeric_limits<std::int8_t>::max();
    if (many) block.large.push_back(counts[i]);
    small[i] = many ? kMany : static_cast<std::int8_t>(counts[i]);
  }
  return n;
}

// The idf of columns. Many columns have the same, and their number takes up less room than themselves: look-ups wait for
// memory.
class Idf {
 public:
  Idf(const double* idf, std::size_t n_columns) : idf_(idf) {
    if (!idf || n_columns < 4096) return;
    std::vector<double> sorted(idf, idf + n_columns);
    std::sort(sorted.begin(), sorted.end());
    sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
    if (sorted.size() > 65536) return;
    values_ = std::move(sorted);
    numbers_.resize(n_columns);
    for (std::size_t c = 0; c < n_columns; ++c)
      numbers_[c] = static_cast<std::uint16_t>(std::lower_bound(values_.begin(), values_.end(), idf[c]) - values_.begin());
  }
  explicit operator bool() const { return idf_; }
  double operator[](std::size_t column) const { return numbers_.empty() ? idf_[column] : values_[numbers_[column]]; }

 private:
  const double* idf_;
  std::vector<double> values_;
  std::vector<std::uint16_t> numbers_;
};

}  // namespace

CountedRows count_chars(const UnitGrams& units, const std::int32_t* ids, const std::int64_t* rows, std::size_t n_texts,
                        std::size_t n_columns, bool with_df, std::size_t threads) {
  const std::size_t n_shards = worthwhile(threads, static_cast<std::size_t>(rows[n_texts]), kTokensAThread);
  CountedRows all;
  all.cuts = even_cuts(rows, n_texts, n_shards);
  all.shards.resize(n_shards);
  all.sizes.resize(n_texts);
  all.totals.resize(n_texts);
  std::vector<std::vector<std::int64_t>> dfs(n_shards);
  in_parallel(n_shards, [&](std::size_t s) {
    RowMaker maker(units, n_columns);
    std::vector<CountedRows::Block>& blocks = all.shards[s];
    std::vector<std::int64_t>& df = dfs[s];
    std::vector<std::uint16_t> some(with_df ? n_columns : 0, 0);  // of the last texts: small, to be near
    std::vector<std::int64_t> counts;
    std::size_t used = 0, room = 0;  // of the last block
    const auto add_up = [&] {
      df.resize(some.size());
      for (std::size_t column = 0; column < some.size(); ++column) df[column] += std::exchange(some[column], 0);
    };
    for (std::size_t text = all.cuts[s]; text < all.cuts[s + 1]; ++text) {
      stop_if_cancelled();
      const std::vector<std::uint64_t>& keys = maker.gather(ids + rows[text], static_cast<std::size_t>(rows[text + 1] - rows[text]));
      const std::size_t most = steps_for(keys.size());
      if (used + most > room || blocks.empty()) {
        room = std::max(most, blocks.empty() ? kFirstBlock : std::min(kBlock, 4 * room));
        used = 0;
        blocks.push_back({page_array<std::uint16_t>(room), text, {}});
      }
      CountedRows::Block& block = blocks.back();
      std::uint16_t* const row = block.rows.get() + used;
      const std::size_t size = with_df ? write_row(keys, block, row, counts, [&](std::size_t column) { ++some[column]; })
                                       : write_row(keys, block, row, counts, [](std::size_t) {});
      used += steps_for(size);
      block.end_text = text + 1;
      all.sizes[text] = static_cast<std::uint32_t>(size);
      all.totals[text] = maker.total();
      if (with_df && (text - all.cuts[s]) % 65535 == 65534) add_up();
    }
    add_up();
  });
  if (with_df) {
    all.df.assign(n_columns, 0);
    for (const std::vector<std::int64_t>& df : dfs)
      for (std::size_t column = 0; column < n_columns; ++column) all.df[column] += df[column];
  }
  return all;
}

template <class T>
WeighedRows<T> weigh_chars(CountedRows&& counted, std::size_t n_columns, const std::int32_t* renumbered, const Weighting& w) {
  const std::size_t n_texts = counted.sizes.size(), n_shards = counted.shards.size();
  std::vector<std::int64_t> ends(n_texts + 1, 0);
  // made(text, gaps, counts, n, large) for each row of a shard; returns the place in `large` behind the row's
  const auto each = [&](std::size_t s, bool last, auto&& made) {
    std::size_t text = counted.cuts[s];
    for (CountedRows::Block& block : counted.shards[s]) {
      const std::uint16_t* row = block.rows.get();
      const std::int64_t* large = block.large.data();
      for (; text < block.end_text; ++text) {
        stop_if_cancelled();
        const std::size_t n = counted.sizes[text];
        large = made(text, row, reinterpret_cast<const std::int8_t*>(row + n), n, large);
        row += steps_for(n);
      }
      if (last) block = {nullptr, text, {}};
    }
  };
  if (!renumbered) {
    for (std::size_t text = 0; text < n_texts; ++text) ends[text + 1] = counted.sizes[text];
  } else {
    in_parallel(n_shards, [&](std::size_t s) {
      each(s, false, [&](std::size_t text, const std::uint16_t* gaps, const std::int8_t* counts, std::size_t n, const std::int64_t* large) {
        std::int64_t column = 0, kept = 0;
        for (std::size_t i = 0; i < n; ++i) {
          column += gaps[i] == kFar ? *large++ : gaps[i];
          kept += renumbered[column] >= 0;
        }
        ends[text + 1] = kept;
        return large + std::count(counts, counts + n, kMany);
      });
    });
  }
  for (std::size_t text = 0; text < n_texts; ++text) ends[text + 1] += ends[text];
  if (ends[n_texts] > std::numeric_limits<std::int32_t>::max()) throw std::overflow_error("2^31 or more counts at once");
  const Idf idf(w.idf, n_columns);
  WeighedRows<T> out;
  out.indptr.assign(ends.begin(), ends.end());
  out.data = page_array<T>(static_cast<std::size_t>(ends[n_texts]));
  out.indices = page_array<std::int32_t>(static_cast<std::size_t>(ends[n_texts]));
  in_parallel(n_shards, [&](std::size_t s) {
    std::vector<double> weights;
    std::vector<std::int32_t> columns;
    each(s, true, [&](std::size_t text, const std::uint16_t* gaps, const std::int8_t* counts, std::size_t n, const std::int64_t* large) {
      columns.resize(n);
      weights.resize(n);
      std::int64_t column = 0;
      for (std::size_t i = 0; i < n; ++i) {
        column += gaps[i] == kFar ? *large++ : gaps[i];
        columns[i] = static_cast<std::int32_t>(column);
      }
      for (std::size_t i = 0; i < n; ++i) weights[i] = static_cast<double>(counts[i] == kMany ? *large++ : counts[i]);
      if (renumbered) {
        std::size_t kept = 0;
        for (std::size_t i = 0; i < n; ++i) {
          columns[kept] = renumbered[columns[i]];
          weights[kept] = weights[i];
          kept += columns[kept] >= 0;
        }
        n = kept;
      }
      if (w.tf == Tf::binary) std::fill_n(weights.begin(), n, 1.0);
      if (w.tf == Tf::sublinear)
        for (std::size_t i = 0; i < n; ++i) weights[i] = weights[i] == 1 ? 1 : 1 + std::log(weights[i]);
      if (w.tf == Tf::relative)
        for (std::size_t i = 0; i < n; ++i) weights[i] /= static_cast<double>(counted.totals[text]);
      if (idf)
        for (std::size_t i = 0; i < n; ++i) weights[i] *= idf[static_cast<std::size_t>(columns[i])];
      double sum = 0;
      if (w.norm != Norm::none)
        for (std::size_t i = 0; i < n; ++i) sum += w.norm == Norm::l2 ? weights[i] * weights[i] : std::fabs(weights[i]);
      const double scale = sum == 0 ? 1 : w.norm == Norm::l2 ? std::sqrt(sum) : sum;
      std::copy_n(columns.data(), n, out.indices.get() + ends[text]);
      T* const data = out.data.get() + ends[text];
      for (std::size_t i = 0; i < n; ++i) data[i] = static_cast<T>(weights[i] / scale);
      return large;
    });
  });
  return out;
}

template WeighedRows<float> weigh_chars<float>(CountedRows&&, std::size_t, const std::int32_t*, const Weighting&);
template WeighedRows<double> weigh_chars<double>(CountedRows&&, std::size_t, const std::int32_t*, const Weighting&);
template WeighedRows<std::int64_t> weigh_chars<std::int64_t>(CountedRows&&, std::size_t, const std::int32_t*, const Weighting&);

}  // namespace textmill
