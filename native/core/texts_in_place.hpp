// TextsInPlace where they lie in memory, as Python has them: code points of one width each. So texts can be scanned without
// being copied side by side first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace textmill {

struct StringView {
  const void* codes;
  std::size_t length;   // code points
  std::uint8_t width;   // bytes a code point: 1, 2 or 4; 0: ASCII
};

class TextsInPlace {
  std::vector<StringView> views_;
  std::vector<std::int64_t> lengths_{0};

 public:
  std::size_t n = 0;
  const std::int64_t* offsets = lengths_.data();  // code points before each, and in all

  explicit TextsInPlace(std::size_t room = 0) {
    views_.reserve(room);
    lengths_.reserve(room + 1);
    offsets = lengths_.data();
  }
  TextsInPlace(TextsInPlace&&) = default;  // offsets point into what moves along

  void push_back(const StringView& one) {
    views_.push_back(one);
    lengths_.push_back(lengths_.back() + static_cast<std::int64_t>(one.length));
    offsets = lengths_.data();
    ++n;
  }
  std::size_t size_in_bytes() const { return static_cast<std::size_t>(lengths_.back()); }  // if all were ASCII

  // String i in UTF-8, in `room` unless it is ASCII. std::invalid_argument, with its number, for a lone surrogate.
  std::string_view read(std::size_t i, std::string& room) const;
};

}  // namespace textmill
