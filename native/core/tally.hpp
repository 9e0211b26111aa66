// Exact counts of n-grams of one length, in parts that each fit a processor's own cache while they grow.
#pragma once

#include <cstdint>
#include <vector>

namespace textmill {

// N-grams of one length in ascending order of their terms.
struct Tallied {
  std::vector<std::int32_t> terms;    // `length` a gram
  std::vector<std::uint32_t> counts;  // one a gram
};

class GramTally {
 public:
  // `waiting`: the bytes of occurrences that are gathered before they are counted, about.
  GramTally(int length, std::size_t waiting);

  void prepare(std::size_t shards);
  // Counts one occurrence; shards may do so side by side. It is in the counts after the next `settle`.
  void push(std::size_t shard, const std::int32_t* terms);
  std::size_t waiting() const;  // bytes
  void settle(std::size_t threads);

  std::size_t size() const;  // n-grams
  std::size_t memory() const;
  // Those counted `least` times or more whose terms all have a number in `numbers`, which is not negative then, with
  // these numbers as their terms. Empties the tally.
  Tallied sorted(std::uint32_t least, const std::vector<std::int32_t>& numbers, std::size_t n_numbers);

 private:
  // Open addressing; a gram is `width_` words of two terms each.
  struct Part {
    std::vector<std::uint64_t> keys;
    std::vector<std::uint32_t> counts;  // 0: free
    std::size_t used = 0;
  };
  std::uint64_t hash(const std::uint64_t* key) const;
  void count(Part& part, const std::uint64_t* key, std::uint32_t by) const;
  void grow(Part& part) const;

  int length_, part_bits_;
  std::size_t width_;
  std::vector<Part> parts_;
  std::vector<std::vector<std::vector<std::uint64_t>>> waiting_;  // [shard][part]
};

}  // namespace textmill
