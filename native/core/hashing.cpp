#include "core/hashing.hpp"

#include <bit>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>

#include "core/parallel.hpp"
#include "core/row_counter.hpp"

namespace textmill {
namespace {

constexpr std::size_t kTokensAThread = 8 * 1024;

// MurmurHash3 of a string that comes in pieces: the blocks of four bytes so far, and the up to three bytes behind them.
struct Murmur {
  std::uint32_t hash;
  std::uint32_t size = 0;
  std::uint32_t rest = 0;

  explicit Murmur(std::uint32_t seed) : hash(seed) {}

  // 3 bytes behind the string can be read.
  void add(const char* bytes, std::size_t n) {
    std::uint32_t have = size & 3;
    size += static_cast<std::uint32_t>(n);
    const auto take = [&](std::uint32_t some, std::uint32_t count) {
      // `have` bytes wait: they and the first of these are a block, or wait together
      const std::uint64_t both = static_cast<std::uint64_t>(some) << (8 * have) | rest;
      have += count;
      const bool full = have >= 4;
      if (full) block(static_cast<std::uint32_t>(both));
      rest = static_cast<std::uint32_t>(full ? both >> 32 : both);
      have &= 3;
    };
    std::uint32_t some;
    for (; n >= 4; n -= 4, bytes += 4) {
      std::memcpy(&some, bytes, 4);
      take(some, 4);
    }
    if (n == 0) return;
    std::memcpy(&some, bytes, 4);
    take(some & ((1u << (8 * n)) - 1), static_cast<std::uint32_t>(n));
  }
  std::uint32_t finish() const {
    std::uint32_t h = hash;
    if (size & 3) h ^= std::rotl(rest * c1, 15) * c2;
    h ^= size;
    h = (h ^ (h >> 16)) * 0x85EBCA6B;
    h = (h ^ (h >> 13)) * 0xC2B2AE35;
    return h ^ (h >> 16);
  }

 private:
  static constexpr std::uint32_t c1 = 0xCC9E2D51, c2 = 0x1B873593;
  void block(std::uint32_t k) {
    hash ^= std::rotl(k * c1, 15) * c2;
    hash = std::rotl(hash, 13) * 5 + 0xE6546B64;
  }
};

}  // namespace

std::uint32_t murmur3(std::string_view bytes, std::uint32_t seed) {
  std::string padded(bytes);
  padded.append(3, '\0');
  Murmur all(seed);
  all.add(padded.data(), bytes.size());
  return all.finish();
}

std::uint32_t hashed_column(std::uint32_t hash, std::uint32_t n_features, bool alternate_sign) {
  const auto h = static_cast<std::int32_t>(hash);
  // the magnitude of -2^31 does not fit; scikit-learn reads it thus
  const std::uint32_t magnitude = h == std::numeric_limits<std::int32_t>::min() ? 2147483647u - (n_features - 1)
                                                                               : static_cast<std::uint32_t>(h < 0 ? -h : h);
  const bool power = (n_features & (n_features - 1)) == 0;  // then there is no need for a division
  return (power ? magnitude & (n_features - 1) : magnitude % n_features) << 1 | static_cast<std::uint32_t>(alternate_sign && h < 0);
}

Counted hash_counts(const std::int32_t* ids, const std::int64_t* rows, std::size_t n_texts, const std::int32_t* type_terms,
                    const Texts& terms, int low, int high, std::int32_t n_features, bool alternate_sign, std::size_t threads) {
  const auto width = static_cast<std::uint32_t>(n_features);
  struct Key {
    std::uint32_t column;
    bool down;
  };
  const auto key_of = [&](std::uint32_t hash) -> Key {
    const std::uint32_t found = hashed_column(hash, width, alternate_sign);
    return {found >> 1, (found & 1) != 0};
  };
  // of each word: its column, and how the hash of a longer n-gram goes on behind it and a blank
  std::vector<char> padded(terms.bytes + terms.offsets[0], terms.bytes + terms.offsets[terms.n]);
  padded.resize(padded.size() + 4);
  const auto bytes_of = [&](std::size_t term) { return padded.data() + (terms.offsets[term] - terms.offsets[0]); };
  std::vector<Key> word_keys(low == 1 ? terms.n : 0);
  std::vector<Murmur> begun(high > 1 ? terms.n : 0, Murmur(0));
  for (std::size_t term = 0; term < terms.n; ++term) {
    Murmur word(0);
    word.add(bytes_of(term), terms[term].size());
    if (low == 1) word_keys[term] = key_of(word.finish());
    if (high == 1) continue;
    word.add(" \0\0", 1);
    begun[term] = word;
  }

  const std::size_t shards = worthwhile(threads, static_cast<std::size_t>(rows[n_texts]), kTokensAThread);
  const std::vector<std::size_t> cuts = even_cuts(rows, n_texts, shards);
  std::vector<Counted> found(shards);
  in_parallel(shards, [&](std::size_t s) {
    Counted& out = found[s];
    RowCounter row(width, static_cast<std::size_t>(rows[cuts[s + 1]] - rows[cuts[s]]));
    const auto most = static_cast<std::size_t>(rows[cuts[s + 1]] - rows[cuts[s]]) * static_cast<std::size_t>(high - low + 1);
    out.data.reserve(most);  // what is not written takes no memory
    out.indices.reserve(most);
    std::vector<std::size_t> kept;
    CancelWatch watch(static_cast<std::size_t>(rows[cuts[s]]));
    for (std::size_t text = cuts[s]; text < cuts[s + 1]; ++text) {
      kept.clear();
      for (std::int64_t i = rows[text]; i < rows[text + 1]; ++i)
        if (type_terms[ids[i]] >= 0) kept.push_back(static_cast<std::size_t>(type_terms[ids[i]]));
      for (std::size_t first = 0; first < kept.size(); ++first) {
        watch.at(static_cast<std::size_t>(rows[text]) + first);
        if (low == 1) row.add(word_keys[kept[first]].column, word_keys[kept[first]].down);
        if (high == 1) continue;
        Murmur gram = begun[kept[first]];
        for (std::size_t length = 2; length <= static_cast<std::size_t>(high) && first + length <= kept.size(); ++length) {
          const std::size_t word = kept[first + length - 1];
          if (length > 2) gram.add(" \0\0", 1);
          gram.add(bytes_of(word), terms[word].size());
          if (length < static_cast<std::size_t>(low)) continue;
          const Key key = key_of(gram.finish());
          row.add(key.column, key.down);
        }
      }
      row.drain([&](std::int32_t column, std::int32_t count) {
        out.indices.push_back(column);
        out.data.push_back(count);
      });
      if (out.indices.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
        throw std::overflow_error("2^31 or more counts at once");
      out.indptr.push_back(static_cast<std::int32_t>(out.indices.size()));
      out.lengths.push_back(static_cast<std::int32_t>(kept.size()));
    }
  });
  return join(found);
}

}  // namespace textmill
