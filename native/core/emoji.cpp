#include "core/emoji.hpp"

#include "core/stages.hpp"
#include "core/utf8.hpp"

namespace textmill {
namespace {

constexpr std::uint32_t kTextStyle = 0xFE0E, kColourStyle = 0xFE0F, kJoiner = 0x200D, kKeycap = 0x20E3;

bool may_start(std::uint32_t code) {
  return kEmojiBlocks[(static_cast<std::size_t>(kEmojiIndex[code >> 8]) << 8) | (code & 255)];
}

struct Found {
  const Emoji* emoji = nullptr;
  std::size_t end = 0;
};

// First of [low, high) whose code point at `depth` is not below `code`; all of them are longer than `depth`.
const Emoji* not_below(const Emoji* low, const Emoji* high, std::uint32_t depth, std::uint32_t code) {
  while (low < high) {
    const Emoji* middle = low + (high - low) / 2;
    if (kEmojiCodes[middle->first + depth] < code) low = middle + 1;
    else high = middle;
  }
  return low;
}

// The longest emoji at `at`. Before each code point but the first a U+FE0F may stand, and one behind the last.
Found longest(const char* bytes, std::size_t at, std::size_t size) {
  const Emoji* low = kEmoji;
  const Emoji* high = kEmoji + kEmojiCount;
  Found found;
  std::size_t i = at;
  bool coloured = false;
  for (std::uint32_t depth = 0; i < size; ++depth) {
    const Decoded now = decode(bytes + i, bytes + size);
    low = not_below(low, high, depth, now.code);
    high = not_below(low, high, depth, now.code + 1);
    if (low == high) break;
    i += now.size;
    if (i < size) {
      const Decoded style = decode(bytes + i, bytes + size);
      if (depth == 0) {
        if (style.code == kTextStyle) break;  // asks for the plain form: a sign among letters
        coloured = style.code == kColourStyle;
      }
      if (style.code == kColourStyle) i += style.size;
    }
    if (low->length == depth + 1) {  // the shortest comes first
      // (c), (r), (tm), !!, !? and i are signs of print unless the coloured form is asked for
      if (depth > 0 || coloured || now.code >= 0x2190) found = {low, i};
      ++low;
    }
  }
  return found;
}

std::size_t behind_leftovers(const char* bytes, std::size_t i, std::size_t size) {
  CancelWatch watch(i);
  while (i < size && static_cast<unsigned char>(bytes[i]) >= 0xE2) {
    watch.at(i);
    const Decoded now = decode(bytes + i, bytes + size);
    const bool tag = now.code >= 0xE0020 && now.code <= 0xE007F;  // of a flag that has no name
    if (now.code != kColourStyle && now.code != kJoiner && !tag) break;
    i += now.size;
  }
  return i;
}

template <class OnEmoji>
void each_emoji(const Text& in, Text& out, OnEmoji&& on_emoji) {
  const char* bytes = in.data();
  const std::size_t size = in.size();
  out.clear();
  std::size_t copied = 0;
  CancelWatch watch;
  for (std::size_t i = 0; (i = next_high(bytes, i, size)) < size;) {
    watch.at(i);
    const Decoded now = decode(bytes + i, bytes + size);
    std::size_t begin = i;
    // a keycap is a digit or sign in ASCII, U+FE0F, U+20E3: seen from behind
    if ((now.code == kColourStyle || now.code == kKeycap) && i > copied && static_cast<unsigned char>(bytes[i - 1]) < 0x80) --begin;
    else if (!may_start(now.code)) {
      i += now.size;
      continue;
    }
    const Found found = may_start(static_cast<unsigned char>(bytes[begin])) || begin == i ? longest(bytes, begin, size) : Found{};
    if (!found.emoji) {
      i += now.size;
      continue;
    }
    const std::size_t end = behind_leftovers(bytes, found.end, size);
    out.copy(in, copied, begin);
    on_emoji(*found.emoji, begin, end);
    i = copied = end;
  }
  out.copy(in, copied, size);
  out.finish();
}

}  // namespace

void drop_emoji(const Text& in, Text& out) {
  each_emoji(in, out, [&](const Emoji&, std::size_t begin, std::size_t end) { out.put(" ", in, begin, end); });
}

void name_emoji(const Text& in, Text& out) {
  each_emoji(in, out, [&](const Emoji& emoji, std::size_t begin, std::size_t end) { out.put(emoji.name, in, begin, end); });
}

}  // namespace textmill
