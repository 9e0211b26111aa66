#include <algorithm>
#include <array>
#include <cstring>

#include "core/entities.hpp"
#include "core/stages.hpp"
#include "core/unicode.hpp"
#include "core/utf8.hpp"

namespace textmill {
namespace {

char small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool is_letter(char c) { return small(c) >= 'a' && small(c) <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool starts_with(std::string_view text, std::size_t at, std::string_view word) {
  if (text.size() - at < word.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i)
    if (small(text[at + i]) != word[i]) return false;
  return true;
}

constexpr std::array<std::string_view, 40> kBreaking = {
    "address", "article", "aside",  "blockquote", "br",     "button", "caption", "dd",     "div",    "dl",
    "dt",      "fieldset", "figcaption", "figure", "footer", "form",  "h1",      "h2",     "h3",     "h4",
    "h5",      "h6",      "header", "hr",         "li",     "main",   "nav",     "ol",     "option", "p",
    "pre",     "section", "select", "table",      "td",     "textarea", "th",    "title",  "tr",     "ul"};

bool breaks(std::string_view name) {
  std::array<char, 12> low{};
  if (name.size() > low.size()) return false;
  std::transform(name.begin(), name.end(), low.begin(), small);
  return std::binary_search(kBreaking.begin(), kBreaking.end(), std::string_view(low.data(), name.size()));
}

const Entity* find_entity(std::string_view name) {
  const Entity* end = kEntities + kEntityCount;
  const Entity* found = std::lower_bound(kEntities, end, name, [](const Entity& e, std::string_view n) { return e.name < n; });
  return found != end && name == found->name ? found : nullptr;
}

// A reference that starts with '&' at `at`: its length and, in `value`, what it stands for; length 0 if it is none.
std::size_t read_reference(std::string_view text, std::size_t at, std::string& value) {
  value.clear();
  std::size_t i = at + 1;
  if (i < text.size() && text[i] == '#') {
    ++i;
    const bool hex = i < text.size() && small(text[i]) == 'x';
    if (hex) ++i;
    const std::size_t first = i;
    std::uint32_t number = 0;
    for (; i < text.size(); ++i) {
      const char c = small(text[i]);
      std::uint32_t digit;
      if (is_digit(c)) digit = static_cast<std::uint32_t>(c - '0');
      else if (hex && c >= 'a' && c <= 'f') digit = static_cast<std::uint32_t>(c - 'a' + 10);
      else break;
      number = std::min<std::uint32_t>(0x110000, number * (hex ? 16 : 10) + digit);
    }
    if (i == first) return 0;
    if (i < text.size() && text[i] == ';') ++i;
    const Remapped* end = kRemapped + kRemappedCount;
    const Remapped* other =
        std::lower_bound(kRemapped, end, number, [](const Remapped& r, std::uint32_t n) { return r.number < n; });
    if (other != end && other->number == number) number = other->code;
    else if ((number >= 0xD800 && number <= 0xDFFF) || number > 0x10FFFF) number = 0xFFFD;
    else if (std::binary_search(kDropped, kDropped + kDroppedCount, number)) return i - at;
    char bytes[4];
    value.assign(bytes, encode(number, bytes));
    return i - at;
  }
  // names have at most 32 characters and stop before a blank, '<', '&', '#' or behind ';'
  std::size_t codes = 0;
  while (i < text.size() && codes < 32 && !std::strchr("\t\n\f <&#;", text[i]) && text[i] != '\0') {
    i += decode(text.data() + i, text.data() + text.size()).size;
    ++codes;
  }
  if (codes == 0) return 0;
  if (i < text.size() && text[i] == ';') {
    if (const Entity* found = find_entity(text.substr(at + 1, i - at))) {
      value = found->value;
      return i + 1 - at;
    }
  }
  for (std::size_t length = i - at - 1; length >= 2; --length) {  // old names need no ';': the longest that is one
    if (const Entity* found = find_entity(text.substr(at + 1, length))) {
      value = found->value;
      return length + 1;
    }
  }
  return 0;
}

}  // namespace

void strip_html(const Text& in, Text& out) {
  const std::string_view text = in.view();
  out.clear();
  std::size_t copied = 0;
  bool comment_ends = true, script_ends = true, style_ends = true;  // false once a search has reached the end in vain
  std::string value;
  CancelWatch watch;
  for (std::size_t i = 0; i < text.size();) {
    watch.at(i);
    const char* found = static_cast<const char*>(std::memchr(text.data() + i, '<', text.size() - i));
    const std::size_t lt = found ? static_cast<std::size_t>(found - text.data()) : text.size();
    for (std::size_t amp = i; amp < lt;) {
      const char* next = static_cast<const char*>(std::memchr(text.data() + amp, '&', lt - amp));
      if (!next) break;
      watch.at(amp);
      amp = static_cast<std::size_t>(next - text.data());
      const std::size_t length = read_reference(text, amp, value);
      if (length == 0) {
        ++amp;
        continue;
      }
      out.copy(in, copied, amp);
      out.put(value, in, amp, amp + length);
      amp += length;
      copied = amp;
    }
    i = lt;
    if (i >= text.size()) break;
    std::size_t end = 0;  // behind the construct that starts here
    bool line_break = false;
    if (comment_ends && text.compare(i, 4, "<!--") == 0) {
      const std::size_t close = text.find("-->", i + 2);  // "<!-->" is a whole comment
      if (close == std::string_view::npos) comment_ends = false;  // then it is a tag like any other
      else end = close + 3;
    }
    if (end == 0 && i + 1 < text.size() &&
        (is_letter(text[i + 1]) || text[i + 1] == '!' || text[i + 1] == '?' ||
         (text[i + 1] == '/' && i + 2 < text.size() && is_letter(text[i + 2])))) {
      // a tag ends at the next '>'; a '<' before that means it was none
      std::size_t close = i + 1;
      for (; close < text.size() && text[close] != '<' && text[close] != '>'; ++close) watch.at(close);
      if (close < text.size() && text[close] == '>') {
        end = close + 1;
        const std::size_t first = i + 1 + (text[i + 1] == '/');
        std::size_t last = first;
        while (last < close && (is_letter(text[last]) || is_digit(text[last]))) ++last;
        const std::string_view name = text.substr(first, last - first);
        const bool script = name.size() == 6 && starts_with(text, first, "script");
        const bool style = name.size() == 5 && starts_with(text, first, "style");
        line_break = script || style || breaks(name);
        bool& ends = script ? script_ends : style_ends;
        if (text[i + 1] != '/' && (script || style) && ends) {
          std::size_t at = end;
          for (; at < text.size(); ++at) {
            watch.at(at);
            if (text[at] == '<' && starts_with(text, at, script ? "</script" : "</style")) break;
          }
          const std::size_t gt = at < text.size() ? text.find('>', at) : std::string_view::npos;
          if (gt == std::string_view::npos) ends = false;
          else end = gt + 1;
        }
      }
    }
    if (end == 0) {
      ++i;
      continue;
    }
    out.copy(in, copied, i);
    if (line_break) out.put("\n", in, i, end);
    i = copied = end;
  }
  out.copy(in, copied, text.size());
  out.finish();
}

namespace {

std::size_t next_blank(std::string_view text, std::size_t i, CancelWatch& watch) {
  while (i < text.size()) {
    watch.at(i);
    const Decoded now = decode(text.data() + i, text.data() + text.size());
    if (flags_of(now.code) & kSpace) break;
    i += now.size;
  }
  return i;
}

}  // namespace

void drop_urls(const Text& in, Text& out) {
  const std::string_view text = in.view();
  out.clear();
  std::size_t copied = 0;
  CancelWatch watch;
  const auto next = [&](char sign, std::size_t from) {
    const void* found = from < text.size() ? std::memchr(text.data() + from, sign, text.size() - from) : nullptr;
    return found ? static_cast<std::size_t>(static_cast<const char*>(found) - text.data()) : text.size();
  };
  // an address is looked for by a sign that its beginning has and few words have
  std::size_t colon = next(':', 0), dot = next('.', 0);
  while (std::min(colon, dot) < text.size()) {
    const std::size_t at = std::min(colon, dot);
    watch.at(at);
    std::size_t begin = 0, behind = 0;
    const auto look_for = [&](std::string_view prefix) {
      const std::size_t before = prefix.find(text[at]);
      if (at < copied + before || !starts_with(text, at - before, prefix)) return;
      begin = at - before;
      behind = begin + prefix.size();
    };
    if (at == dot) {
      look_for("www.");
      dot = next('.', at + 1);
    } else {
      look_for("http://");
      look_for("https://");
      colon = next(':', at + 1);
    }
    const std::size_t end = behind ? next_blank(text, behind, watch) : 0;
    if (end == behind) continue;  // none begins here; "http://" with nothing behind it is no address
    out.copy(in, copied, begin);
    out.put(" ", in, begin, end);
    copied = end;
    if (colon < end) colon = next(':', end);
    if (dot < end) dot = next('.', end);
  }
  out.copy(in, copied, text.size());
  out.finish();
}

void drop_mentions(const Text& in, Text& out) {
  const std::string_view text = in.view();
  out.clear();
  std::size_t copied = 0;
  bool behind_word = false;
  CancelWatch watch;
  for (std::size_t i = 0; i < text.size();) {
    watch.at(i);
    if (text[i] == '@' && !behind_word) {
      std::size_t end = i + 1;
      while (end < text.size()) {
        watch.at(end);
        const Decoded now = decode(text.data() + end, text.data() + text.size());
        if (!(flags_of(now.code) & kWord)) break;
        end += now.size;
      }
      if (end > i + 1) {
        out.copy(in, copied, i);
        out.put(" ", in, i, end);
        i = copied = end;  // and a mention that sticks to one is one: what is left of @a@b must not be @b
        continue;
      }
    }
    const Decoded now = decode(text.data() + i, text.data() + text.size());
    behind_word = flags_of(now.code) & kWord;
    i += now.size;
  }
  out.copy(in, copied, text.size());
  out.finish();
}

}  // namespace textmill
