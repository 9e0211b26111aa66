#include "core/stream.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

#include "core/count.hpp"
#include "core/gram_hash.hpp"
#include "core/parallel.hpp"

namespace textmill {
namespace {

constexpr std::size_t kTokensAThread = 16 * 1024;

}  // namespace

StreamCounter::StreamCounter(GramFilter filter, int low, int high, bool plain, bool frequencies, std::size_t waiting)
    : filter_(std::move(filter)), low_(low), high_(high), plain_(plain), frequencies_(frequencies), waiting_(waiting) {
  for (int length = 2; length <= high; ++length) {
    tallies_.emplace_back(length, waiting);
    more_.emplace_back(length, waiting);
  }
}

// The term of a type that is met for the first time; where it may matter, the type is remembered.
std::int32_t StreamCounter::admit(std::string_view word, std::string_view term) {
  std::string room;
  std::int32_t number = kLeftOut;
  if (!term.empty()) {
    const std::uint64_t hash = hash_term(term);
    if (!filter_.passes(hash)) return kUnknown;
    number = plain_ ? static_cast<std::int32_t>(types_.size()) : terms_.intern(term, room);
    if (static_cast<std::size_t>(number) == term_hashes_.size()) term_hashes_.push_back(hash);
  }
  types_.intern(word, room);
  type_terms_.push_back(number);
  type_counts_.push_back(0);
  return number;
}

void StreamCounter::add(const std::int32_t* ids, const std::int64_t* rows, std::size_t n_texts, const InternTable& others,
                        const Texts* spelled, std::size_t threads) {
  if (finished_) throw std::logic_error("counted already");
  if (n_texts_ + n_texts >= static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max()))
    throw std::overflow_error("more than 2,147,483,646 texts");
  const std::size_t known = types_.size();
  std::vector<std::int32_t> terms = type_terms_;
  terms.reserve(known + others.size());
  std::vector<std::int32_t> numbers(others.size(), -1);  // of the new types that are remembered
  for (std::size_t i = 0; i < others.size(); ++i) {
    const auto next = static_cast<std::int32_t>(types_.size());
    terms.push_back(admit(others[i], spelled ? (*spelled)[i] : others[i]));
    if (terms.back() != kUnknown) numbers[i] = next;
  }
  for (std::int64_t i = 0; i < rows[n_texts]; ++i) {
    const auto id = static_cast<std::size_t>(ids[i]);
    if (id < known) ++type_counts_[id];
    else if (numbers[id - known] >= 0) ++type_counts_[static_cast<std::size_t>(numbers[id - known])];
  }
  const std::size_t shards = worthwhile(threads, static_cast<std::size_t>(rows[n_texts]), kTokensAThread);
  const std::vector<std::size_t> cuts = even_cuts(rows, n_texts, shards);
  if (shards_.size() < shards) shards_.resize(shards);
  for (auto* tallies : {&tallies_, &more_})
    for (GramTally& tally : *tallies) tally.prepare(shards);
  in_parallel(shards, [&](std::size_t s) {
    Shard& shard = shards_[s];
    if (shard.df.size() < term_hashes_.size()) {
      shard.df.resize(term_hashes_.size());
      shard.last.resize(term_hashes_.size());
    }
    shard.seen.resize(static_cast<std::size_t>(high_));
    for (std::size_t text = cuts[s]; text < cuts[s + 1]; ++text) {
      shard.terms.clear();
      for (std::int64_t i = rows[text]; i < rows[text + 1]; ++i)
        if (const std::int32_t term = terms[static_cast<std::size_t>(ids[i])]; term != kLeftOut) shard.terms.push_back(term);
      count_text(shard, s, static_cast<std::uint32_t>(n_texts_ + text + 1));
    }
  });
  n_texts_ += n_texts;
  for (const Shard& shard : shards_) longest_ = std::max(longest_, shard.longest);
  std::size_t waiting = 0;
  for (const auto* tallies : {&tallies_, &more_})
    for (const GramTally& tally : *tallies) waiting += tally.waiting();
  if (waiting > waiting_) settle(threads);
}

