#include "core/text.hpp"

#include <cstring>
#include <limits>
#include <stdexcept>

#include "core/cancel.hpp"

namespace textmill {
namespace {

// Fresh memory comes slowly: the copy of a large text can be stopped.
void copy_bytes(char* to, const char* from, std::size_t n) {
  constexpr std::size_t kBlock = std::size_t{1} << 24;
  for (; n > kBlock; n -= kBlock, to += kBlock, from += kBlock) {
    std::memcpy(to, from, kBlock);
    stop_if_cancelled();
  }
  if (n) std::memcpy(to, from, n);
}

}  // namespace

void Text::move_to(std::size_t room) {
  std::unique_ptr<char[]> larger(new char[room]);
  copy_bytes(larger.get(), bytes_.get(), size_);
  bytes_ = std::move(larger);
  room_ = room;
}

void Text::set(std::string_view raw) {
  clear();
  grow(raw.size());
  copy_bytes(bytes_.get(), raw.data(), raw.size());
  size_ = raw.size();
  raw_ = true;
  if (aligned_ && size_ > std::numeric_limits<std::uint32_t>::max()) throw std::overflow_error("a text of more than 4 GiB has no places");
  finish();
}

void Text::clear() {
  raw_ = false;
  size_ = 0;
  from_.clear();
  to_.clear();
}

void Text::put(std::string_view bytes, const Text& source, std::size_t begin, std::size_t end) {
  grow(bytes.size());
  if (!bytes.empty()) std::memcpy(bytes_.get() + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
  if (aligned_ && begin < end) {
    from_.insert(from_.end(), bytes.size(), static_cast<std::uint32_t>(source.from(begin)));
    to_.insert(to_.end(), bytes.size(), static_cast<std::uint32_t>(source.to(end - 1)));
  }
}

void Text::copy(const Text& source, std::size_t begin, std::size_t end) {
  if (begin == end) return;
  grow(end - begin);
  copy_bytes(bytes_.get() + size_, source.bytes_.get() + begin, end - begin);
  size_ += end - begin;
  if (!aligned_) return;
  if (source.raw_) {
    const std::size_t first = from_.size();
    from_.resize(first + end - begin);
    to_.resize(first + end - begin);
    for (std::size_t i = begin; i < end; ++i) {
      from_[first + i - begin] = static_cast<std::uint32_t>(i);
      to_[first + i - begin] = static_cast<std::uint32_t>(i + 1);
    }
    return;
  }
  from_.insert(from_.end(), source.from_.begin() + static_cast<std::ptrdiff_t>(begin),
               source.from_.begin() + static_cast<std::ptrdiff_t>(end));
  to_.insert(to_.end(), source.to_.begin() + static_cast<std::ptrdiff_t>(begin),
             source.to_.begin() + static_cast<std::ptrdiff_t>(end));
}

void Text::finish() {
  grow(0);
  std::memset(bytes_.get() + size_, 0, kPadding);
}

}  // namespace textmill
