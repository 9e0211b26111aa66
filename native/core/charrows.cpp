#include <algorithm>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/cancel.hpp"
#include "core/chargrams.hpp"
#include "core/hashed_row.hpp"
#include "core/parallel.hpp"
#include "core/row_counter.hpp"

namespace textmill {
namespace {

constexpr std::size_t kIdsAThread = 8 * 1024;
constexpr std::size_t kAhead = 8;  // a look-up waits for memory: ask early

// Goes through the distinct strings of one text after the other, with its own tables: one a thread.
class DistinctStrings {
 public:
  explicit DistinctStrings(const UnitGrams& units) : units_(units), counts_of_(units.totals.size(), 0) {}

  // Returns how many n-grams the strings have together, unknown ones too.
  std::size_t meet(const std::int32_t* ids, std::size_t n, std::size_t text) {
    if (met_.size() < n + 1) met_.resize(2 * n + 1);
    n_met_ = 0;
    for (std::size_t i = 0; i < n; ++i) {
      met_[n_met_] = ids[i];
      n_met_ += counts_of_[static_cast<std::size_t>(ids[i])]++ == 0;
    }
    for (std::size_t i = 0; i < n_met_; ++i) {  // look-ups wait for memory: ask for all of them first
      __builtin_prefetch(&units_.starts[static_cast<std::size_t>(met_[i])]);
      __builtin_prefetch(&units_.totals[static_cast<std::size_t>(met_[i])]);
    }
    std::uint64_t distinct = 0, total = 0;
    for (std::size_t i = 0; i < n_met_; ++i) {
      const auto unit = static_cast<std::size_t>(met_[i]);
      distinct += units_.totals[unit];
      total += std::uint64_t{counts_of_[unit]} * units_.totals[unit];
    }
    if (total > std::numeric_limits<std::int32_t>::max()) throw std::overflow_error("text " + std::to_string(text) + " has more than 2,147,483,647 n-grams");
    total_ = static_cast<std::int32_t>(total);
    return distinct;
  }
  std::int32_t total() const { return total_; }  // n-grams of the text

  // found(entry, times) for each entry of each string that was met; forgets them.
  template <class Found>
  void each(Found&& found) {
    CancelWatch watch;
    std::size_t seen = 0;
    for (std::size_t i = 0; i < n_met_; ++i) {
      if (i + kAhead < n_met_) __builtin_prefetch(units_.entries.data() + units_.starts[static_cast<std::size_t>(met_[i + kAhead])]);
      const auto unit = static_cast<std::size_t>(met_[i]);
      const auto times = static_cast<std::int32_t>(std::exchange(counts_of_[unit], 0));
      const std::uint32_t* entry = units_.entries.data() + units_.starts[unit];
      const std::uint32_t* const end = units_.entries.data() + units_.starts[unit + 1];
      watch.at(seen += static_cast<std::size_t>(end - entry));
      for (; entry < end; ++entry) found(*entry, times);
    }
  }

 private:
  const UnitGrams& units_;
  std::vector<std::uint32_t> counts_of_;  // of each string in this text
  std::vector<std::int32_t> met_;         // each once
  std::size_t n_met_ = 0;
  std::int32_t total_ = 0;
};

// How many texts have each column. Those that have a longest n-gram are counted, and where two longest ones of a text
// begin alike, the text is taken away once where they part: so the sum over all that begin with an n-gram is how many
// texts have it, and few counts are touched for each text.
class DocumentFrequencies {
 public:
  explicit DocumentFrequencies(std::size_t n_columns = 0) : some_(n_columns, 0), all_(n_columns, 0) {}

  void add(std::int32_t column) {
    if (++some_[static_cast<std::size_t>(column)] == kMost) carry(column);
  }
  void take_away(std::int32_t column) {
    if (--some_[static_cast<std::size_t>(column)] == -kMost) carry(column);
  }
  void prefetch(std::int32_t column) const { __builtin_prefetch(&some_[static_cast<std::size_t>(column)]); }
  // Adds to `df` what is not summed up yet.
  void add_to(std::vector<std::int64_t>& df) const {
    for (std::size_t column = 0; column < all_.size(); ++column) df[column] += all_[column] + some_[column];
  }

 private:
  [[gnu::noinline, gnu::cold]] void carry(std::int32_t column) {
    all_[static_cast<std::size_t>(column)] += std::exchange(some_[static_cast<std::size_t>(column)], std::int16_t{0});
  }