void StreamCounter::count_text(Shard& shard, std::size_t s, std::uint32_t stamp) {
  const std::vector<std::int32_t>& terms = shard.terms;
  const std::size_t n = terms.size();
  shard.longest = std::max(shard.longest, n);
  for (const std::int32_t term : terms)
    if (term >= 0 && std::exchange(shard.last[static_cast<std::size_t>(term)], stamp) != stamp) ++shard.df[static_cast<std::size_t>(term)];
  if (high_ == 1) return;
  // state[i]: the n-gram of the last length that begins at i, numbered within the text, or -1 where none can count
  shard.state = terms;
  if (!filter_.all()) {
    shard.hashes.resize(n);
    for (std::size_t i = 0; i < n; ++i) shard.hashes[i] = terms[i] >= 0 ? term_hashes_[static_cast<std::size_t>(terms[i])] : 0;
  }
  for (std::size_t length = 2; length <= static_cast<std::size_t>(high_) && length <= n; ++length) {
    const std::size_t places = n - length + 1;
    if (!filter_.all())
      for (std::size_t i = 0; i < places; ++i) {
        const std::int32_t term = terms[i + length - 1];
        if (shard.state[i] < 0 || term < 0) continue;
        shard.hashes[i] = extend_hash(shard.hashes[i], term_hashes_[static_cast<std::size_t>(term)]);
        filter_.prefetch(shard.hashes[i]);
      }
    const bool counts = length >= static_cast<std::size_t>(low_);
    Distinct& seen = shard.seen[length - 1];
    seen.begin(places);
    std::int32_t next = 0;
    for (std::size_t i = 0; i < places; ++i) {
      const std::int32_t term = terms[i + length - 1];
      if (shard.state[i] < 0 || term < 0) {
        shard.state[i] = -1;
        continue;
      }
      const auto [number, fresh] = seen.add(static_cast<std::uint64_t>(static_cast<std::uint32_t>(shard.state[i])) << 32 | static_cast<std::uint32_t>(term));
      if (fresh) {
        number = filter_.passes(shard.hashes.empty() ? 0 : shard.hashes[i]) ? next++ : -1;
        if (counts && number >= 0) tallies_[length - 2].push(s, &terms[i]);
      } else if (counts && frequencies_ && number >= 0) {
        more_[length - 2].push(s, &terms[i]);
      }
      shard.state[i] = number;
    }
  }
}

void StreamCounter::settle(std::size_t threads) {
  for (auto* tallies : {&tallies_, &more_})
    for (GramTally& tally : *tallies) tally.settle(threads);
}

std::size_t StreamCounter::n_grams() const {
  std::size_t n = term_hashes_.size();
  for (const GramTally& tally : tallies_) n += tally.size();
  return n;
}

std::size_t StreamCounter::memory() const {
  std::size_t bytes = filter_.memory() + types_.memory() + terms_.memory() + type_terms_.capacity() * sizeof(std::int32_t) +
                      type_counts_.capacity() * sizeof(std::int64_t) + term_hashes_.capacity() * sizeof(std::uint64_t);
  for (const Shard& shard : shards_) {
    bytes += (shard.df.capacity() + shard.last.capacity()) * sizeof(std::uint32_t);
    for (const Distinct& seen : shard.seen) bytes += seen.memory();
  }
  for (const auto* tallies : {&tallies_, &more_})
    for (const GramTally& tally : *tallies) bytes += tally.memory();
  return bytes;
}

