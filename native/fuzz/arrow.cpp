// The boundary where arrays come in: whatever they hold, either the checks refuse them or the core can work on them.
#include <cstring>
#include <limits>
#include <stdexcept>

#include "core/count.hpp"
#include "core/csv.hpp"
#include "core/grams.hpp"
#include "core/hashing.hpp"
#include "core/layout.hpp"
#include "core/rewrite.hpp"
#include "core/segment.hpp"
#include "fuzz/input.hpp"
#include "fuzz/laws.hpp"

using namespace textmill;
using fuzz::require;

namespace {

template <class T>
Array<T> array(const std::vector<T>& values) {
  return {values.data(), values.size()};
}

// Small steps, rising as a rule; now and then a step back, or a value at a limit.
template <class T>
std::vector<T> read_ends(fuzz::Input& input, std::size_t n) {
  std::vector<T> ends;
  T now = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint8_t step = input.choice();
    constexpr T kMost = std::numeric_limits<T>::max(), kLeast = std::numeric_limits<T>::min();
    switch (step) {
      case 255: now = kMost; break;
      case 254: now = kLeast; break;
      case 253: now = static_cast<T>(now > 0 ? now - 1 : 0); break;
      case 252: now = static_cast<T>(-1); break;
      case 251: now = static_cast<T>(std::int64_t{1} << (sizeof(T) * 4)); break;
      case 250: now = 0; break;
      default: now = now > kMost - 24 ? kMost : static_cast<T>(now + step % 24);
    }
    ends.push_back(now);
  }
  ends.shrink_to_fit();
  return ends;
}

bool accepts(auto&& check) {
  try {
    check();
    return true;
  } catch (const std::invalid_argument&) {
    return false;
  }
}

bool rises(const auto& ends) {
  for (std::size_t i = 1; i < ends.size(); ++i)
    if (ends[i - 1] > ends[i]) return false;
  return true;
}

void on_texts(fuzz::Input& input, std::uint8_t choice) {
  // offsets of 32 bits are widened before they come; a slice starts anywhere
  const std::size_t n = input.choice() % 16;
  std::vector<std::int64_t> offsets;
  if (choice & 1) {
    const std::vector<std::int32_t> narrow = read_ends<std::int32_t>(input, n);
    offsets.assign(narrow.begin(), narrow.end());
  } else {
    offsets = read_ends<std::int64_t>(input, n);
  }
  const std::size_t first = offsets.empty() ? 0 : input.choice() % offsets.size();
  offsets.erase(offsets.begin(), offsets.begin() + static_cast<std::ptrdiff_t>(first));
  offsets.shrink_to_fit();
  std::vector<std::uint8_t> bytes;
  while (input.left()) bytes.push_back(input.choice());
  bytes.shrink_to_fit();
  Texts texts{};
  const bool taken = accepts([&] { texts = checked_texts(array(bytes), array(offsets)); });
  const bool fits = !offsets.empty() && offsets.front() >= 0 && rises(offsets) && static_cast<std::uint64_t>(offsets.back()) <= bytes.size();
  require(taken == fits, "what is taken fits");
  if (!taken) return;
  Program program;
  if (choice & 2) program.stages = {find_stage("html"), find_stage("nfkc")};
  fuzz::laws_of_scan(program, texts, true);
  for (const Segments kind : {Segments::graphemes, Segments::words, Segments::all_words, Segments::sentences})
    require(segment(texts, kind, 1).rows == segment(texts, kind, 3).rows, "threads change nothing");
  require(rewrite(program, texts, 3).offsets.size() == texts.n + 1, "a text stays a text");
  require(fingerprints(texts, true, 3).size() == 2 * texts.n, "a text has a fingerprint");
  csv_rows({texts}, ',');
}

