#include "core/hashing.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include "core/parallel.hpp"

namespace textmill {
namespace {

constexpr std::size_t kTokensAThread = 8 * 1024;

// Ascending; by digits where that is worth it.
void sort_keys(std::vector<std::uint64_t>& keys, std::vector<std::uint64_t>& spare, int bits) {
  constexpr int kDigit = 11;
  if (keys.size() < 96) {
    std::sort(keys.begin(), keys.end());
    return;
  }
  spare.resize(keys.size());
  for (int shift = 0; shift < bits; shift += kDigit) {
    std::array<std::uint32_t, 1 << kDigit> places{};
    for (const std::uint64_t key : keys) ++places[(key >> shift) & ((1 << kDigit) - 1)];
    std::uint32_t before = 0;
    for (std::uint32_t& place : places) before += std::exchange(place, before);
    for (const std::uint64_t key : keys) spare[places[(key >> shift) & ((1 << kDigit) - 1)]++] = key;
    keys.swap(spare);
  }
}

}  // namespace

std::uint32_t murmur3(std::string_view bytes, std::uint32_t seed) {
  constexpr std::uint32_t c1 = 0xCC9E2D51, c2 = 0x1B873593;
  std::uint32_t h = seed;
  const std::size_t blocks = bytes.size() / 4;
  for (std::size_t i = 0; i < blocks; ++i) {
    std::uint32_t k;
    std::memcpy(&k, bytes.data() + 4 * i, 4);
    h ^= std::rotl(k * c1, 15) * c2;
    h = std::rotl(h, 13) * 5 + 0xE6546B64;
  }
  std::uint32_t k = 0;
  for (std::size_t i = bytes.size(); i-- > 4 * blocks;) k = k << 8 | static_cast<unsigned char>(bytes[i]);
  if (bytes.size() & 3) h ^= std::rotl(k * c1, 15) * c2;
  h ^= static_cast<std::uint32_t>(bytes.size());
  h = (h ^ (h >> 16)) * 0x85EBCA6B;
  h = (h ^ (h >> 13)) * 0xC2B2AE35;
  return h ^ (h >> 16);
}

Counted hash_counts(const std::int32_t* ids, const std::int64_t* rows, std::size_t n_texts, const std::int32_t* type_terms,
                    const Texts& terms, int low, int high, std::int32_t n_features, bool alternate_sign, std::size_t threads) {
  const auto width = static_cast<std::uint32_t>(n_features);
  // a column and, in the last bit, whether it counts down
  const auto key_of = [&](std::string_view gram) {
    const auto h = static_cast<std::int32_t>(murmur3(gram, 0));
    // the magnitude of -2^31 does not fit; scikit-learn reads it thus
    const std::uint32_t magnitude = h == std::numeric_limits<std::int32_t>::min() ? 2147483647u - (width - 1)
                                                                                 : static_cast<std::uint32_t>(h < 0 ? -h : h);
    return static_cast<std::uint64_t>(magnitude % width) << 1 | static_cast<std::uint64_t>(alternate_sign && h < 0);
  };
  std::vector<std::uint64_t> word_keys(low == 1 ? terms.n : 0);
  for (std::size_t term = 0; term < word_keys.size(); ++term) word_keys[term] = key_of(terms[term]);
  const int bits = 1 + std::bit_width(width);

  const std::size_t shards = worthwhile(threads, static_cast<std::size_t>(rows[n_texts]), kTokensAThread);
  const std::vector<std::size_t> cuts = even_cuts(rows, n_texts, shards);
  std::vector<Counted> found(shards);
  in_parallel(shards, [&](std::size_t s) {
    Counted& out = found[s];
    std::vector<std::uint64_t> keys, spare;
    std::vector<std::int32_t> kept;
    std::string gram;
    for (std::size_t text = cuts[s]; text < cuts[s + 1]; ++text) {
      kept.clear();
      keys.clear();
      for (std::int64_t i = rows[text]; i < rows[text + 1]; ++i)
        if (type_terms[ids[i]] >= 0) kept.push_back(type_terms[ids[i]]);
      for (std::size_t first = 0; first < kept.size(); ++first) {
        if (low == 1) keys.push_back(word_keys[static_cast<std::size_t>(kept[first])]);
        if (high == 1) continue;
        gram.assign(terms[static_cast<std::size_t>(kept[first])]);
        for (std::size_t length = 2; length <= static_cast<std::size_t>(high) && first + length <= kept.size(); ++length) {
          gram.push_back(' ');
          gram.append(terms[static_cast<std::size_t>(kept[first + length - 1])]);
          if (length >= static_cast<std::size_t>(low)) keys.push_back(key_of(gram));
        }
      }
      sort_keys(keys, spare, bits);
      for (std::size_t i = 0; i < keys.size();) {
        const std::uint64_t column = keys[i] >> 1;
        std::int32_t count = 0;
        for (; i < keys.size() && keys[i] >> 1 == column; ++i) count += keys[i] & 1 ? -1 : 1;
        out.indices.push_back(static_cast<std::int32_t>(column));
        out.data.push_back(count);
      }
      if (out.indices.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
        throw std::overflow_error("2^31 or more counts at once");
      out.indptr.push_back(static_cast<std::int32_t>(out.indices.size()));
      out.lengths.push_back(static_cast<std::int32_t>(kept.size()));
    }
  });
  return join(found);
}

}  // namespace textmill