void StreamCounter::finish(std::uint32_t min_df, std::size_t threads) {
  if (finished_) throw std::logic_error("counted already");
  finished_ = true;
  min_df = std::max<std::uint32_t>(1, min_df);
  settle(threads);
  filter_ = {};
  const InternTable& spelled = plain_ ? types_ : terms_;
  std::vector<std::uint32_t> df(term_hashes_.size());
  for (const Shard& shard : shards_)
    for (std::size_t term = 0; term < shard.df.size(); ++term) df[term] += shard.df[term];
  shards_ = {};
  for (std::size_t term = 0; term < df.size(); ++term)
    if (df[term] >= min_df) kept_.push_back(static_cast<std::int32_t>(term));  // with types as terms, those left out have no texts
  std::sort(kept_.begin(), kept_.end(), [&](std::int32_t a, std::int32_t b) {
    return spelled[static_cast<std::size_t>(a)] < spelled[static_cast<std::size_t>(b)];
  });
  std::vector<std::int32_t> numbers(df.size(), -1);
  for (std::size_t i = 0; i < kept_.size(); ++i) numbers[static_cast<std::size_t>(kept_[i])] = static_cast<std::int32_t>(i);

  levels_.resize(static_cast<std::size_t>(high_));
  Level& words = levels_[0];
  for (const std::int32_t term : kept_) words.df.push_back(df[static_cast<std::size_t>(term)]);
  words.term.resize(kept_.size());
  for (std::size_t i = 0; i < kept_.size(); ++i) words.term[i] = static_cast<std::int32_t>(i);
  if (frequencies_) {
    words.tf.resize(kept_.size());
    for (std::size_t type = 0; type < types_.size(); ++type)
      if (const std::int32_t term = type_terms_[type]; term >= 0 && numbers[static_cast<std::size_t>(term)] >= 0)
        words.tf[static_cast<std::size_t>(numbers[static_cast<std::size_t>(term)])] += type_counts_[type];
  }
  std::vector<std::int32_t> longer;  // terms of the n-grams of one word more, in order
  for (auto length = static_cast<std::size_t>(high_); length >= 2; --length) {
    Level& level = levels_[length - 1];
    std::vector<std::int32_t> grams;
    if (length >= static_cast<std::size_t>(low_)) {
      Tallied found = tallies_[length - 2].sorted(min_df, numbers, kept_.size());
      grams = std::move(found.terms);
      level.df = std::move(found.counts);
      if (frequencies_) {
        // what occurs again in a text is a subset; where it was counted rarely enough to be gone, so is the n-gram
        const Tallied again = more_[length - 2].sorted(1, numbers, kept_.size());
        level.tf.assign(level.df.begin(), level.df.end());
        for (std::size_t i = 0, j = 0; i < level.df.size() && j < again.counts.size();) {
          const auto* gram = &grams[i * length];
          const auto* other = &again.terms[j * length];
          const auto order = std::lexicographical_compare_three_way(gram, gram + length, other, other + length);
          if (order == 0) level.tf[i] += again.counts[j];
          if (order >= 0) ++j;
          if (order <= 0) ++i;
        }
      }
    } else {  // only the beginnings of longer ones
      const std::size_t n = longer.size() / (length + 1);
      for (std::size_t i = 0; i < n; ++i) {
        const auto gram = longer.begin() + static_cast<std::ptrdiff_t>(i * (length + 1));
        const auto size = static_cast<std::ptrdiff_t>(length);
        if (grams.empty() || !std::equal(gram, gram + size, grams.end() - size)) grams.insert(grams.end(), gram, gram + size);
      }
    }
    const std::size_t n = grams.size() / length;
    level.term.resize(n);
    for (std::size_t i = 0; i < n; ++i) level.term[i] = grams[i * length + length - 1];
    if (length < static_cast<std::size_t>(high_)) {  // the longer ones' prefixes are these
      Level& next = levels_[length];
      std::size_t at = 0;
      for (std::size_t i = 0; i < next.size(); ++i) {
        const auto gram = longer.begin() + static_cast<std::ptrdiff_t>(i * (length + 1));
        // a text that holds an n-gram holds its beginning, which so stands in as many texts
        while (!std::equal(gram, gram + static_cast<std::ptrdiff_t>(length), grams.begin() + static_cast<std::ptrdiff_t>(at * length))) ++at;
        next.prefix[i] = static_cast<std::int32_t>(at);
      }
    }
    level.prefix.resize(n);
    if (length == 2)
      for (std::size_t i = 0; i < n; ++i) level.prefix[i] = grams[i * 2];
    longer = std::move(grams);
  }
  tallies_ = {};
  more_ = {};
  order_columns();
}

// The order of spelling is the order in which one walks the tree of prefixes: each gram before its continuations.
void StreamCounter::order_columns() {
  const std::size_t n_levels = levels_.size();
  std::vector<std::vector<std::int64_t>> below(n_levels);  // columns at or below each gram, then the first one's place
  for (std::size_t k = n_levels; k-- > 0;) {
    const std::int64_t counts = static_cast<int>(k) + 1 >= low_;
    below[k].assign(levels_[k].size(), counts);
    if (k + 1 < n_levels)
      for (std::size_t gram = 0; gram < levels_[k + 1].size(); ++gram)
        below[k][static_cast<std::size_t>(levels_[k + 1].prefix[gram])] += below[k + 1][gram];
  }
  std::int64_t total = 0;
  for (std::int64_t& size : below[0]) total += std::exchange(size, total);
  if (total >= std::numeric_limits<std::int32_t>::max()) throw std::overflow_error("more than 2,147,483,646 n-grams");
  n_columns_ = static_cast<std::size_t>(total);
  for (std::size_t k = 0; k < n_levels; ++k) {
    Level& level = levels_[k];
    if (k > 0) {
      const std::int64_t before = static_cast<int>(k) >= low_;  // the prefix's own column
      std::int32_t parent = -1;
      std::int64_t next = 0;
      for (std::size_t gram = 0; gram < level.size(); ++gram) {
        if (level.prefix[gram] != parent) next = below[k - 1][static_cast<std::size_t>(level.prefix[gram])] + before;
        parent = level.prefix[gram];
        next += std::exchange(below[k][gram], next);
      }
      below[k - 1] = {};
    }
    level.column.assign(level.size(), -1);
    if (static_cast<int>(k) + 1 >= low_)
      for (std::size_t gram = 0; gram < level.size(); ++gram) level.column[gram] = static_cast<std::int32_t>(below[k][gram]);
  }
}

