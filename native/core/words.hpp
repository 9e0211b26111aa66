// Words as Python's re finds them with \b\w\w+\b: greedy runs of word characters, 64 bytes at a step.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/cancel.hpp"

namespace textmill {

struct Span {
  std::size_t begin, end;  // bytes, half-open
};

// Hands out the words of a text a batch at a time, so that a text of any size needs no list of all its words.
class WordScanner {
 public:
  static constexpr std::size_t kBatch = 256;  // spans

  // Words of at least `min_codes` code points.
  WordScanner(const char* bytes, std::size_t size, std::uint32_t min_codes) : bytes_(bytes), size_(size), min_codes_(min_codes) {}

  // Writes at most kBatch spans to `out` and returns how many; 0 once there are no more.
  std::size_t next(Span* out);

 private:
  std::uint64_t word_bits(std::size_t at);
  std::size_t drop_short(Span* out, std::size_t n) const;
  std::uint32_t codes(std::size_t begin, std::size_t end) const;
  bool is_long(std::size_t begin, std::size_t end) const {
    if (!high_ || end - begin >= 4 * static_cast<std::size_t>(min_codes_)) return end - begin >= min_codes_;
    return codes(begin, end) >= min_codes_;
  }

  const char* bytes_;
  std::size_t size_;
  std::uint32_t min_codes_;
  CancelWatch watch_;
  std::size_t at_ = 0;             // the next block
  std::uint64_t bits_ = 0;         // its bits
  bool started_ = false;
  std::uint64_t before_ = 0;       // the last bit of the block before it
  std::uint64_t open_ = 0;         // 1 where a word goes on from there
  std::size_t begin_ = 0;          // of that word
  bool high_ = false;              // whether a byte was not ASCII
  std::uint64_t read_ahead_ = 0;   // bits of the block behind the last that was read whose code point began in that one
  std::uint64_t words_ahead_ = 0;  // and those of them that belong to a word character
};

}  // namespace textmill
