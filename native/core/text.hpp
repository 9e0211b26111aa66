// One text on its way through the stages: the bytes as they now are, and where each came from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace textmill {

// Bytes that stages rewrite. `from[i]` and `to[i]` are the raw bytes [from, to) that byte i stands for; they are kept
// only when `aligned`. `bytes` always has kPadding readable bytes behind `size`.
class Text {
 public:
  static constexpr std::size_t kPadding = 16;

  explicit Text(bool aligned = false) : aligned_(aligned) {}

  void set(std::string_view raw);
  void clear();
  // Appends bytes that stand for bytes [begin, end) of `source`.
  void put(std::string_view bytes, const Text& source, std::size_t begin, std::size_t end);
  // Appends bytes [begin, end) of `source` as they are.
  void copy(const Text& source, std::size_t begin, std::size_t end);
  // Puts bytes in front of a text that is not empty; they stand for what its first byte stands for.
  void put_first(std::string_view bytes);
  void finish();  // pads

  const char* data() const { return bytes_.data(); }
  char* data() { return bytes_.data(); }
  std::size_t size() const { return size_; }
  std::string_view view() const { return {bytes_.data(), size_}; }
  bool aligned() const { return aligned_; }
  std::size_t from(std::size_t byte) const { return from_[byte]; }
  std::size_t to(std::size_t byte) const { return to_[byte]; }

 private:
  void grow(std::size_t by) {
    if (size_ + by + kPadding > bytes_.size()) bytes_.resize((size_ + by + kPadding) * 3 / 2);
  }

  bool aligned_;
  std::size_t size_ = 0;
  std::vector<char> bytes_ = std::vector<char>(256);
  std::vector<std::size_t> from_, to_;
};

}  // namespace textmill
