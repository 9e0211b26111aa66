#include "core/texts_in_place.hpp"

#include <cstring>
#include <stdexcept>

#include "core/cancel.hpp"
#include "core/utf8.hpp"

namespace textmill {
namespace {

// Writes UTF-8 to `out`, which has room for the most there can be; its end, or null where there is a lone surrogate.
template <class Code>
char* encode_all(const Code* codes, std::size_t n, char* out) {
  constexpr std::size_t kAtOnce = 8 / sizeof(Code);
  constexpr std::uint64_t kNotAscii = sizeof(Code) == 1 ? 0x8080808080808080ULL : sizeof(Code) == 2 ? 0xFF80FF80FF80FF80ULL : 0xFFFFFF80FFFFFF80ULL;
  CancelWatch watch;
  for (std::size_t i = 0; i < n;) {
    watch.at(i);
    std::uint64_t some;
    if (i + kAtOnce <= n && (std::memcpy(&some, codes + i, 8), (some & kNotAscii) == 0)) {
      for (std::size_t k = 0; k < kAtOnce; ++k) *out++ = static_cast<char>(codes[i + k]);
      i += kAtOnce;
      continue;
    }
    const std::uint32_t code = codes[i++];
    if (code >= 0xD800 && code <= 0xDFFF) return nullptr;
    out += encode(code, out);
  }
  return out;
}

}  // namespace

std::string_view TextsInPlace::read(std::size_t i, std::string& room) const {
  const StringView& one = views_[i];
  if (one.width == 0) return {static_cast<const char*>(one.codes), one.length};
  const std::size_t most = one.length * (one.width == 1 ? 2 : one.width == 2 ? 3 : 4) + 4;
  if (room.size() < most) room.resize(most);
  char* end = one.width == 1   ? encode_all(static_cast<const std::uint8_t*>(one.codes), one.length, room.data())
              : one.width == 2 ? encode_all(static_cast<const std::uint16_t*>(one.codes), one.length, room.data())
                               : encode_all(static_cast<const std::uint32_t*>(one.codes), one.length, room.data());
  if (!end) throw std::invalid_argument("text " + std::to_string(i) + " holds a lone surrogate and is no Unicode text");
  return {room.data(), static_cast<std::size_t>(end - room.data())};
}

}  // namespace textmill
