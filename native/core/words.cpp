#include "core/words.hpp"

#include <bit>
#include <cstring>

#include "core/unicode.hpp"
#include "core/utf8.hpp"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace textmill {
namespace {

struct Bits {
  std::uint64_t word, high;
};

// Of 64 bytes: which are ASCII word characters, which are not ASCII.
#ifdef __SSE2__
Bits bits_of(const char* bytes) {
  const auto between = [](__m128i v, char low, char high) {
    return _mm_and_si128(_mm_cmpgt_epi8(v, _mm_set1_epi8(static_cast<char>(low - 1))), _mm_cmplt_epi8(v, _mm_set1_epi8(static_cast<char>(high + 1))));
  };
  Bits found{0, 0};
  for (int k = 0; k < 4; ++k) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes) + k);
    const __m128i letter = between(_mm_or_si128(v, _mm_set1_epi8(0x20)), 'a', 'z');
    const __m128i word = _mm_or_si128(_mm_or_si128(letter, between(v, '0', '9')), _mm_cmpeq_epi8(v, _mm_set1_epi8('_')));
    found.word |= static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm_movemask_epi8(word))) << (16 * k);
    found.high |= static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm_movemask_epi8(v))) << (16 * k);
  }
  return found;
}
#else
Bits bits_of(const char* bytes) {
  Bits found{0, 0};
  for (int i = 0; i < 64; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    const bool word = static_cast<unsigned char>((byte | 0x20) - 'a') < 26 || static_cast<unsigned char>(byte - '0') < 10 || byte == '_';
    found.word |= static_cast<std::uint64_t>(word) << i;
    found.high |= static_cast<std::uint64_t>(byte >> 7) << i;
  }
  return found;
}
#endif

}  // namespace

// Which of the 64 bytes from `at` on belong to word characters.
std::uint64_t WordScanner::word_bits(std::size_t at) {
  Bits found;
  if (at + 64 <= size_) {
    found = bits_of(bytes_ + at);
  } else {
    char last[64] = {};
    std::memcpy(last, bytes_ + at, size_ - at);
    found = bits_of(last);
  }
  if (!found.high) return found.word;
  high_ = true;
  std::uint64_t word = found.word | words_ahead_;
  std::uint64_t left = found.high & ~read_ahead_;
  words_ahead_ = read_ahead_ = 0;
  while (left) {
    const int i = std::countr_zero(left);
    const Decoded now = decode(bytes_ + at + i, bytes_ + size_);
    const std::uint64_t all = (std::uint64_t{1} << now.size) - 1;
    const bool is_word = flags_of(now.code) & kWord;
    left &= ~(all << i);
    if (is_word) word |= all << i;
    if (static_cast<std::uint32_t>(i) + now.size > 64) {
      read_ahead_ = all >> (64 - i);
      if (is_word) words_ahead_ = read_ahead_;
    }
  }
  return word;
}

std::uint32_t WordScanner::codes(std::size_t begin, std::size_t end) const {
  std::uint32_t codes = 0;
  for (std::size_t i = begin; i < end; ++i) codes += !is_continuation(bytes_[i]);
  return codes;
}

// The spans that are long enough, moved up.
std::size_t WordScanner::drop_short(Span* out, std::size_t n) const {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const Span span = out[i];
    out[kept] = span;
    kept += is_long(span.begin, span.end);
  }
  return kept;
}

std::size_t WordScanner::next(Span* out) {
  // Begins and ends take turns, so that writing one place after the other writes spans. How many there are in a block
  // is anyone's guess, and a wrong guess costs as much as ten places: 16 at a time are written, whether they are there
  // or not.
  static_assert(sizeof(Span) == 2 * sizeof(std::size_t));
  constexpr std::size_t kPlaces = 2 * kBatch, kAtOnce = 16;
  for (;;) {
    std::size_t n = 0;
    const auto write = [&](std::size_t place) { std::memcpy(reinterpret_cast<char*>(out) + n++ * sizeof place, &place, sizeof place); };
    if (!started_ && size_ > 0) bits_ = word_bits(0);
    started_ = true;
    if (open_) write(begin_);
    for (; at_ < size_ && n + 64 <= kPlaces; at_ += 64) {
      watch_.at(at_);
      const std::uint64_t word = bits_;
      bits_ = at_ + 64 < size_ ? word_bits(at_ + 64) : 0;
      std::uint64_t kept = word;
      if (min_codes_ > 1) kept &= (word << 1 | before_) | (word >> 1 | bits_ << 63);  // a byte alone is a letter alone
      before_ = word >> 63;
      std::uint64_t edges = kept ^ (kept << 1 | open_);
      open_ = kept >> 63;
      const auto found = static_cast<std::size_t>(std::popcount(edges));
      for (std::size_t done = 0; done < found; done += kAtOnce)
        for (std::size_t k = 0; k < kAtOnce; ++k) {
          write(at_ + static_cast<std::size_t>(std::countr_zero(edges)));
          edges &= edges - 1;
        }
      n -= (found + kAtOnce - 1) / kAtOnce * kAtOnce - found;
    }
    if (at_ >= size_ && open_) {
      write(size_);
      open_ = 0;
    }
    if (n % 2) std::memcpy(&begin_, reinterpret_cast<char*>(out) + --n * sizeof begin_, sizeof begin_);
    const std::size_t spans = high_ || min_codes_ > 2 ? drop_short(out, n / 2) : n / 2;
    if (spans > 0 || at_ >= size_) return spans;
  }
}

}  // namespace textmill
