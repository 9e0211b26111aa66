#include "core/sketch.hpp"

#include <array>
#include <atomic>
#include <bit>
#include <stdexcept>

#include "core/parallel.hpp"

namespace textmill {
namespace {

constexpr std::size_t kTokensAThread = 16 * 1024;
constexpr std::size_t kSlices = 1024;
constexpr std::size_t kLeastSlice = 4096, kSlice = 256 * 1024;  // bytes
constexpr std::size_t kFirst = 128 * 1024;                      // bytes of counters to begin with
constexpr std::size_t kRoom = 32;                               // counters for each that is counted up, before they grow

}  // namespace

GramSketch::GramSketch(std::size_t bytes, int bits, int high) : bits_(bits), high_(high) {
  if (bits != 1 && bits != 2 && bits != 4 && bits != 8) throw std::invalid_argument("counters of 1, 2, 4 or 8 bits");
  bytes = std::max(bytes / kLeastSlice, std::size_t{1}) * kLeastSlice;
  while (bytes > kFirst) {
    bytes = bytes / 2 / kLeastSlice * kLeastSlice;
    ++doublings_;
  }
  counters_.assign(bytes, 0);
  divide();
}

// Slices of equal size, a power of two, of which there are not too many.
void GramSketch::divide() {
  const std::size_t bytes = counters_.size();
  std::size_t slice = std::min(kSlice, std::size_t{1} << std::countr_zero(bytes));
  while (bytes / slice > kSlices && bytes % (2 * slice) == 0) slice *= 2;
  n_slices_ = bytes / slice;
  slice_bits_ = std::countr_zero(slice * 8 / static_cast<std::size_t>(bits_));
}

// Twice the counters: what has one place has two then, each with the count of the one, which stays a bound for both.
void GramSketch::grow(std::size_t threads) {
  flush(threads);
  std::array<std::array<std::uint8_t, 2>, 256> twice{};
  const unsigned in_byte = 8u / static_cast<unsigned>(bits_), highest = (1u << bits_) - 1;
  for (unsigned byte = 0; byte < 256; ++byte)
    for (unsigned i = 0; i < 2 * in_byte; ++i)
      twice[byte][i / in_byte] = static_cast<std::uint8_t>(
          twice[byte][i / in_byte] | ((byte >> (i / 2 * static_cast<unsigned>(bits_))) & highest) << (i % in_byte * static_cast<unsigned>(bits_)));
  std::vector<std::uint8_t> larger(2 * counters_.size());
  for (std::size_t i = 0; i < counters_.size(); ++i) {
    larger[2 * i] = twice[counters_[i]][0];
    larger[2 * i + 1] = twice[counters_[i]][1];
  }
  counters_ = std::move(larger);
  --doublings_;
  divide();
  for (auto& waiting : waiting_) waiting.resize(n_slices_);
}

void GramSketch::name(const Texts& terms) {
  for (std::size_t i = 0; i < terms.n; ++i) hashes_.push_back(terms[i].empty() ? 0 : hash_term(terms[i]));
}

void GramSketch::name(const InternTable& types) {
  for (std::size_t i = hashes_.size(); i < types.size(); ++i) hashes_.push_back(hash_term(types[i]));
}

void GramSketch::add(const std::int32_t* ids, const std::int64_t* rows, std::size_t n_texts, std::size_t threads) {
  // what is to come has its room before it is counted: a count in too small a sketch stays in its larger ones
  const std::size_t most = n_counted_ + static_cast<std::size_t>(rows[n_texts]) * static_cast<std::size_t>(high_);
  while (doublings_ > 0 && most * kRoom > n_slices_ << slice_bits_) grow(threads);
  const std::size_t shards = worthwhile(threads, static_cast<std::size_t>(rows[n_texts]), kTokensAThread);
  const std::vector<std::size_t> cuts = even_cuts(rows, n_texts, shards);
  if (waiting_.size() < shards) {
    waiting_.resize(shards, std::vector<std::vector<std::uint32_t>>(n_slices_));
    seen_.resize(shards);
  }
  const std::size_t n_counters = n_slices_ << slice_bits_;
  const std::size_t in_slice = (std::size_t{1} << slice_bits_) - 1;
  std::atomic<std::size_t> found{0};
  in_parallel(shards, [&](std::size_t s) {
    Distinct& seen = seen_[s];
    std::vector<std::vector<std::uint32_t>>& waiting = waiting_[s];
    std::vector<std::uint64_t> terms;
    std::size_t n = 0;
    for (std::size_t text = cuts[s]; text < cuts[s + 1]; ++text) {
      terms.clear();
      for (std::int64_t i = rows[text]; i < rows[text + 1]; ++i)
        if (const std::uint64_t hash = hashes_[static_cast<std::size_t>(ids[i])]) terms.push_back(hash);
      seen.begin(terms.size() * static_cast<std::size_t>(high_));
      for (std::size_t first = 0; first < terms.size(); ++first) {
        std::uint64_t gram = terms[first];
        for (std::size_t length = 1;; ++length) {
          if (seen.add(gram).fresh) {  // two n-grams of one hash share a counter, so one count is enough for both
            const std::size_t place = place_of(gram, n_counters);
            waiting[place >> slice_bits_].push_back(static_cast<std::uint32_t>(place & in_slice));
            ++n;
          }
          if (length == static_cast<std::size_t>(high_) || first + length == terms.size()) break;
          gram = extend_hash(gram, terms[first + length]);
        }
      }
    }
    found += n;
  });
  n_waiting_ += found;
  n_counted_ += found;
  if (n_waiting_ * sizeof(std::uint32_t) * 16 > counters_.size()) flush(threads);
}

void GramSketch::flush(std::size_t threads) {
  const auto highest = static_cast<std::uint8_t>((1u << bits_) - 1);
  const int in_byte = std::countr_zero(8u / static_cast<unsigned>(bits_));  // counters of a byte, as a power of two
  const std::size_t slice = counters_.size() / n_slices_;
  const std::size_t shards = worthwhile(threads, n_waiting_, kTokensAThread);
  std::atomic<std::size_t> next{0};
  in_parallel(shards, [&](std::size_t) {
    for (std::size_t k; (k = next++) < n_slices_;) {
      std::uint8_t* counters = counters_.data() + k * slice;
      for (auto& waiting : waiting_) {
        for (const std::uint32_t place : waiting[k]) {
          std::uint8_t& byte = counters[place >> in_byte];
          const int shift = static_cast<int>(place & ((1u << in_byte) - 1)) * bits_;
          byte = static_cast<std::uint8_t>(byte + ((((byte >> shift) & highest) != highest) << shift));
        }
        waiting[k].clear();
      }
    }
  });
  n_waiting_ = 0;
}

GramFilter GramSketch::at_least(std::uint32_t limit, std::size_t threads) {
  flush(threads);
  waiting_ = {};
  seen_ = {};
  hashes_ = {};
  const auto highest = (1u << bits_) - 1;
  limit = std::min<std::uint32_t>(limit, highest);
  const unsigned in_byte = 8u / static_cast<unsigned>(bits_);
  std::array<std::uint8_t, 256> passing{};
  for (unsigned byte = 0; byte < 256; ++byte)
    for (unsigned i = 0; i < in_byte; ++i)
      passing[byte] = static_cast<std::uint8_t>(passing[byte] | (((byte >> (i * static_cast<unsigned>(bits_))) & highest) >= limit) << i);
  std::vector<std::uint8_t> out(counters_.size() / static_cast<std::size_t>(bits_));
  const auto per = static_cast<std::size_t>(bits_);  // bytes of counters that make one of the filter's
  const std::size_t shards = worthwhile(threads, out.size(), 1 << 20);
  in_parallel(shards, [&](std::size_t s) {
    for (std::size_t i = out.size() * s / shards; i < out.size() * (s + 1) / shards; ++i) {
      unsigned byte = 0;
      for (std::size_t k = 0; k < per; ++k) byte |= static_cast<unsigned>(passing[counters_[i * per + k]]) << (k * in_byte);
      out[i] = static_cast<std::uint8_t>(byte);
    }
  });
  const std::size_t n = n_slices_ << slice_bits_;
  counters_ = {};
  return {std::move(out), n};
}

std::size_t GramSketch::memory() const {
  std::size_t bytes = counters_.capacity() + hashes_.capacity() * sizeof(std::uint64_t);
  for (const Distinct& seen : seen_) bytes += seen.memory();
  for (const auto& shard : waiting_)
    for (const auto& slice : shard) bytes += slice.capacity() * sizeof(std::uint32_t);
  return bytes;
}

}  // namespace textmill
