// Control characters, white space, digits.
#include "core/fold.hpp"
#include "core/stages.hpp"
#include "core/unicode.hpp"
#include "core/utf8.hpp"

namespace textmill {

void drop_controls(const Text& in, Text& out) {
  const char* bytes = in.data();
  const std::size_t size = in.size();
  out.clear();
  std::size_t copied = 0;
  CancelWatch watch;
  for (std::size_t i = 0; i < size;) {
    watch.at(i);
    const unsigned char byte = static_cast<unsigned char>(bytes[i]);
    if (byte >= 0x20 && byte < 0x7F) {
      ++i;
      continue;
    }
    const Decoded now = decode(bytes + i, bytes + size);
    const std::size_t next = i + now.size;
    if (byte != '\t' && byte != '\n' && (class_of(now.code) & kControl)) {
      out.copy(in, copied, i);
      // what breaks lines for str.splitlines() still does; the carriage return before a line feed is one too many
      const bool breaks = (byte >= 0x0B && byte <= 0x0D) || (byte >= 0x1C && byte <= 0x1E) || now.code == 0x85;
      if (byte == 0x1F) out.put(" ", in, i, next);
      else if (breaks && !(byte == '\r' && next < size && bytes[next] == '\n')) out.put("\n", in, i, next);
      copied = next;
    }
    i = next;
  }
  out.copy(in, copied, size);
  out.finish();
}

void join_spaces(const Text& in, Text& out) {
  const char* bytes = in.data();
  const std::size_t size = in.size();
  out.clear();
  std::size_t copied = 0;
  CancelWatch watch;
  for (std::size_t i = 0; i < size;) {
    watch.at(i);
    const unsigned char byte = static_cast<unsigned char>(bytes[i]);
    if (byte > 0x20 && byte < 0x80) {
      ++i;
      continue;
    }
    const std::size_t begin = i;
    while (i < size) {
      watch.at(i);
      const Decoded now = decode(bytes + i, bytes + size);
      if (!(flags_of(now.code) & kSpace)) break;
      i += now.size;
    }
    if (i == begin) {
      i += decode(bytes + i, bytes + size).size;
      continue;
    }
    if (begin > 0 && i < size && i == begin + 1 && byte == ' ') continue;  // as it should be
    out.copy(in, copied, begin);
    if (begin > 0 && i < size) out.put(" ", in, begin, i);
    copied = i;
  }
  out.copy(in, copied, size);
  out.finish();
}

void fold_digits(const Text& in, Text& out) {
  const char* bytes = in.data();
  const std::size_t size = in.size();
  out.clear();
  std::size_t copied = 0;
  const auto is_digit = [&](std::size_t i, std::size_t& next) {
    const unsigned char byte = static_cast<unsigned char>(bytes[i]);
    if (byte < 0x80) {
      next = i + 1;
      return byte >= '0' && byte <= '9';
    }
    const Decoded now = decode(bytes + i, bytes + size);
    next = i + now.size;
    return (class_of(now.code) & kDigit) != 0;
  };
  CancelWatch watch;
  for (std::size_t i = 0, next = 0; i < size; i = next) {
    watch.at(i);
    if (!is_digit(i, next)) continue;
    std::size_t end = next;
    while (end < size && is_digit(end, next)) watch.at(end = next);
    out.copy(in, copied, i);
    out.put("0", in, i, end);
    copied = next = end;
  }
  out.copy(in, copied, size);
  out.finish();
}

}  // namespace textmill
