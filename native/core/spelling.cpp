#include "core/spelling.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <stdexcept>

namespace textmill {
namespace {

// The first 8 bytes as a number that compares as they do.
std::uint64_t head_of(std::string_view text) {
  std::uint64_t head = 0;
  if (text.size() >= 8) {
    std::memcpy(&head, text.data(), 8);
  } else {
    std::memcpy(&head, text.data(), text.size());
  }
  return std::endian::native == std::endian::little ? __builtin_bswap64(head) : head;
}

}  // namespace

Spelled number_by_spelling(const Texts& strings) {
  if (strings.n > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
    throw std::overflow_error("more than 2,147,483,647 strings at once");
  struct Head {
    std::uint64_t head;
    std::int32_t string;
  };
  std::vector<Head> order;
  order.reserve(strings.n);
  for (std::size_t i = 0; i < strings.n; ++i)
    if (!strings[i].empty()) order.push_back({head_of(strings[i]), static_cast<std::int32_t>(i)});
  const auto text_of = [&](const Head& one) { return strings[static_cast<std::size_t>(one.string)]; };
  std::sort(order.begin(), order.end(), [&](const Head& a, const Head& b) {
    return a.head != b.head ? a.head < b.head : text_of(a) < text_of(b);
  });
  Spelled out;
  out.numbers.assign(strings.n, -1);
  std::int32_t number = -1;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::string_view text = text_of(order[i]);
    if (i == 0 || text != text_of(order[i - 1])) {
      ++number;
      out.distinct.bytes.insert(out.distinct.bytes.end(), text.begin(), text.end());
      out.distinct.offsets.push_back(static_cast<std::int64_t>(out.distinct.bytes.size()));
    }
    out.numbers[static_cast<std::size_t>(order[i].string)] = number;
  }
  return out;
}

Strings take(const Texts& strings, const std::int32_t* which, std::size_t n) {
  Strings out;
  out.offsets.reserve(n + 1);
  for (std::size_t i = 0; i < n; ++i) {
    const std::string_view text = strings[static_cast<std::size_t>(which[i])];
    out.bytes.insert(out.bytes.end(), text.begin(), text.end());
    out.offsets.push_back(static_cast<std::int64_t>(out.bytes.size()));
  }
  return out;
}

}  // namespace textmill
