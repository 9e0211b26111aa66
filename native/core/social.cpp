// What people write in posts and mails and what is no word: addresses and hashtags.
#include <cstring>

#include "core/fold.hpp"
#include "core/stages.hpp"
#include "core/unicode.hpp"
#include "core/utf8.hpp"

namespace textmill {
namespace {

bool is_word(std::uint32_t code) { return flags_of(code) & kWord; }

// Where the address around the '@' at `at` begins, not before `low`; `at` if nothing stands before it.
std::size_t local_part(std::string_view text, std::size_t low, std::size_t at) {
  std::size_t begin = at;
  CancelWatch watch;
  for (std::size_t i = at; i > low;) {
    watch.at(at - i);
    i = step_back(text.data(), i);
    const std::uint32_t code = decode(text.data() + i, text.data() + text.size()).code;
    if (is_word(code)) begin = i;  // an address starts with a word character
    else if (code != '.' && code != '+' && code != '-' && code != '%' && code != '\'') break;
  }
  return begin;
}

// Where the host that starts at `i` ends: labels with dots between, the last of two or more letters; 0 if it is none.
std::size_t host(std::string_view text, std::size_t i) {
  const char* last = text.data() + text.size();
  std::size_t end = 0;
  CancelWatch watch(i);
  for (bool first = true; i < text.size(); first = false) {
    const std::size_t begin = i;
    std::size_t codes = 0;
    bool letters = true;
    while (i < text.size()) {
      watch.at(i);
      const Decoded now = decode(text.data() + i, last);
      if (!is_word(now.code) && now.code != '-') break;
      letters = letters && now.code != '-' && now.code != '_' && !(class_of(now.code) & kDigit);
      ++codes;
      i += now.size;
    }
    if (i == begin) break;
    if (!first && letters && codes >= 2) end = i;
    if (i == text.size() || text[i] != '.') break;
    ++i;
  }
  return end;
}

}  // namespace

void drop_emails(const Text& in, Text& out) {
  const std::string_view text = in.view();
  out.clear();
  std::size_t copied = 0, low = 0;
  CancelWatch watch;
  for (std::size_t i = 0; i < text.size();) {
    watch.at(i);
    const void* found = std::memchr(text.data() + i, '@', text.size() - i);
    if (!found) break;
    const std::size_t at = static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
    i = at + 1;
    const std::size_t begin = local_part(text, low, at);
    low = i;  // an '@' is no part of a name: what lies before it was looked at
    const std::size_t end = begin < at ? host(text, i) : 0;
    if (end == 0) continue;
    out.copy(in, copied, begin);
    out.put(" ", in, begin, end);
    i = copied = low = end;
  }
  out.copy(in, copied, text.size());
  out.finish();
}

namespace {

struct Tag {
  std::size_t word, end;  // end is 0 where there is no tag
};

// The hashtag whose first '#' stands at `at`: signs, a word character, then word characters, marks and U+200C, one
// letter among them ("#1" counts something).
Tag read_tag(std::string_view text, std::size_t at) {
  const char* last = text.data() + text.size();
  std::size_t word = at;
  while (word < text.size() && text[word] == '#') ++word;
  std::size_t end = word;
  bool letter = false;
  CancelWatch watch(end);
  while (end < text.size()) {
    watch.at(end);
    const Decoded now = decode(text.data() + end, last);
    if (!is_word(now.code) && (end == word || !((class_of(now.code) & kMark) || now.code == 0x200C))) break;
    letter = letter || (class_of(now.code) & kLetter);
    end += now.size;
  }
  return {word, letter ? end : 0};
}

// Calls on_tag(begin, word, end) for each hashtag and copies what lies between; where words are kept, a blank between two
// tags that stick together.
template <class OnTag>
void each_tag(const Text& in, Text& out, bool keeps, OnTag&& on_tag) {
  const std::string_view text = in.view();
  out.clear();
  std::size_t copied = 0;
  CancelWatch watch;
  for (std::size_t i = 0; i < text.size();) {
    watch.at(i);
    const void* found = std::memchr(text.data() + i, '#', text.size() - i);
    if (!found) break;
    const std::size_t at = static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
    const Tag tag = read_tag(text, at);
    i = tag.end ? tag.end : tag.word;
    if (!tag.end) continue;
    const bool stuck = copied > 0 && at == copied;  // to the tag before: then a tag whatever that ends with
    if (at > 0 && !stuck) {                         // a#b is no tag, nor is &#x41
      const std::size_t before = step_back(text.data(), at);
      if (text[before] == '&' || is_word(decode(text.data() + before, text.data() + at).code)) continue;
    }
    out.copy(in, copied, at);
    if (keeps && stuck) out.put(" ", in, at, tag.word);
    on_tag(at, tag.word, tag.end);
    copied = tag.end;
  }
  out.copy(in, copied, text.size());
  out.finish();
}

// Small letters, capitals, digits, others: where one meets the other, a tag is split. A mark belongs to its letter.
enum class Sort { none, small, capital, digit, other };

Sort sort_of(std::uint32_t code, Sort before) {
  const std::uint8_t found = class_of(code);
  if ((found & kMark) || code == 0x200C) return before;
  if (code == '_') return Sort::none;
  return found & kSmall ? Sort::small : found & kUpper ? Sort::capital : found & kDigit ? Sort::digit : Sort::other;
}

// Whether the first character from `i` on that is no mark is a small letter. Marks are looked at twice at most: the
// next capital stands behind them.
bool small_follows(std::string_view text, std::size_t i, std::size_t end) {
  while (i < end) {
    const Decoded now = decode(text.data() + i, text.data() + text.size());
    const std::uint8_t found = class_of(now.code);
    if (!(found & kMark) && now.code != 0x200C) return found & kSmall;
    i += now.size;
  }
  return false;
}

}  // namespace

void drop_hashtags(const Text& in, Text& out) {
  each_tag(in, out, false, [&](std::size_t begin, std::size_t, std::size_t end) { out.put(" ", in, begin, end); });
}

void keep_hashtags(const Text& in, Text& out) {
  each_tag(in, out, true, [&](std::size_t, std::size_t word, std::size_t end) { out.copy(in, word, end); });
}

void split_hashtags(const Text& in, Text& out) {
  const std::string_view text = in.view();
  each_tag(in, out, true, [&](std::size_t, std::size_t word, std::size_t end) {
    Sort before = Sort::none;
    std::size_t copied = word;
    CancelWatch watch(word);
    for (std::size_t i = word; i < end;) {
      watch.at(i);
      const Decoded now = decode(text.data() + i, text.data() + text.size());
      const Sort sort = sort_of(now.code, before);
      if (now.code == '_') {  // any number of them is one blank
        const std::size_t begin = i;
        while (i < end && text[i] == '_') ++i;
        out.copy(in, copied, begin);
        out.put(" ", in, begin, i);
        copied = i;
        before = Sort::none;
        continue;
      }
      const bool cut = before != Sort::none && sort != before &&
                       (sort == Sort::digit || (sort == Sort::capital && before == Sort::small));
      const bool word_starts = sort == Sort::capital && before != Sort::none && !(class_of(now.code) & kMark) &&
                               now.code != 0x200C && small_follows(text, i + now.size, end);  // NASAFire, 2020Fire
      if (cut || word_starts) {
        out.copy(in, copied, i);
        out.put(" ", in, i, i + 1);  // the blank stands where the next part starts, no further than its first byte
        copied = i;
      }
      before = sort;
      i += now.size;
    }
    out.copy(in, copied, end);
  });
}

}  // namespace textmill