std::vector<std::int64_t> StreamCounter::document_frequencies() const {
  std::vector<std::int64_t> out(n_columns_);
  for (const Level& level : levels_)
    for (std::size_t gram = 0; gram < level.size(); ++gram)
      if (level.column[gram] >= 0) out[static_cast<std::size_t>(level.column[gram])] = level.df[gram];
  return out;
}

std::vector<std::int64_t> StreamCounter::term_frequencies() const {
  if (!frequencies_) throw std::logic_error("frequencies were not asked for");
  std::vector<std::int64_t> out(n_columns_);
  for (const Level& level : levels_)
    for (std::size_t gram = 0; gram < level.size(); ++gram)
      if (level.column[gram] >= 0) out[static_cast<std::size_t>(level.column[gram])] = level.tf[gram];
  return out;
}

Learned StreamCounter::vocabulary(const bool* keep) const {
  if (!finished_) throw std::logic_error("not counted yet");
  const std::size_t n_levels = levels_.size();
  std::vector<std::int32_t> columns(n_columns_, -1);
  std::int32_t next = 0;
  for (std::size_t c = 0; c < n_columns_; ++c)
    if (keep[c]) columns[c] = next++;
  const auto column = [&](const Level& level, std::size_t gram) {
    return level.column[gram] < 0 ? -1 : columns[static_cast<std::size_t>(level.column[gram])];
  };
  std::vector<std::vector<bool>> needed(n_levels);
  for (std::size_t k = 0; k < n_levels; ++k) needed[k].assign(levels_[k].size(), false);
  for (std::size_t k = n_levels; k-- > 0;)
    for (std::size_t gram = 0; gram < levels_[k].size(); ++gram) {
      if (column(levels_[k], gram) >= 0) needed[k][gram] = true;
      if (k == 0 || !needed[k][gram]) continue;
      needed[k - 1][static_cast<std::size_t>(levels_[k].prefix[gram])] = true;
      needed[0][static_cast<std::size_t>(levels_[k].term[gram])] = true;
    }
  Learned out;
  const InternTable& spelled = plain_ ? types_ : terms_;
  std::vector<std::int32_t> numbers(term_hashes_.size(), -1), new_terms(levels_[0].size(), -1);
  std::string room;
  out.levels.resize(n_levels);
  for (std::size_t term = 0; term < levels_[0].size(); ++term) {
    if (!needed[0][term]) continue;
    const auto old = static_cast<std::size_t>(kept_[term]);
    new_terms[term] = numbers[old] = out.terms.intern(spelled[old], room);
    out.levels[0].column.push_back(column(levels_[0], term));
  }
  std::vector<std::int32_t> new_prefixes = new_terms;
  for (std::size_t k = 1; k < n_levels; ++k) {
    const Level& level = levels_[k];
    KeptLevel& kept = out.levels[k];
    std::vector<std::int32_t> renumbered(k + 1 < n_levels ? level.size() : 0, -1);
    const auto n = static_cast<std::size_t>(std::count(needed[k].begin(), needed[k].end(), true));
    kept.prefix.reserve(n);
    kept.term.reserve(n);
    kept.column.reserve(n);
    for (std::size_t gram = 0; gram < level.size(); ++gram) {
      if (!needed[k][gram]) continue;
      if (!renumbered.empty()) renumbered[gram] = static_cast<std::int32_t>(kept.term.size());
      kept.prefix.push_back(new_prefixes[static_cast<std::size_t>(level.prefix[gram])]);
      kept.term.push_back(new_terms[static_cast<std::size_t>(level.term[gram])]);
      kept.column.push_back(column(level, gram));
    }
    new_prefixes.swap(renumbered);
  }
  out.term_types.assign(out.terms.size(), -1);
  std::vector<std::int64_t> most(out.terms.size(), -1);
  for (std::size_t type = 0; type < types_.size(); ++type) {
    const std::int32_t term = type_terms_[type] < 0 ? type_terms_[type] : numbers[static_cast<std::size_t>(type_terms_[type])];
    if (type_terms_[type] >= 0 && term < 0) continue;
    const std::int32_t number = out.types.intern(types_[type], room);
    out.type_terms.push_back(term);
    if (term < 0 || type_counts_[type] <= most[static_cast<std::size_t>(term)]) continue;
    most[static_cast<std::size_t>(term)] = type_counts_[type];
    out.term_types[static_cast<std::size_t>(term)] = number;
  }
  return out;
}

}  // namespace textmill