  static constexpr std::int16_t kMost = std::numeric_limits<std::int16_t>::max();
  std::vector<std::int16_t> some_;  // small, to be near
  std::vector<std::int64_t> all_;   // what does not fit there
};

// A column and how often it comes.
struct Longest {
  std::int32_t column, count;
};

// Writes the row of the longest n-grams of a text, which come in order: all that they begin with are counted with them.
// Returns the size of the row.
std::size_t write_row(const std::vector<Longest>& longest, const std::int32_t* parents, DocumentFrequencies* df, std::int32_t* columns,
                      std::int32_t* counts) {
  struct {
    std::int32_t column;
    std::size_t entry;
  } open[256];  // the last one and what it begins with, from the shortest on; the first is none
  std::int32_t fresh[256];
  open[0].column = -1;
  std::size_t depth = 0, size = 0;
  CancelWatch watch;
  for (std::size_t i = 0; i < longest.size(); ++i) {
    watch.at(i);
    if (i + 2 * kAhead < longest.size()) {
      __builtin_prefetch(parents + longest[i + 2 * kAhead].column);
      if (df) df->prefetch(longest[i + 2 * kAhead].column);
      if (const std::int32_t above = parents[longest[i + kAhead].column]; above >= 0) __builtin_prefetch(parents + parents[above]);
    }
    std::size_t n_fresh = 0;
    std::int32_t above = longest[i].column;
    for (; above > open[depth].column; above = parents[above]) fresh[n_fresh++] = above;
    while (open[depth].column > above) --depth;  // in the order of spelling: `above` is open, or there is none
    const std::int32_t count = longest[i].count;
    for (std::size_t d = 1; d <= depth; ++d) counts[open[d].entry] += count;
    if (df) {
      df->add(longest[i].column);
      if (above >= 0) df->take_away(above);
    }
    while (n_fresh > 0) {
      open[++depth] = {fresh[--n_fresh], size};
      columns[size] = open[depth].column;
      counts[size++] = count;
    }
  }
  return size;
}

}  // namespace

Counted count_chars(const UnitGrams& units, const std::int32_t* parents, const std::int32_t* ids, const std::int64_t* rows, std::size_t n_texts,
                    std::size_t n_columns, std::vector<std::int64_t>* df, std::size_t threads) {
  const auto n_ids = static_cast<std::size_t>(rows[n_texts]);
  const std::size_t n_threads = worthwhile(threads, n_ids, kIdsAThread);
  std::vector<std::size_t> mosts(n_threads, 0);  // n-grams, counted again where a word comes again
  in_parallel(n_threads, [&](std::size_t thread) {
    std::size_t most = 0;
    for (std::size_t i = n_ids * thread / n_threads; i < n_ids * (thread + 1) / n_threads; ++i) most += units.totals[static_cast<std::size_t>(ids[i])];
    mosts[thread] = most;
  });
  std::size_t most = 0;
  for (const std::size_t some : mosts) most += some;
  CsrParts parts(rows, n_texts, most);
  std::vector<std::int32_t> lengths(n_texts);
  std::vector<DocumentFrequencies> dfs(n_threads);
  in_parallel(n_threads, [&](std::size_t thread) {
    DistinctStrings strings(units);
    HashedRow hashed(static_cast<std::uint32_t>(n_columns));
    RowCounter counter(parents ? n_columns : 0, n_ids);
    DocumentFrequencies here(df ? n_columns : 0);
    std::vector<Longest> longest;
    parts.take([&](std::size_t text, CsrParts::Part& part) {
      stop_if_cancelled();
      const std::size_t n = strings.meet(ids + rows[text], static_cast<std::size_t>(rows[text + 1] - rows[text]), text);
      lengths[text] = strings.total();
      if (!parents) {
        hashed.begin(n);
        strings.each([&](std::uint32_t entry, std::int32_t times) { hashed.add(entry, times); });
        part.drain_row(n, [&](auto&& found) { hashed.drain(found); });
        return;
      }
      longest.clear();
      strings.each([&](std::uint32_t entry, std::int32_t times) { counter.add(entry >> 1, times); });
      counter.drain([&](std::int32_t column, std::int32_t count) { longest.push_back({column, count}); });
      part.put_row(n, [&](std::int32_t* columns, std::int32_t* counts) { return write_row(longest, parents, df ? &here : nullptr, columns, counts); });
    });
    dfs[thread] = std::move(here);
  });
  if (df) {
    df->assign(n_columns, 0);
    for (const DocumentFrequencies& each : dfs) each.add_to(*df);
    for (std::size_t column = n_columns; column-- > 0;)  // what begins with an n-gram stands behind it
      if (parents[column] >= 0) (*df)[static_cast<std::size_t>(parents[column])] += (*df)[column];
  }
  return {parts.close(), std::move(lengths)};
}

}  // namespace textmill
