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

std::size_t WordScanner::next(Span* out) {
  constexpr std::size_t kMostInABlock = 33;
  std::size_t n = 0;
  while (at_ < size_ && n + kMostInABlock <= kBatch) {
    watch_.at(at_);
    const std::uint64_t word = word_bits(at_);
    std::uint64_t edges = word ^ (word << 1 | static_cast<std::uint64_t>(open_));  // where a word begins or ends
    if (open_ && edges) {
      const std::size_t end = at_ + static_cast<std::size_t>(std::countr_zero(edges));
      edges &= edges - 1;
      out[n] = {begin_, end};
      n += is_long(begin_, end);
    }
    while (edges) {
      begin_ = at_ + static_cast<std::size_t>(std::countr_zero(edges));
      edges &= edges - 1;
      if (!edges) break;
      const std::size_t end = at_ + static_cast<std::size_t>(std::countr_zero(edges));
      edges &= edges - 1;
      out[n] = {begin_, end};
      n += is_long(begin_, end);
    }
    open_ = word >> 63;
    at_ += 64;
  }
  if (at_ >= size_ && open_) {
    out[n] = {begin_, size_};
    n += is_long(begin_, size_);
    open_ = false;
  }
  return n;
}

}  // namespace textmill
