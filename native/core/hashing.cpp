#include "core/hashing.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "core/hashed_row.hpp"
#include "core/pages.hpp"
#include "core/parallel.hpp"

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

namespace {

// A word as hashing needs it, in one line of the cache: its column, how the hash of a longer n-gram goes on behind it and
// a blank, and its bytes.
struct alignas(64) Word {
  static constexpr std::size_t kNear = 32;  // bytes, and 3 that may be read behind them
  std::uint32_t key = 0;                    // twice the column, plus one where it counts down
  Murmur begun{0};
  const char* bytes = nullptr;  // null where they are `near`
  std::uint32_t size = 0;
  char near[kNear + 3] = {};
  const char* data() const { return bytes ? bytes : near; }
};

}  // namespace

Counted hash_counts(const std::int32_t* ids, const std::int64_t* rows, std::size_t n_texts, const std::int32_t* type_terms,
                    const Texts& terms, int low, int high, std::int32_t n_features, bool alternate_sign, std::size_t threads) {
  const auto width = static_cast<std::uint32_t>(n_features);
  std::vector<char> padded(terms.bytes + terms.offsets[0], terms.bytes + terms.offsets[terms.n]);
  padded.resize(padded.size() + 4);
  PageVector<Word> words(terms.n);
  for (std::size_t term = 0; term < terms.n; ++term) {
    const char* bytes = padded.data() + (terms.offsets[term] - terms.offsets[0]);
    Word& word = words[term];
    word.size = static_cast<std::uint32_t>(terms[term].size());
    if (word.size <= Word::kNear) std::memcpy(word.near, bytes, word.size);
    else word.bytes = bytes;
    word.begun.add(bytes, word.size);
    word.key = hashed_column(word.begun.finish(), width, alternate_sign);
    word.begun.add(" \0\0", 1);
  }

  const auto n_lengths = static_cast<std::size_t>(high - low + 1), longest = static_cast<std::size_t>(high);
  const auto n_tokens = static_cast<std::size_t>(rows[n_texts]);
  CsrParts parts(rows, n_texts, n_tokens * n_lengths);
  std::vector<std::int32_t> lengths(n_texts);
  in_parallel(worthwhile(threads, n_tokens, kTokensAThread), [&](std::size_t) {
    HashedRow row(width);
    std::vector<std::uint32_t> kept, unlike;
    std::vector<std::int32_t> counts(low == 1 ? terms.n : 0);
    CancelWatch watch;
    parts.take([&](std::size_t text, CsrParts::Part& part) {
      require_terms_fit(rows[text + 1] - rows[text], text);
      kept.clear();
      for (std::int64_t i = rows[text]; i < rows[text + 1]; ++i)
        if (const std::int32_t term = type_terms[ids[i]]; term >= 0) {
          __builtin_prefetch(&words[static_cast<std::size_t>(term)]);
          kept.push_back(static_cast<std::uint32_t>(term));
        }
      row.begin(kept.size() * n_lengths);
      if (low == 1) {  // words come again and again: once each
        if (unlike.size() < kept.size() + 1) unlike.resize(2 * kept.size() + 1);
        std::size_t n_unlike = 0;
        for (const std::uint32_t term : kept) {
          unlike[n_unlike] = term;
          n_unlike += counts[term] == 0;
          ++counts[term];
        }
        for (std::size_t i = 0; i < n_unlike; ++i) row.add(words[unlike[i]].key, std::exchange(counts[unlike[i]], 0));
      }
      for (std::size_t first = 0; longest > 1 && first + 1 < kept.size(); ++first) {
        watch.at(static_cast<std::size_t>(rows[text]) + first);
        Murmur gram = words[kept[first]].begun;
        for (std::size_t length = 2; length <= longest && first + length <= kept.size(); ++length) {
          const Word& word = words[kept[first + length - 1]];
          if (length > 2) gram.add(" \0\0", 1);
          gram.add(word.data(), word.size);
          if (length >= static_cast<std::size_t>(low)) row.add(hashed_column(gram.finish(), width, alternate_sign), 1);
        }
      }
      part.drain_row(kept.size() * n_lengths, [&](auto&& found) { row.drain(found); });
      lengths[text] = static_cast<std::int32_t>(kept.size());
    });
  });
  return {parts.close(), std::move(lengths)};
}

}  // namespace textmill
