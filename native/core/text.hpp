// One text on its way through the stages: the bytes as they now are, and where each came from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace textmill {

// Bytes that stages rewrite. `from[i]` and `to[i]` are the raw bytes [from, to) that byte i stands for; they are kept
// only when `aligned`, and only once something was rewritten: until then byte i stands for itself. In 32 bits: an
// aligned text has at most 4 GiB (std::overflow_error). `bytes` always has kPadding readable bytes behind `size`.
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
  void finish();  // pads

  const char* data() const { return bytes_.get(); }
  char* data() { return bytes_.get(); }
  std::size_t size() const { return size_; }
  std::string_view view() const { return {bytes_.get(), size_}; }
  bool aligned() const { return aligned_; }
  std::size_t from(std::size_t byte) const { return raw_ ? byte : from_[byte]; }
  std::size_t to(std::size_t byte) const { return raw_ ? byte + 1 : to_[byte]; }

 private:
  void grow(std::size_t by) {
    if (size_ + by + kPadding > room_) move_to((size_ + by + kPadding) * 3 / 2);
  }
  void move_to(std::size_t room);

  bool aligned_;
  bool raw_ = false;  // as it was set
  std::size_t size_ = 0;
  std::size_t room_ = 256;
  std::unique_ptr<char[]> bytes_{new char[256]};  // a large text is not cleared before it is filled
  std::vector<std::uint32_t> from_, to_;
};

}  // namespace textmill
