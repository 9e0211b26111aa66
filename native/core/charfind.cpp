#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/cancel.hpp"
#include "core/chargrams.hpp"
#include "core/charwords.hpp"
#include "core/hashing.hpp"
#include "core/parallel.hpp"
#include "core/utf8.hpp"

namespace textmill {
namespace {

constexpr std::size_t kBytesAThread = 64 * 1024;

// Each string's entries, found(words, entries) for each of its words.
template <class Found>
UnitGrams of_units(const Texts& units, const CharRange& range, std::size_t threads, Found&& found) {
  const std::size_t shards = worthwhile(threads, units.size_in_bytes(), kBytesAThread);
  const std::vector<std::size_t> cuts = even_cuts(units.offsets, units.n, shards);
  std::vector<UnitGrams> parts(shards);
  in_parallel(shards, [&, found](std::size_t s) {
    auto each = found;  // it may have buffers of its own
    UnitGrams& part = parts[s];
    CharWords words(range);
    CancelWatch watch;
    for (std::size_t u = cuts[s]; u < cuts[s + 1]; ++u) {
      watch.at(part.entries.size());
      std::int64_t total = 0;
      words.each(units[u], [&](std::int64_t) {
        total += words.total();
        each(words, part.entries);
      });
      part.end_string(part.entries.size(), total);
    }
  });
  UnitGrams all = std::move(parts[0]);
  for (std::size_t s = 1; s < shards; ++s) {
    const auto base = static_cast<std::int64_t>(all.entries.size());
    all.entries.insert(all.entries.end(), parts[s].entries.begin(), parts[s].entries.end());
    all.totals.insert(all.totals.end(), parts[s].totals.begin(), parts[s].totals.end());
    for (std::size_t u = 1; u < parts[s].starts.size(); ++u) all.starts.push_back(base + parts[s].starts[u]);
    parts[s] = UnitGrams();
  }
  return all;
}

}  // namespace

CharGrams::CharGrams(const Texts& names, const CharRange& range) : range_(range) {
  table_.reserve(names.n);
  parents_.reserve(names.n);
  std::string room;
  std::vector<std::int32_t> above;  // the n-grams that the last one began with, and itself
  CancelWatch watch;
  for (std::size_t i = 0; i < names.n; ++i) {
    watch.at(i);
    const std::string_view name = names[i];
    if (name.empty() || (i > 0 && !(names[i - 1] < name))) throw std::invalid_argument("names of n-grams do not ascend");
    table_.intern(name, room);
    while (!above.empty() && !name.starts_with(names[static_cast<std::size_t>(above.back())])) above.pop_back();
    parents_.push_back(above.empty() ? -1 : above.back());
    // what is too short for n-grams is a whole word, and nothing begins with it
    if (name.size() - static_cast<std::size_t>(std::count_if(name.begin(), name.end(), is_continuation)) >= static_cast<std::size_t>(range.low)) above.push_back(static_cast<std::int32_t>(i));
  }
}

UnitGrams CharGrams::find(const Texts& units, std::size_t threads) const {
  struct Wanted {
    TokenHash hash;
    const char* bytes;
    std::size_t size;
    bool longest;  // of its place
  };
  return of_units(units, range_, threads, [&, wanted = std::vector<Wanted>()](const CharWords& words, std::vector<std::uint32_t>& entries) mutable {
    wanted.clear();  // all asked for before the first is read: a look-up waits for memory
    words.each_place([&](std::size_t first, std::size_t shortest, std::size_t longest) {
      const char* begin = words.bytes() + words.begin(first);
      for (std::size_t n = longest; n >= shortest; --n) {
        const std::size_t size = words.end(first + n - 1) - words.begin(first);
        wanted.push_back({hash_token(begin, size), begin, size, n == longest});
        table_.prefetch(wanted.back().hash);
      }
    });
    bool found = false;
    for (const Wanted& one : wanted) {
      if (found && !one.longest) continue;
      const std::int32_t column = table_.find(one.hash, one.bytes, one.size);
      found = column >= 0;
      if (found) entries.push_back(static_cast<std::uint32_t>(column) << 1);
    }
  });
}

Counted CharGrams::count(const Texts& units, const std::int32_t* ids, const std::int64_t* rows, std::size_t n_texts, std::size_t threads) const {
  return count_chars(find(units, threads), parents_.data(), ids, rows, n_texts, n_columns(), nullptr, threads);
}

std::vector<std::int32_t> CharGrams::places(std::string_view unit) const {
  std::vector<std::int32_t> found;
  CharWords words(range_);
  words.each(unit, [&](std::int64_t base) {
    words.each_place([&](std::size_t first, std::size_t shortest, std::size_t longest) {
      for (std::size_t n = shortest; n <= longest; ++n) {
        const char* begin = words.bytes() + words.begin(first);
        const std::size_t size = words.end(first + n - 1) - words.begin(first);
        const std::int32_t column = table_.find(hash_token(begin, size), begin, size);
        const auto at = static_cast<std::int32_t>(base + static_cast<std::int64_t>(first));
        if (column >= 0) found.insert(found.end(), {column, at, at + static_cast<std::int32_t>(n)});
      }
    });
  });
  return found;
}

Counted hash_chars(const Texts& units, const CharRange& range, const std::int32_t* ids, const std::int64_t* rows, std::size_t n_texts,
                   std::int32_t n_features, bool alternate_sign, std::size_t threads) {
  const UnitGrams grams = of_units(units, range, threads, [&](const CharWords& words, std::vector<std::uint32_t>& entries) {
    words.each_place([&](std::size_t first, std::size_t shortest, std::size_t longest) {
      for (std::size_t n = shortest; n <= longest; ++n)
        entries.push_back(hashed_column(murmur3({words.bytes() + words.begin(first), words.end(first + n - 1) - words.begin(first)}, 0),
                                        static_cast<std::uint32_t>(n_features), alternate_sign));
    });
  });
  return count_chars(grams, nullptr, ids, rows, n_texts, static_cast<std::size_t>(n_features), nullptr, threads);
}

}  // namespace textmill
