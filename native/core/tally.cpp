#include "core/tally.hpp"

#include <array>
#include <atomic>
#include <bit>
#include <limits>
#include <stdexcept>
#include <utility>

#include "core/gram_hash.hpp"
#include "core/parallel.hpp"

namespace textmill {
namespace {
constexpr int kMostPartBits = 10;
constexpr std::size_t kWaitingAPart = 4096;  // bytes: fewer are not worth fetching a part
constexpr std::size_t kKeysAThread = 16 * 1024;
constexpr int kLongest = 8;
}  // namespace

GramTally::GramTally(int length, std::size_t waiting)
    : length_(length), part_bits_(std::clamp(static_cast<int>(std::bit_width(waiting / kWaitingAPart)), 1, kMostPartBits)),
      width_((static_cast<std::size_t>(length) + 1) / 2), parts_(std::size_t{1} << part_bits_) {
  if (length < 2 || length > kLongest) throw std::invalid_argument("n-grams of 2 to 8 words");
}

void GramTally::prepare(std::size_t shards) {
  if (waiting_.size() < shards) waiting_.resize(shards, std::vector<std::vector<std::uint64_t>>(parts_.size()));
}

std::uint64_t GramTally::hash(const std::uint64_t* key) const {
  std::uint64_t h = extend_hash(0x9E3779B97F4A7C15ULL, key[0]);
  for (std::size_t i = 1; i < width_; ++i) h = extend_hash(h, key[i]);
  return extend_hash(h, 0);
}

void GramTally::push(std::size_t shard, const std::int32_t* terms) {
  std::array<std::uint64_t, kLongest / 2> key{};
  for (int i = 0; i < length_; ++i)
    key[static_cast<std::size_t>(i) / 2] |= static_cast<std::uint64_t>(static_cast<std::uint32_t>(terms[i])) << (i % 2 ? 0 : 32);
  std::vector<std::uint64_t>& waiting = waiting_[shard][hash(key.data()) >> (64 - part_bits_)];
  for (std::size_t i = 0; i < width_; ++i) waiting.push_back(key[i]);
}

std::size_t GramTally::waiting() const {
  std::size_t n = 0;
  for (const auto& shard : waiting_)
    for (const auto& part : shard) n += part.size();
  return n * sizeof(std::uint64_t);
}

void GramTally::settle(std::size_t threads) {
  const std::size_t shards = worthwhile(threads, waiting() / sizeof(std::uint64_t), kKeysAThread);
  std::atomic<std::size_t> next{0};
  in_parallel(shards, [&](std::size_t) {
    for (std::size_t p; (p = next++) < parts_.size();)
      for (auto& shard : waiting_) {
        for (std::size_t i = 0; i < shard[p].size(); i += width_) count(parts_[p], &shard[p][i], 1);
        shard[p].clear();
      }
  });
}

void GramTally::count(Part& part, const std::uint64_t* key, std::uint32_t by) const {
  if ((part.used + 1) * 5 > part.counts.size() * 4) grow(part);
  const std::size_t n = part.counts.size();
  for (std::size_t i = place_of(hash(key) << part_bits_, n);; i = i + 1 == n ? 0 : i + 1) {
    std::uint64_t* slot = &part.keys[i * width_];
    if (part.counts[i] == 0) {
      std::copy(key, key + width_, slot);
      part.counts[i] = by;
      ++part.used;
      return;
    }
    bool same = slot[0] == key[0];
    for (std::size_t k = 1; k < width_; ++k) same &= slot[k] == key[k];
    if (same) {
      if (part.counts[i] > std::numeric_limits<std::uint32_t>::max() - by) throw std::overflow_error("an n-gram more than 4,294,967,295 times");
      part.counts[i] += by;
      return;
    }
  }
}

// By half at a time: what stands empty counts against the budget.
void GramTally::grow(Part& part) const {
  Part larger;
  const std::size_t n = std::max<std::size_t>(8, part.counts.size() + part.counts.size() / 2);
  larger.keys.resize(n * width_);
  larger.counts.resize(n);
  for (std::size_t i = 0; i < part.counts.size(); ++i)
    if (part.counts[i]) count(larger, &part.keys[i * width_], part.counts[i]);
  part = std::move(larger);
}

std::size_t GramTally::size() const {
  std::size_t n = 0;
  for (const Part& part : parts_) n += part.used;
  return n;
}

std::size_t GramTally::memory() const {
  std::size_t words = 0;
  for (const auto& shard : waiting_)
    for (const auto& part : shard) words += part.capacity();
  std::size_t bytes = words * sizeof(std::uint64_t);
  for (const Part& part : parts_) bytes += part.keys.capacity() * sizeof(std::uint64_t) + part.counts.capacity() * sizeof(std::uint32_t);
  return bytes;
}

Tallied GramTally::sorted(std::uint32_t least, const std::vector<std::int32_t>& numbers, std::size_t n_numbers) {
  waiting_ = {};
  std::size_t n = 0;
  for (const Part& part : parts_)
    for (const std::uint32_t count : part.counts) n += count >= least;  // least is 1 or more, so nothing free
  if (n >= static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) throw std::overflow_error("more than 2,147,483,646 n-grams");
  const auto length = static_cast<std::size_t>(length_);
  Tallied found;
  found.terms.reserve(n * length);
  found.counts.reserve(n);
  for (Part& part : parts_) {
    for (std::size_t i = 0; i < part.counts.size(); ++i) {
      if (part.counts[i] < least) continue;
      std::array<std::int32_t, kLongest> gram;
      bool whole = true;
      for (std::size_t k = 0; k < length; ++k) {
        const std::uint64_t pair = part.keys[i * width_ + k / 2];
        gram[k] = numbers[static_cast<std::size_t>(static_cast<std::uint32_t>(k % 2 ? pair : pair >> 32))];
        whole &= gram[k] >= 0;
      }
      if (!whole) continue;
      found.terms.insert(found.terms.end(), gram.begin(), gram.begin() + static_cast<std::ptrdiff_t>(length));
      found.counts.push_back(part.counts[i]);
    }
    part = {};
  }
  n = found.counts.size();
  // a stable counting sort by each term, the last one first
  std::vector<std::uint32_t> order(n), next(n);
  for (std::size_t i = 0; i < n; ++i) order[i] = static_cast<std::uint32_t>(i);
  std::vector<std::uint32_t> places(n_numbers);
  for (std::size_t k = length; k-- > 0;) {
    std::fill(places.begin(), places.end(), 0);
    for (std::size_t i = 0; i < n; ++i) ++places[static_cast<std::size_t>(found.terms[i * length + k])];
    std::uint32_t before = 0;
    for (std::uint32_t& place : places) before += std::exchange(place, before);
    for (const std::uint32_t i : order) next[places[static_cast<std::size_t>(found.terms[i * length + k])]++] = i;
    order.swap(next);
  }
  next = {};
  Tallied out;
  out.terms.reserve(n * length);
  out.counts.reserve(n);
  for (const std::uint32_t i : order) {
    out.terms.insert(out.terms.end(), found.terms.begin() + static_cast<std::ptrdiff_t>(i * length),
                     found.terms.begin() + static_cast<std::ptrdiff_t>((i + 1) * length));
    out.counts.push_back(found.counts[i]);
  }
  return out;
}

}  // namespace textmill
