// An input of a fuzz target: a few bytes that choose settings, then texts, cut at each 0xFE.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/scan.hpp"

namespace fuzz {

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : at_(data), end_(data + size) {}

  std::uint8_t choice() { return at_ < end_ ? *at_++ : 0; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

  // In memory of exactly its size, so that a sanitizer sees a read behind it.
  const textmill::Texts& texts() {
    bytes_.assign(reinterpret_cast<const char*>(at_), reinterpret_cast<const char*>(end_));
    bytes_.shrink_to_fit();
    offsets_ = {0};
    for (std::size_t i = 0; i < bytes_.size(); ++i)
      if (static_cast<unsigned char>(bytes_[i]) == 0xFE) offsets_.push_back(static_cast<std::int64_t>(i));
    offsets_.push_back(static_cast<std::int64_t>(bytes_.size()));
    offsets_.shrink_to_fit();
    texts_ = {bytes_.data(), offsets_.data(), offsets_.size() - 1};
    return texts_;
  }

 private:
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  std::vector<char> bytes_;
  std::vector<std::int64_t> offsets_;
  textmill::Texts texts_{};
};

}  // namespace fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
