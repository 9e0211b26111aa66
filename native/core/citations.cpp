// The marks of an encyclopaedia's references: [1], [12, 13], [a], [note 2], [citation needed].
#include <algorithm>
#include <array>

#include "core/stages.hpp"
#include "core/unicode.hpp"
#include "core/utf8.hpp"

namespace textmill {
namespace {

constexpr std::array<std::string_view, 28> kPhrases = {
    "according to whom?", "additional citation(s) needed", "better source needed", "by whom?", "citation needed",
    "citations needed", "clarification needed", "clarify", "context?", "disputed", "dubious", "dubious – discuss",
    "example needed", "failed verification", "full citation needed", "further explanation needed", "how?",
    "needs update", "original research?", "page needed", "quantify", "unreliable source?", "vague", "when?", "where?",
    "which?", "who?", "why?"};
constexpr std::array<std::string_view, 9> kLabels = {"fn", "lower-alpha", "lower-roman", "n", "nb", "note", "notes",
                                                     "ref", "upper-alpha"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
char small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool starts_with(std::string_view text, std::size_t at, std::string_view word) {
  if (text.size() - at < word.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i)
    if (small(text[at + i]) != word[i]) return false;
  return true;
}

std::size_t behind_number(std::string_view text, std::size_t i) {  // `i` itself where there are not one to three digits
  std::size_t end = i;
  while (end < text.size() && is_digit(text[end])) ++end;
  return end - i <= 3 ? end : i;
}

// Behind the ']' of the citation that starts with '[' at `at`; 0 if it is none.
std::size_t behind_citation(std::string_view text, std::size_t at) {
  std::size_t i = at + 1;
  if (i >= text.size()) return 0;
  const auto closes = [&](std::size_t place) { return place < text.size() && text[place] == ']'; };
  if (is_digit(text[i])) {  // numbers, with commas or dashes between
    for (;;) {
      const std::size_t end = behind_number(text, i);
      if (end == i) return 0;
      if (closes(end)) return end + 1;
      i = end;
      if (i < text.size() && text[i] == ' ') ++i;
      if (i < text.size() && (text[i] == ',' || text[i] == ';' || text[i] == '-')) ++i;
      else if (text.compare(i, 3, "–") == 0) i += 3;
      else return 0;
      if (i < text.size() && text[i] == ' ') ++i;
    }
  }
  if (text[i] >= 'a' && text[i] <= 'z' && closes(i + 1)) {  // sticks to what it explains, unlike "[x] done" and "[t]he"
    if (at == 0) return 0;
    const std::size_t before = step_back(text.data(), at);
    if (flags_of(decode(text.data() + before, text.data() + at).code) & kSpace) return 0;
    if (i + 2 < text.size() && (flags_of(decode(text.data() + i + 2, text.data() + text.size()).code) & kWord)) return 0;
    return i + 2;
  }
  for (const std::string_view phrase : kPhrases)
    if (starts_with(text, i, phrase) && closes(i + phrase.size())) return i + phrase.size() + 1;
  for (const std::string_view label : kLabels) {
    if (!starts_with(text, i, label)) continue;
    std::size_t number = i + label.size();
    if (number < text.size() && text[number] == ' ') ++number;
    const std::size_t end = behind_number(text, number);
    if (end > number && closes(end)) return end + 1;
  }
  return 0;
}

}  // namespace

void drop_citations(const Text& in, Text& out) {
  const std::string_view text = in.view();
  out.clear();
  std::size_t copied = 0;
  CancelWatch watch;
  for (std::size_t i = 0; i < text.size();) {
    watch.at(i);
    const std::size_t begin = text.find('[', i);
    if (begin == std::string_view::npos) break;
    std::size_t end = begin;
    while (end < text.size() && text[end] == '[') {  // a row of them goes as one
      watch.at(end);
      const std::size_t behind = behind_citation(text, end);
      if (!behind) break;
      end = behind;
    }
    i = end + (end == begin);
    if (end == begin) continue;
    out.copy(in, copied, begin);
    const auto word_at = [&](std::size_t place) {
      return (flags_of(decode(text.data() + place, text.data() + text.size()).code) & kWord) != 0;
    };
    if (begin > 0 && end < text.size() && word_at(end) && word_at(step_back(text.data(), begin)))
      out.put(" ", in, begin, end);  // words are not glued
    copied = end;
  }
  out.copy(in, copied, text.size());
  out.finish();
}

}  // namespace textmill
