// A first look at a corpus of any size: for every n-gram an upper bound of the number of texts in which it stands, in
// an amount of memory that is said before. A count-min sketch (Cormode and Muthukrishnan 2005) of one row, with small
// counters that stay at their highest value.
#pragma once

#include <cstdint>
#include <vector>

#include "core/gram_hash.hpp"
#include "core/scan.hpp"

namespace textmill {

// The n-grams whose bound reached a limit; one that holds nothing lets all pass.
class GramFilter {
 public:
  GramFilter() = default;
  GramFilter(std::vector<std::uint8_t> bits, std::size_t n) : bits_(std::move(bits)), n_(n) {}

  bool all() const { return n_ == 0; }
  bool passes(std::uint64_t hash) const {
    if (n_ == 0) return true;
    const std::size_t place = place_of(hash, n_);
    return bits_[place >> 3] >> (place & 7) & 1;
  }
  void prefetch(std::uint64_t hash) const {
    if (n_) __builtin_prefetch(&bits_[place_of(hash, n_) >> 3]);
  }
  std::size_t memory() const { return bits_.capacity(); }

 private:
  std::vector<std::uint8_t> bits_;
  std::size_t n_ = 0;
};

class GramSketch {
 public:
  // At most `bytes` of counters of 1, 2, 4 or 8 bits, for n-grams of 1 to `high` terms. A small corpus takes less.
  GramSketch(std::size_t bytes, int bits, int high);

  // What the types from the last one named on become; an empty term is one that is left out.
  void name(const Texts& terms);
  void name(const InternTable& types);  // the types are the terms
  std::size_t named() const { return hashes_.size(); }
  void forget() { hashes_.clear(); }  // the types begin anew at 0

  // Counts each n-gram once a text; all ids are named.
  void add(const std::int32_t* ids, const std::int64_t* rows, std::size_t n_texts, std::size_t threads);

  // Ends the counting: a filter for n-grams that may stand in `limit` texts or more. Gives the counters' memory back.
  GramFilter at_least(std::uint32_t limit, std::size_t threads);
  std::size_t memory() const;

 private:
  void divide();
  void flush(std::size_t threads);
  void grow(std::size_t threads);

  int bits_, high_;
  int doublings_ = 0;  // that are still allowed
  int slice_bits_;     // counters of a slice, as a power of two: a slice fits a processor's own cache
  std::size_t n_slices_;
  std::vector<std::uint8_t> counters_;
  std::vector<std::uint64_t> hashes_;  // of the term of each type; 0 where it is left out
  // [shard][slice]: what is to be counted up, as places in the slice; they wait until a slice is worth fetching
  std::vector<std::vector<std::vector<std::uint32_t>>> waiting_;
  std::vector<Distinct> seen_;  // [shard]
  std::size_t n_waiting_ = 0, n_counted_ = 0;
};

}  // namespace textmill
