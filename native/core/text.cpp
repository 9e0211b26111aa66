#include "core/text.hpp"

#include <cstring>

namespace textmill {

void Text::set(std::string_view raw) {
  clear();
  grow(raw.size());
  if (!raw.empty()) std::memcpy(bytes_.data(), raw.data(), raw.size());
  size_ = raw.size();
  if (aligned_) {
    from_.resize(size_);
    to_.resize(size_);
    for (std::size_t i = 0; i < size_; ++i) {
      from_[i] = i;
      to_[i] = i + 1;
    }
  }
  finish();
}

void Text::clear() {
  size_ = 0;
  from_.clear();
  to_.clear();
}

void Text::put(std::string_view bytes, const Text& source, std::size_t begin, std::size_t end) {
  grow(bytes.size());
  if (!bytes.empty()) std::memcpy(bytes_.data() + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
  if (aligned_ && begin < end) {
    from_.insert(from_.end(), bytes.size(), source.from_[begin]);
    to_.insert(to_.end(), bytes.size(), source.to_[end - 1]);
  }
}

void Text::copy(const Text& source, std::size_t begin, std::size_t end) {
  if (begin == end) return;
  grow(end - begin);
  std::memcpy(bytes_.data() + size_, source.bytes_.data() + begin, end - begin);
  size_ += end - begin;
  if (aligned_) {
    from_.insert(from_.end(), source.from_.begin() + static_cast<std::ptrdiff_t>(begin),
                 source.from_.begin() + static_cast<std::ptrdiff_t>(end));
    to_.insert(to_.end(), source.to_.begin() + static_cast<std::ptrdiff_t>(begin),
               source.to_.begin() + static_cast<std::ptrdiff_t>(end));
  }
}

void Text::put_first(std::string_view bytes) {
  if (size_ == 0 || bytes.empty()) return;
  grow(bytes.size());
  std::memmove(bytes_.data() + bytes.size(), bytes_.data(), size_);
  std::memcpy(bytes_.data(), bytes.data(), bytes.size());
  size_ += bytes.size();
  if (aligned_) {
    from_.insert(from_.begin(), bytes.size(), std::size_t{from_.front()});
    to_.insert(to_.begin(), bytes.size(), std::size_t{to_.front()});
  }
  finish();
}

void Text::finish() {
  grow(0);
  std::memset(bytes_.data() + size_, 0, kPadding);
}

}  // namespace textmill
