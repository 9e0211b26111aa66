// Character n-grams beside a plain count: the input's texts are the distinct strings, of which a few texts are made.
#include <cstdlib>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/chargrams.hpp"
#include "core/hashing.hpp"
#include "core/unicode.hpp"
#include "core/utf8.hpp"
#include "fuzz/input.hpp"
#include "fuzz/laws.hpp"

using namespace textmill;
using fuzz::require;

namespace {

using Counts = std::map<std::string, std::int64_t>;  // by spelling

std::string spelled(const std::vector<std::uint32_t>& codes, std::size_t first, std::size_t n) {
  std::string out;
  char bytes[4];
  for (std::size_t i = first; i < first + n; ++i) out.append(bytes, encode(codes[i], bytes));
  return out;
}

// The n-grams of one string, as scikit-learn's analyzers have them.
void count_plainly(std::string_view unit, const CharRange& range, Counts& counts) {
  std::vector<std::vector<std::uint32_t>> words(1);
  for (const char *p = unit.data(), *end = p + unit.size(); p < end;) {
    const Decoded now = decode(p, end);
    p += now.size;
    if (range.padded && flags_of(now.code) & kSpace) words.emplace_back();
    else words.back().push_back(now.code);
  }
  const auto low = static_cast<std::size_t>(range.low), high = static_cast<std::size_t>(range.high);
  for (std::vector<std::uint32_t>& word : words) {
    if (word.empty()) continue;
    if (range.padded) {
      word.insert(word.begin(), ' ');
      word.push_back(' ');
      if (word.size() < low) ++counts[spelled(word, 0, word.size())];
    }
    for (std::size_t n = low; n <= high && n <= word.size(); ++n)
      for (std::size_t first = 0; first + n <= word.size() && (range.padded || first == 0); ++first) ++counts[spelled(word, first, n)];
  }
}

void require_rows(const Counted& made, const std::vector<std::map<std::int32_t, std::int64_t>>& wanted, const char* law) {
  require(made.indptr.size() == wanted.size() + 1, law);
  std::size_t at = 0;
  for (std::size_t text = 0; text < wanted.size(); ++text) {
    for (const auto& [column, count] : wanted[text]) {
      require(at < made.size() && made.indices[at] == column && made.data[at] == count, law);
      ++at;
    }
    require(made.indptr[text + 1] == static_cast<std::int32_t>(at), law);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 512) return 0;
  fuzz::Input input(data, size);
  const std::uint8_t choice = input.choice(), kept = input.choice();
  const int low = 1 + (choice & 3);
  const CharRange range{low, low + (choice >> 2 & 7), (choice & 32) != 0};
  const std::size_t threads = choice & 64 ? 3 : 1;
  const Texts units = input.texts();
  std::vector<std::int32_t> ids;
  std::vector<std::int64_t> rows{0};
  for (std::size_t text = 0; text < units.n; ++text) {
    for (std::size_t k = 0; k < text % 4; ++k) ids.push_back(static_cast<std::int32_t>((text * (k + 1)) % units.n));
    if (text % 3) ids.push_back(static_cast<std::int32_t>(text));
    rows.push_back(static_cast<std::int64_t>(ids.size()));
  }

  std::vector<Counts> of_unit(units.n), of_text(units.n);
  Counts all, texts_with;
  for (std::size_t unit = 0; unit < units.n; ++unit) {
    count_plainly(units[unit], range, of_unit[unit]);
    for (const auto& [gram, count] : of_unit[unit]) all[gram];
  }
  for (std::size_t text = 0; text < units.n; ++text) {
    for (std::int64_t i = rows[text]; i < rows[text + 1]; ++i)
      for (const auto& [gram, count] : of_unit[static_cast<std::size_t>(ids[static_cast<std::size_t>(i)])]) of_text[text][gram] += count;
    for (const auto& [gram, count] : of_text[text]) {
      all[gram] += count;
      ++texts_with[gram];
    }
  }

  CharGramCounter counter(units, range, threads);
  require(counter.n_columns() == all.size(), "each n-gram has a column");
  counter.count(ids.data(), rows.data(), units.n, threads);
  const auto keep = std::make_unique<bool[]>(all.size() + 1);
  std::map<std::string, std::int32_t> columns;
  std::string names;
  std::vector<std::int64_t> ends{0};
  std::size_t column = 0;
  const std::vector<std::int64_t> df = counter.document_frequencies(), tf = counter.term_frequencies();
  for (const auto& [gram, count] : all) {
    require(tf[column] == count && df[column] == texts_with[gram], "frequencies are counted");
    keep[column] = kept & 1 ? (column * 5 + kept) % 3 != 1 : true;
    if (keep[column++]) {
      columns.emplace(gram, static_cast<std::int32_t>(columns.size()));
      names += gram;
      ends.push_back(static_cast<std::int64_t>(names.size()));
    }
  }
  const auto [bytes, name_ends] = counter.names(keep.get());
  require(std::string(bytes.begin(), bytes.end()) == names && name_ends == ends, "columns are in the order of spelling");
  std::vector<std::map<std::int32_t, std::int64_t>> wanted(units.n);
  for (std::size_t text = 0; text < units.n; ++text)
    for (const auto& [gram, count] : of_text[text])
      if (const auto found = columns.find(gram); found != columns.end()) wanted[text][found->second] = count;
  require_rows(counter.matrix(keep.get(), threads), wanted, "n-grams are counted");
  const CharGrams frozen({names.data(), ends.data(), columns.size()}, range);
  require_rows(frozen.count(units, ids.data(), rows.data(), units.n, threads), wanted, "a frozen vocabulary counts alike");

  const std::int32_t n_features = kept & 2 ? 7 : kept & 4 ? 1 << 20 : std::numeric_limits<std::int32_t>::max();
  const bool signs = kept & 8;
  for (std::size_t text = 0; text < units.n; ++text) {
    wanted[text].clear();
    for (const auto& [gram, count] : of_text[text]) {
      const std::uint32_t key = hashed_column(murmur3(gram, 0), static_cast<std::uint32_t>(n_features), signs);
      wanted[text][static_cast<std::int32_t>(key >> 1)] += key & 1 ? -count : count;
    }
  }
  require_rows(hash_chars(units, range, ids.data(), rows.data(), units.n, n_features, signs, threads), wanted, "a hashed count is a plain one");
  return 0;
}
