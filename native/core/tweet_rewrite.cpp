// What TweetTokenizer does to a text before it looks for tokens.
#include <algorithm>
#include <cstring>
#include <optional>

#include "core/tweet.hpp"

namespace textmill::tweet {
namespace {

int digit_of(std::uint32_t code) {
  if (code >= '0' && code <= '9') return static_cast<int>(code - '0');
  if (code >= 'a' && code <= 'f') return static_cast<int>(code - 'a' + 10);
  if (code >= 'A' && code <= 'F') return static_cast<int>(code - 'A' + 10);
  if (code < 128) return 99;
  const std::uint32_t* zero = std::upper_bound(kZeros, kZeros + kZeroCount, code);
  return zero != kZeros && code - zero[-1] < 10 ? static_cast<int>(code - zero[-1]) : 99;
}

// Python's int(text, base), for what can be a code point; none where it raises, or where chr() would.
std::optional<std::uint32_t> read_int(std::string_view text, int base) {
  constexpr std::size_t kMostDigits = 4300;  // Python's limit, for base 10 only
  const char* p = text.data();
  const char* end = p + text.size();
  bool minus = false;
  if (p < end && (*p == '+' || *p == '-')) minus = *p++ == '-';
  if (base == 16 && p < end) {
    const Seen first = look(p, end);
    const char* x = p + first.size;
    if (digit_of(first.code) == 0 && x < end && (*x == 'x' || *x == 'X')) {
      p = x + 1;
      if (p < end && *p == '_') ++p;
    }
  }
  std::uint32_t number = 0;
  std::size_t digits = 0;
  bool behind_digit = false;
  while (p < end) {
    const Seen now = look(p, end);
    p += now.size;
    if (now.code == '_') {
      if (!behind_digit) return {};
      behind_digit = false;
      continue;
    }
    const int digit = digit_of(now.code);
    if (digit >= base) return {};
    number = std::min<std::uint32_t>(0x110000, number * static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(digit));
    ++digits;
    behind_digit = true;
  }
  if (!behind_digit || (base == 10 && digits > kMostDigits) || number > 0x10FFFF || (minus && number > 0)) return {};
  if (number >= 0x80 && number <= 0x9F) {
    if (!kWindows1252[number - 0x80]) return {};
    return kWindows1252[number - 0x80];
  }
  return number;
}

// What a reference stands for; `body` is what is between & and ;.
std::optional<std::uint32_t> referred(std::string_view body) {
  const bool number = body[0] == '#' && body.size() > 1;
  const std::string_view rest = number ? body.substr(1) : body;
  // "&xi;" is read as a hexadecimal number too, and is none: so it is in NLTK
  if (rest[0] == 'x' && rest.size() > 1) return read_int(rest.substr(1), 16);
  if (number) return read_int(rest, 10);
  const Name* end = kNames + kNameCount;
  const Name* found = std::lower_bound(kNames, end, rest, [](const Name& n, std::string_view name) { return n.name < name; });
  if (found == end || found->name != rest) return {};
  return found->code;
}

}  // namespace

bool replace_references(const Text& in, Text& out, bool keep_surrogates) {
  const char* bytes = in.data();
  const char* end = bytes + in.size();
  const char* copied = bytes;
  bool found = false;
  const char* p = bytes;
  CancelWatch watch;
  while (p < end && (p = static_cast<const char*>(std::memchr(p, '&', static_cast<std::size_t>(end - p))))) {
    const char* close = p + 1;
    while (close < end && *close != ';' && *close != '&') {
      watch.at(static_cast<std::size_t>(close - bytes));
      const Seen now = look(close, end);
      if (now.kinds & kBlank) break;
      close += now.size;
    }
    if (close == p + 1 || close == end || *close != ';') {
      p = close;
      continue;
    }
    if (!found) out.clear();
    found = true;
    const auto at = static_cast<std::size_t>(p - bytes), after = static_cast<std::size_t>(close + 1 - bytes);
    out.copy(in, static_cast<std::size_t>(copied - bytes), at);
    if (std::optional<std::uint32_t> code = referred({p + 1, static_cast<std::size_t>(close - p - 1)})) {
      if (*code >= 0xD800 && *code <= 0xDFFF && !keep_surrogates) code = 0xFFFD;
      char made[4];
      out.put({made, encode(*code, made)}, in, at, after);
    }
    p = copied = close + 1;
  }
  if (!found) return false;
  out.copy(in, static_cast<std::size_t>(copied - bytes), in.size());
  out.finish();
  return true;
}

bool strip_handles(const Text& in, Text& out) {
  const auto in_handle = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x80 && (kKindBlocks[byte] & kWord);
  };
  const char* bytes = in.data();
  const char* end = bytes + in.size();
  const char* copied = bytes;
  bool found = false;
  const char* p = bytes;
  while (p < end && (p = static_cast<const char*>(std::memchr(p, '@', static_cast<std::size_t>(end - p))))) {
    const char* stop = p + 1;
    while (stop < end && in_handle(*stop)) ++stop;
    const std::ptrdiff_t length = stop - p - 1;
    const bool open = p == bytes || !(in_handle(p[-1]) || (p[-1] && std::strchr("!@#$%&*", p[-1])));
    const bool at_sign = stop < end && *stop == '@';
    // fifteen characters, whatever follows but an @; or fewer, if the whole run has no @ behind it
    const std::ptrdiff_t taken = !open || length == 0 ? 0 : length > 15 || (length == 15 && !at_sign) ? 15 : at_sign ? 0 : length;
    if (taken) {
      if (!found) out.clear();
      found = true;
      const auto at = static_cast<std::size_t>(p - bytes);
      out.copy(in, static_cast<std::size_t>(copied - bytes), at);
      copied = p + 1 + taken;
      out.put(" ", in, at, static_cast<std::size_t>(copied - bytes));
    }
    p = stop;
  }
  if (!found) return false;
  out.copy(in, static_cast<std::size_t>(copied - bytes), in.size());
  out.finish();
  return true;
}

bool shorten_runs(const Text& in, Text& out, bool all) {
  const char* bytes = in.data();
  const char* end = bytes + in.size();
  const char* copied = bytes;
  bool found = false;
  const char* p = bytes;
  CancelWatch watch;
  while (p < end) {
    watch.at(static_cast<std::size_t>(p - bytes));
    if (static_cast<unsigned char>(*p) < 0x80 && p[0] != p[1]) {  // a text is padded
      ++p;
      continue;
    }
    const Seen now = look(p, end);
    const char* stop = p + now.size;
    while (static_cast<std::size_t>(end - stop) >= now.size && std::memcmp(stop, p, now.size) == 0) {
      stop += now.size;
      watch.at(static_cast<std::size_t>(stop - bytes));
    }
    if (stop - p > 3 * static_cast<std::ptrdiff_t>(now.size) && (all || !(now.kinds & kLetterOrNumber))) {
      if (!found) out.clear();
      found = true;
      // the third stands for all that are left out
      const auto third = static_cast<std::size_t>(p - bytes) + 2 * now.size;
      out.copy(in, static_cast<std::size_t>(copied - bytes), third);
      out.put({p, now.size}, in, third, static_cast<std::size_t>(stop - bytes));
      copied = stop;
    }
    p = stop;
  }
  if (!found) return false;
  out.copy(in, static_cast<std::size_t>(copied - bytes), in.size());
  out.finish();
  return true;
}

}  // namespace textmill::tweet