void on_tokens(fuzz::Input& input, std::uint8_t choice) {
  const std::size_t n_rows = input.choice() % 8, n_types = input.choice() % 8;
  const std::vector<std::int64_t> rows = read_ends<std::int64_t>(input, n_rows);
  std::vector<std::int32_t> terms, ids;
  for (std::size_t i = 0; i < n_types; ++i) terms.push_back(static_cast<std::int8_t>(input.choice()) % 10);
  terms.shrink_to_fit();
  while (input.left()) ids.push_back(static_cast<std::int8_t>(input.choice()) & 0x87);
  ids.shrink_to_fit();
  const std::size_t n_terms = choice >> 2 & 7;
  std::size_t n = 0;
  const bool taken = accepts([&] {
    check_terms(array(terms), choice & 1 ? kUnknown : std::numeric_limits<std::int32_t>::min(), n_terms);
    n = checked_rows(array(ids), array(rows), n_types);
  });
  bool fits = !rows.empty() && rows.front() == 0 && rises(rows) && static_cast<std::uint64_t>(rows.back()) == ids.size();
  for (const std::int32_t term : terms) fits = fits && term < static_cast<std::int32_t>(n_terms) && (term >= kUnknown || !(choice & 1));
  for (const std::int32_t id : ids) fits = fits && id >= 0 && id < static_cast<std::int32_t>(n_types);
  require(taken == fits, "what is taken fits");
  if (!taken) return;
  GramCounter counter;
  counter.add(ids.data(), rows.data(), n);
  counter.count(terms.data(), n_types, n_terms, 1, 3, 1, 3);
  const std::vector<char> spelled(n_terms, 'a');
  std::vector<std::int64_t> ends{0};
  for (std::size_t i = 0; i < n_terms; ++i) ends.push_back(static_cast<std::int64_t>(i + 1));
  hash_counts(ids.data(), rows.data(), n, terms.data(), {spelled.data(), ends.data(), n_terms}, 1, 3, 11, true, 3);
  if (!(choice & 1)) return;
  KeptLevel words;
  words.column.assign(n_terms, -1);
  count(Grams({words}, 1), ids.data(), rows.data(), n, terms.data(), 3);
}

void on_sparse(fuzz::Input& input) {
  const std::size_t n_columns = input.choice() % 12;
  const std::vector<std::int32_t> indptr = read_ends<std::int32_t>(input, input.choice() % 8);
  std::vector<std::int32_t> indices;
  while (input.left()) indices.push_back(static_cast<std::int8_t>(input.choice()) & 0x8F);
  indices.shrink_to_fit();
  const std::vector<float> data(indices.size(), 1.5F);
  Sparse matrix{};
  const bool taken = accepts([&] { matrix = checked_sparse(array(data), array(indices), array(indptr), n_columns); });
  bool fits = !indptr.empty() && indptr.front() == 0 && rises(indptr) && static_cast<std::size_t>(indptr.back()) == indices.size();
  for (const std::int32_t i : indices) fits = fits && i >= 0 && i < static_cast<std::int32_t>(n_columns);
  require(taken == fits, "what is taken fits");
  if (!taken) return;
  const std::vector<double> dense(n_columns, 2);
  std::vector<double> out(matrix.n_rows);
  multiply(matrix, dense.data(), 1, out.data(), 3);
  std::vector<float> turned(data.size());
  std::vector<std::int32_t> rows(data.size()), ends(n_columns + 1);
  transpose(matrix, turned.data(), rows.data(), ends.data(), 3);
  require(static_cast<std::size_t>(ends.back()) == data.size(), "no entry is lost");
}

// A vocabulary read from a file: levels that refer to each other.
void on_levels(fuzz::Input& input) {
  std::vector<KeptLevel> levels(1 + input.choice() % 3);
  std::vector<std::int32_t> terms;
  for (KeptLevel& level : levels) {
    const std::size_t n = input.choice() % 6;
    for (std::size_t i = 0; i < n; ++i) {
      level.column.push_back(static_cast<std::int8_t>(input.choice()) % 4);
      level.prefix.push_back(static_cast<std::int8_t>(input.choice()) % 8);
      level.term.push_back(static_cast<std::int8_t>(input.choice()) % 8);
    }
  }
  const std::size_t n_terms = levels[0].column.size();
  while (input.left()) terms.push_back(static_cast<std::int8_t>(input.choice()) % 8);
  terms.shrink_to_fit();
  const int low = levels[0].term.empty() ? 1 : 1 + (levels[0].term[0] & 1);
  const std::size_t skip = levels[0].term.empty() ? 0 : levels[0].term[0] >> 1 & 3;
  accepts([&] {
    const Grams grams(std::move(levels), low, skip);
    check_terms(array(terms), kUnknown, n_terms);
    grams.each_place(terms.data(), terms.size(), [&](std::int32_t column, const std::size_t* places, std::size_t length) {
      require(column >= 0 && places[length - 1] < terms.size(), "an n-gram lies in its text");
      require(places[length - 1] - places[0] < length + skip, "an n-gram skips no more than it may");
    });
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 2048) return 0;
  fuzz::Input input(data, size);
  const std::uint8_t choice = input.choice();
  switch (choice >> 6) {
    case 0: on_tokens(input, choice); break;
    case 1: on_sparse(input); break;
    case 2: on_levels(input); break;
    default: on_texts(input, choice);
  }
  return 0;
}
