#include <algorithm>
#include <cstring>

#include "core/stages.hpp"
#include "core/unicode.hpp"
#include "core/utf8.hpp"

namespace textmill {

bool is_ascii(const char* bytes, std::size_t size) {
  std::uint64_t high = 0;
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes + i, 8);
    high |= word;
  }
  for (; i < size; ++i) high |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i]));
  return (high & 0x8080808080808080ULL) == 0;
}

void lower_ascii(char* bytes, std::size_t size) {
  constexpr std::size_t kBlock = std::size_t{1} << 24;
  while (size > 0) {
    const std::size_t n = std::min(size, kBlock);
    for (std::size_t i = 0; i < n; ++i) bytes[i] = static_cast<char>(bytes[i] + ((static_cast<unsigned char>(bytes[i] - 'A') < 26) ? 32 : 0));
    bytes += n;
    size -= n;
    if (size) stop_if_cancelled();
  }
}

namespace {

// How many bytes from the first on are ASCII.
std::size_t ascii_run(const char* bytes, std::size_t size) {
  std::size_t i = 0;
  for (std::uint64_t word; i + 8 <= size; i += 8) {
    std::memcpy(&word, bytes + i, 8);
    word &= 0x8080808080808080ULL;
    if (word) break;
  }
  while (i < size && static_cast<unsigned char>(bytes[i]) < 0x80) ++i;
  return i;
}

// Unicode's Final_Sigma: a cased letter before, none after, case-ignorable characters skipped.
bool is_final_sigma(const char* bytes, std::size_t begin, std::size_t size, std::size_t at, std::size_t after) {
  std::size_t i = at;
  bool cased = false;
  while (i > begin) {
    const std::size_t before = step_back(bytes, i);
    const std::uint8_t flags = flags_of(decode(bytes + before, bytes + size).code);
    i = before;
    if (flags & kIgnorable) continue;
    cased = flags & kCased;
    break;
  }
  if (!cased) return false;
  for (i = after; i < size;) {
    const Decoded next = decode(bytes + i, bytes + size);
    const std::uint8_t flags = flags_of(next.code);
    i += next.size;
    if (flags & kIgnorable) continue;
    return !(flags & kCased);
  }
  return true;
}

}  // namespace

void append_lower(const Text& in, std::size_t begin, std::size_t end, Text& out) {
  const char* bytes = in.data();
  const std::size_t size = end;
  std::size_t copied = begin;
  CancelWatch watch(begin);
  for (std::size_t i = begin; i < size;) {
    watch.at(i);
    if (static_cast<unsigned char>(bytes[i]) < 0x80) {
      const std::size_t run = ascii_run(bytes + i, size - i);
      out.copy(in, copied, i + run);
      lower_ascii(out.data() + out.size() - run, run);
      copied = i += run;
      continue;
    }
    const Decoded now = decode(bytes + i, bytes + size);
    const std::size_t next = i + now.size;
    char small[4];
    if (now.code == 0x3A3) {
      out.copy(in, copied, i);
      out.put({small, encode(is_final_sigma(bytes, begin, size, i, next) ? 0x3C2 : 0x3C3, small)}, in, i, next);
      copied = next;
    } else if (now.code == 0x130) {  // the one letter whose lower case is two: i and a dot above
      out.copy(in, copied, i);
      out.put("i\xCC\x87", in, i, next);
      copied = next;
    } else if (flags_of(now.code) & kLowers) {
      out.copy(in, copied, i);
      out.put({small, encode(simple_lower(now.code), small)}, in, i, next);
      copied = next;
    }
    i = next;
  }
  out.copy(in, copied, size);
}

void lower(const Text& in, Text& out) {
  out.clear();
  append_lower(in, 0, in.size(), out);
  out.finish();
}

}  // namespace textmill
