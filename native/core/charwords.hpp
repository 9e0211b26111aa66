// The places of a string at which character n-grams begin.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/chargrams.hpp"
#include "core/unicode.hpp"
#include "core/utf8.hpp"

namespace textmill {

// The words of a string one after the other, or the string itself where nothing is padded.
class CharWords {
 public:
  explicit CharWords(const CharRange& range) : range_(range) {}

  const char* bytes() const { return bytes_.data(); }  // of the word, with a token's padding behind
  std::size_t n_codes() const { return ends_.size() - 1; }
  std::size_t begin(std::size_t code) const { return ends_[code]; }  // in bytes
  std::size_t end(std::size_t code) const { return ends_[code + 1]; }

  // Calls word(first), the place of its first code point in the string (of the blank in front, one less).
  template <class Word>
  void each(std::string_view unit, Word&& word) {
    const char* const end = unit.data() + unit.size();
    std::int64_t code = 0;
    open();
    for (const char* p = unit.data(); p < end; ++code) {
      const Decoded now = decode(p, end);
      if (range_.padded && flags_of(now.code) & kSpace) {
        close(code, word);
      } else {
        char spelled[4];  // anew, as malformed bytes must compare as what they are read as
        bytes_.append(spelled, encode(now.code, spelled));
        ends_.push_back(bytes_.size());
      }
      p += now.size;
    }
    close(code, word);
  }

  // Calls place(first, shortest, longest) for each place of the word at which n-grams of these lengths begin.
  template <class Place>
  void each_place(Place&& place) const {
    const std::size_t n = n_codes(), low = static_cast<std::size_t>(range_.low), high = static_cast<std::size_t>(range_.high);
    if (n < low) {
      if (range_.padded) place(std::size_t{0}, n, n);
      return;
    }
    const std::size_t last = range_.padded ? n - low : 0;
    for (std::size_t first = 0; first <= last; ++first) place(first, low, std::min(high, n - first));
  }

  // How many n-grams the word has.
  std::int64_t total() const {
    std::int64_t found = 0;
    each_place([&](std::size_t, std::size_t shortest, std::size_t longest) { found += static_cast<std::int64_t>(longest - shortest + 1); });
    return found;
  }

 private:
  void open() {
    bytes_.clear();
    ends_.assign(1, 0);
    if (!range_.padded) return;
    bytes_.push_back(' ');
    ends_.push_back(1);
  }
  template <class Word>
  void close(std::int64_t code, Word&& word) {
    const std::int64_t n = static_cast<std::int64_t>(n_codes());
    if (range_.padded) {
      if (n == 1) return;  // nothing but the blank in front
      bytes_.push_back(' ');
      ends_.push_back(bytes_.size());
    }
    bytes_.append(kTokenPadding, '\0');
    word(code - n);
    open();
  }

  CharRange range_;
  std::string bytes_;
  std::vector<std::size_t> ends_;  // ends_[k] is the end of code point k - 1
};

}  // namespace textmill
