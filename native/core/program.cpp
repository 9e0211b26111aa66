#include "core/program.hpp"

#include <algorithm>
#include <utility>

#include "core/splitters.hpp"

namespace textmill {
namespace {

constexpr std::pair<std::string_view, Stage> kStages[] = {
    {"ascii", fold_to_ascii},
    {"casefold", casefold},
    {"citations", drop_citations},
    {"control", drop_controls},
    {"digits", fold_digits},
    {"emails", drop_emails},
    {"emoji-drop", drop_emoji},
    {"emoji-name", name_emoji},
    {"hashtags-drop", drop_hashtags},
    {"hashtags-keep", keep_hashtags},
    {"hashtags-split", split_hashtags},
    {"headers", drop_headers},
    {"html", strip_html},
    {"mentions", drop_mentions},
    {"nfc", nfc},
    {"nfd", nfd},
    {"nfkc", nfkc},
    {"nfkd", nfkd},
    {"spaces", join_spaces},
    {"urls", drop_urls},
};

constexpr std::pair<std::string_view, Splitter> kSplitters[] = {
    {"graphemes", split_graphemes},
    {"pretokens", split_pretokens},
    {"sentences", split_sentences},
    {"treebank", split_treebank},
    {"tweet", split_tweet},
    {"unicode", split_unicode},
    {"whitespace", split_whitespace},
    {"windows", split_windows},
};

template <class Function, std::size_t N>
Function find(const std::pair<std::string_view, Function> (&table)[N], std::string_view name) {
  for (const auto& [known, function] : table)
    if (known == name) return function;
  return nullptr;
}

template <class Function, std::size_t N>
std::vector<std::string_view> names(const std::pair<std::string_view, Function> (&table)[N]) {
  std::vector<std::string_view> found;
  for (const auto& [name, function] : table) found.push_back(name);
  return found;
}

}  // namespace

Stage find_stage(std::string_view name) { return find(kStages, name); }
Splitter find_splitter(std::string_view name) { return find(kSplitters, name); }
std::vector<std::string_view> stage_names() { return names(kStages); }
std::vector<std::string_view> splitter_names() { return names(kSplitters); }

void Runner::prepare(std::string_view raw) {
  Text* now = &a_;
  Text* other = &b_;
  now->set(raw);
  for (const Stage stage : program_.stages) {
    stage(*now, *other);
    std::swap(now, other);
  }
  if (program_.lower_case) {
    if (is_ascii(now->data(), now->size())) {  // one byte stays one byte: in place, nothing to align
      lower_ascii(now->data(), now->size());
    } else {
      lower(*now, *other);
      std::swap(now, other);
    }
  }
  now_ = now;
}

}  // namespace textmill
