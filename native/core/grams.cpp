#include "core/grams.hpp"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <atomic>
#include <bit>
#include <limits>
#include <stdexcept>
#include <utility>

#include "core/parallel.hpp"

namespace textmill {
namespace {

constexpr std::size_t kTokensAThread = 32 * 1024;
constexpr std::size_t kKeysAPart = 256 * 1024;

// glibc learns from each large array that is freed to keep the next one in its heap, where it stays: tell it not to.
void keep_large_arrays_apart() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 1 << 18);
#endif
}

// glibc keeps what was freed; after the largest arrays of a run that is worth a call.
void give_memory_back() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

int bits_for(std::size_t values) { return std::max(1, static_cast<int>(std::bit_width(values > 0 ? values - 1 : 0))); }

// Stable sort by bits [low, high) of the keys; `spare` is as large as `keys`.
template <class Key>
void radix_sort(std::vector<Key>& keys, std::vector<Key>& spare, int low, int high) {
  constexpr int kDigit = 11;
  const int passes = (high - low + kDigit - 1) / kDigit;
  const int width = passes ? (high - low + passes - 1) / passes : 0;
  std::vector<std::size_t> places(std::size_t{1} << width);
  for (int pass = 0, shift = low; pass < passes; ++pass, shift += width) {
    const auto mask = static_cast<Key>((std::uint64_t{1} << std::min(width, high - shift)) - 1);
    std::fill(places.begin(), places.end(), 0);
    for (const Key key : keys) ++places[static_cast<std::size_t>((key >> shift) & mask)];
    std::size_t before = 0;
    for (std::size_t& place : places) before += std::exchange(place, before);
    for (const Key key : keys) spare[places[static_cast<std::size_t>((key >> shift) & mask)]++] = key;
    keys.swap(spare);
  }
}

std::int32_t distinct(const std::int32_t* texts, std::size_t n) {
  std::int32_t found = 0, last = -1;
  for (std::size_t i = 0; i < n; ++i) {
    found += texts[i] != last;
    last = texts[i];
  }
  return found;
}

}  // namespace

GramCounter::GramCounter(const std::int32_t* ids, const std::int64_t* rows, std::size_t n_texts,
                         const std::int32_t* type_terms, std::size_t n_terms, std::size_t threads)
    : n_texts_(n_texts), n_terms_(n_terms) {
  if (n_texts >= static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
    throw std::overflow_error("more than 2,147,483,646 texts at once");
  keep_large_arrays_apart();
  const std::size_t shards = worthwhile(threads, static_cast<std::size_t>(rows[n_texts]), kTokensAThread);
  const std::vector<std::size_t> cuts = even_cuts(rows, n_texts, shards);
  rows_.assign(n_texts + 1, 0);
  in_parallel(shards, [&](std::size_t s) {
    for (std::size_t text = cuts[s]; text < cuts[s + 1]; ++text) {
      std::int64_t kept = 0;
      for (std::int64_t i = rows[text]; i < rows[text + 1]; ++i) kept += type_terms[ids[i]] >= 0;
      rows_[text + 1] = kept;
    }
  });
  for (std::size_t text = 0; text < n_texts; ++text) rows_[text + 1] += rows_[text];
  if (rows_[n_texts] > std::numeric_limits<std::uint32_t>::max()) throw std::overflow_error("more than 4,294,967,295 words at once");
  terms_.resize(static_cast<std::size_t>(rows_[n_texts]));
  in_parallel(shards, [&](std::size_t s) {
    auto* out = terms_.data() + rows_[cuts[s]];
    for (std::int64_t i = rows[cuts[s]]; i < rows[cuts[s + 1]]; ++i)
      if (type_terms[ids[i]] >= 0) *out++ = type_terms[ids[i]];
  });
}

GramCounter::~GramCounter() {
  terms_ = {};
  levels_ = {};
  columns_ = {};
  give_memory_back();
}

void GramCounter::count(int low, int high, std::int64_t min_df, std::size_t threads) {
  if (!levels_.empty()) throw std::logic_error("counted already");
  low_ = low;
  min_df_ = std::max<std::int64_t>(1, min_df);
  count_words(threads);
  std::vector<std::int32_t> before, now;  // the gram of the last length that ends at each place, or -1
  for (int length = 2; length <= high; ++length) {
    const bool last = length == high;
    const int payload = bits_for(last ? n_texts_ : terms_.size());
    const bool fits = bits_for(levels_.back().size()) + bits_for(n_terms_) + payload <= 64;
    levels_.push_back(fits ? count_longer<std::uint64_t>(length, last, before, now, threads)
                           : count_longer<unsigned __int128>(length, last, before, now, threads));
    before.swap(now);
  }
  terms_ = {};
  order_columns();
  give_memory_back();
}

void GramCounter::count_words(std::size_t threads) {
  Level& level = levels_.emplace_back();
  const std::size_t n_terms = n_terms_;
  const std::size_t shards = std::min(worthwhile(threads, terms_.size(), kTokensAThread), 1 + (std::size_t{1} << 28) / (n_terms + 1));
  const std::vector<std::size_t> cuts = even_cuts(rows_.data(), n_texts_, shards);
  std::vector<std::vector<std::int64_t>> places(shards);
  in_parallel(shards, [&](std::size_t s) {
    places[s].assign(n_terms, 0);
    for (std::int64_t i = rows_[cuts[s]]; i < rows_[cuts[s + 1]]; ++i) ++places[s][static_cast<std::size_t>(terms_[static_cast<std::size_t>(i)])];
  });
  level.starts.resize(n_terms + 1);
  std::int64_t before = 0;
  for (std::size_t term = 0; term < n_terms; ++term) {
    level.starts[term] = before;
    for (std::size_t s = 0; s < shards; ++s) before += std::exchange(places[s][term], before);
  }
  level.starts[n_terms] = before;
  level.texts.resize(terms_.size());
  in_parallel(shards, [&](std::size_t s) {
    for (std::size_t text = cuts[s]; text < cuts[s + 1]; ++text)
      for (std::int64_t i = rows_[text]; i < rows_[text + 1]; ++i)
        level.texts[static_cast<std::size_t>(places[s][static_cast<std::size_t>(terms_[static_cast<std::size_t>(i)])]++)] =
            static_cast<std::int32_t>(text);
  });
  level.df.resize(n_terms);
  for (std::size_t term = 0; term < n_terms; ++term)
    level.df[term] = distinct(level.texts.data() + level.starts[term], static_cast<std::size_t>(level.starts[term + 1] - level.starts[term]));
}

// N-grams of `length` words, as pairs of the gram of one word less that ends a place earlier (`before`; for pairs of
// words, the word there) and the word at the place. Prefixes are dealt out to parts, so that a part's keys and their
// spare copy are small and parts can be sorted side by side.
template <class Key>
Level GramCounter::count_longer(int length, bool last, const std::vector<std::int32_t>& before,
                                std::vector<std::int32_t>& now, std::size_t threads) const {
  const Level& shorter = levels_.back();
  const std::vector<std::int32_t>& word_df = levels_[0].df;
  const std::size_t shards = worthwhile(threads, terms_.size(), kTokensAThread);
  const std::size_t n_parts = std::clamp<std::size_t>(terms_.size() / kKeysAPart, 1, 256);
  const std::vector<std::size_t> cuts = even_cuts(rows_.data(), n_texts_, shards);
  const std::vector<std::size_t> parts = even_cuts(shorter.starts.data(), shorter.size(), n_parts);
  std::vector<std::uint8_t> part_of(shorter.size());
  for (std::size_t part = 0; part < n_parts; ++part)
    std::fill(part_of.begin() + static_cast<std::ptrdiff_t>(parts[part]), part_of.begin() + static_cast<std::ptrdiff_t>(parts[part + 1]),
              static_cast<std::uint8_t>(part));
  const int payload_bits = bits_for(last ? n_texts_ : terms_.size());
  const int term_bits = bits_for(n_terms_);
  const int prefix_bits = bits_for(shorter.size());
  const auto frequent = [&](std::int32_t term) { return word_df[static_cast<std::size_t>(term)] >= min_df_; };
  const auto each = [&](std::size_t s, auto&& found) {
    for (std::size_t text = cuts[s]; text < cuts[s + 1]; ++text)
      for (std::int64_t place = rows_[text] + length - 1; place < rows_[text + 1]; ++place) {
        const auto i = static_cast<std::size_t>(place);
        const std::int32_t prefix = length == 2 ? (frequent(terms_[i - 1]) ? terms_[i - 1] : -1) : before[i - 1];
        if (prefix >= 0 && frequent(terms_[i])) found(text, i, prefix, terms_[i]);
      }
  };
  std::vector<std::vector<std::size_t>> places(shards, std::vector<std::size_t>(n_parts));  // [shard][part]
  in_parallel(shards, [&](std::size_t s) {
    each(s, [&](std::size_t, std::size_t, std::int32_t prefix, std::int32_t) { ++places[s][part_of[static_cast<std::size_t>(prefix)]]; });
  });
  std::vector<std::vector<Key>> keys(n_parts);
  for (std::size_t part = 0; part < n_parts; ++part) {
    std::size_t n = 0;
    for (std::size_t s = 0; s < shards; ++s) n += std::exchange(places[s][part], n);
    keys[part].resize(n);
  }
  in_parallel(shards, [&](std::size_t s) {
    each(s, [&](std::size_t text, std::size_t i, std::int32_t prefix, std::int32_t term) {
      const std::size_t part = part_of[static_cast<std::size_t>(prefix)];
      const Key pair = static_cast<Key>(static_cast<std::uint32_t>(prefix)) << term_bits | static_cast<Key>(static_cast<std::uint32_t>(term));
      keys[part][places[s][part]++] = pair << payload_bits | static_cast<Key>(last ? text : i);
    });
  });

  std::vector<Level> found(n_parts);
  std::vector<std::vector<std::uint32_t>> ends_at(n_parts);  // places of the kept occurrences, where a longer gram needs them
  const Key payload_mask = (static_cast<Key>(1) << payload_bits) - 1;
  const Key term_mask = (static_cast<Key>(1) << term_bits) - 1;
  std::atomic<std::size_t> next_part{0};
  in_parallel(shards, [&](std::size_t) {
    for (std::size_t part; (part = next_part++) < n_parts;) {
      {
        std::vector<Key> spare(keys[part].size());
        radix_sort(keys[part], spare, payload_bits, payload_bits + term_bits + prefix_bits);
      }
      const std::vector<Key> sorted = std::move(keys[part]);
      Level& level = found[part];
      std::vector<std::int32_t> texts;
      for (std::size_t i = 0; i < sorted.size();) {
        const Key pair = sorted[i] >> payload_bits;
        const std::size_t first = i;
        texts.clear();
        for (; i < sorted.size() && sorted[i] >> payload_bits == pair; ++i) {
          const auto payload = static_cast<std::size_t>(sorted[i] & payload_mask);
          texts.push_back(static_cast<std::int32_t>(last ? payload : text_at(payload)));
        }
        const std::int32_t df = distinct(texts.data(), texts.size());
        if (df < min_df_) continue;
        level.starts.push_back(static_cast<std::int64_t>(level.texts.size()));
        level.term.push_back(static_cast<std::int32_t>(pair & term_mask));
        level.prefix.push_back(static_cast<std::int32_t>(pair >> term_bits));
        level.df.push_back(df);
        level.texts.insert(level.texts.end(), texts.begin(), texts.end());
        for (std::size_t k = first; k < i && !last; ++k) ends_at[part].push_back(static_cast<std::uint32_t>(sorted[k] & payload_mask));
      }
    }
  });

  if (!last) now.assign(terms_.size(), -1);
  Level level;
  std::size_t n_grams = 0, n_texts = 0;
  for (const Level& one : found) {
    n_grams += one.term.size();
    n_texts += one.texts.size();
  }
  level.prefix.reserve(n_grams);
  level.term.reserve(n_grams);
  level.df.reserve(n_grams);
  level.starts.reserve(n_grams + 1);
  level.texts.reserve(n_texts);
  for (std::size_t part = 0; part < n_parts; ++part) {
    Level one = std::move(found[part]);
    const auto first_gram = static_cast<std::int32_t>(level.term.size());
    const auto base = static_cast<std::int64_t>(level.texts.size());
    one.starts.push_back(static_cast<std::int64_t>(one.texts.size()));
    for (std::size_t gram = 0; gram < one.size() && !last; ++gram)
      for (std::int64_t i = one.starts[gram]; i < one.starts[gram + 1]; ++i)
        now[ends_at[part][static_cast<std::size_t>(i)]] = first_gram + static_cast<std::int32_t>(gram);
    one.starts.pop_back();
    for (std::int64_t& start : one.starts) start += base;
    level.prefix.insert(level.prefix.end(), one.prefix.begin(), one.prefix.end());
    level.term.insert(level.term.end(), one.term.begin(), one.term.end());
    level.starts.insert(level.starts.end(), one.starts.begin(), one.starts.end());
    level.df.insert(level.df.end(), one.df.begin(), one.df.end());
    level.texts.insert(level.texts.end(), one.texts.begin(), one.texts.end());
  }
  level.starts.push_back(static_cast<std::int64_t>(level.texts.size()));
  return level;
}

std::size_t GramCounter::text_at(std::size_t place) const {
  return static_cast<std::size_t>(std::upper_bound(rows_.begin(), rows_.end(), static_cast<std::int64_t>(place)) - rows_.begin()) - 1;
}

// The order of spelling is the order in which one walks the tree of prefixes: each gram before its continuations.
void GramCounter::order_columns() {
  const std::size_t n_levels = levels_.size();
  const auto counts = [&](std::size_t k, std::size_t gram) {
    return static_cast<int>(k) + 1 >= low_ && levels_[k].df[gram] >= min_df_ ? 1 : 0;
  };
  std::vector<std::vector<std::int64_t>> sizes(n_levels);  // columns at or below each gram, then the place of the first
  for (std::size_t k = n_levels; k-- > 0;) {
    sizes[k].assign(levels_[k].size(), 0);
    for (std::size_t gram = 0; gram < levels_[k].size(); ++gram) sizes[k][gram] = counts(k, gram);
    if (k + 1 < n_levels)
      for (std::size_t gram = 0; gram < levels_[k + 1].size(); ++gram)
        sizes[k][static_cast<std::size_t>(levels_[k + 1].prefix[gram])] += sizes[k + 1][gram];
  }
  std::int64_t total = 0;
  for (std::int64_t& size : sizes[0]) total += std::exchange(size, total);
  if (total >= std::numeric_limits<std::int32_t>::max()) throw std::overflow_error("more than 2,147,483,646 n-grams");
  columns_.resize(static_cast<std::size_t>(total));
  for (std::size_t k = 0; k < n_levels; ++k) {
    if (k > 0) {
      std::int32_t parent = -1;
      std::int64_t next = 0;
      for (std::size_t gram = 0; gram < levels_[k].size(); ++gram) {
        const std::int32_t prefix = levels_[k].prefix[gram];
        if (prefix != parent) next = sizes[k - 1][static_cast<std::size_t>(prefix)] + counts(k - 1, static_cast<std::size_t>(prefix));
        parent = prefix;
        next += std::exchange(sizes[k][gram], next);
      }
    }
    for (std::size_t gram = 0; gram < levels_[k].size(); ++gram)
      if (counts(k, gram))
        columns_[static_cast<std::size_t>(sizes[k][gram])] = {static_cast<std::int32_t>(k), static_cast<std::int32_t>(gram)};
  }
}

std::vector<std::int64_t> GramCounter::document_frequencies() const {
  std::vector<std::int64_t> out;
  out.reserve(columns_.size());
  for (const Column& c : columns_) out.push_back(levels_[static_cast<std::size_t>(c.level)].df[static_cast<std::size_t>(c.gram)]);
  return out;
}

std::vector<std::int64_t> GramCounter::term_frequencies() const {
  std::vector<std::int64_t> out;
  out.reserve(columns_.size());
  for (const Column& c : columns_) {
    const Level& level = levels_[static_cast<std::size_t>(c.level)];
    out.push_back(level.starts[static_cast<std::size_t>(c.gram) + 1] - level.starts[static_cast<std::size_t>(c.gram)]);
  }
  return out;
}

std::vector<std::int32_t> GramCounter::lengths() const {
  std::vector<std::int32_t> out(n_texts_);
  for (std::size_t text = 0; text < n_texts_; ++text) out[text] = static_cast<std::int32_t>(rows_[text + 1] - rows_[text]);
  return out;
}

Csr GramCounter::matrix(const bool* keep, std::size_t threads) const {
  // kept columns with the occurrences before each, so that threads take equal shares of them
  std::vector<Column> kept;
  std::vector<std::int64_t> before{0};
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (!keep[c]) continue;
    const Level& level = levels_[static_cast<std::size_t>(columns_[c].level)];
    const auto gram = static_cast<std::size_t>(columns_[c].gram);
    kept.push_back(columns_[c]);
    before.push_back(before.back() + level.starts[gram + 1] - level.starts[gram]);
  }
  const std::size_t ranges = worthwhile(threads, static_cast<std::size_t>(before.back()), kTokensAThread);
  const std::vector<std::size_t> cuts = even_cuts(before.data(), kept.size(), ranges);
  const auto each = [&](std::size_t range, auto&& found) {  // found(column, text, count), by column, then text
    for (std::size_t c = cuts[range]; c < cuts[range + 1]; ++c) {
      const Level& level = levels_[static_cast<std::size_t>(kept[c].level)];
      const std::int32_t* text = level.texts.data() + level.starts[static_cast<std::size_t>(kept[c].gram)];
      const std::int32_t* end = level.texts.data() + level.starts[static_cast<std::size_t>(kept[c].gram) + 1];
      while (text < end) {
        const std::int32_t* next = text + 1;
        while (next < end && *next == *text) ++next;
        found(static_cast<std::int32_t>(c), static_cast<std::size_t>(*text), static_cast<std::int32_t>(next - text));
        text = next;
      }
    }
  };
  std::vector<std::vector<std::int64_t>> places(ranges);
  in_parallel(ranges, [&](std::size_t range) {
    places[range].assign(n_texts_, 0);
    each(range, [&](std::int32_t, std::size_t text, std::int32_t) { ++places[range][text]; });
  });
  Csr out;
  out.indptr.resize(n_texts_ + 1);
  std::int64_t total = 0;
  for (std::size_t text = 0; text < n_texts_; ++text) {
    for (std::size_t range = 0; range < ranges; ++range) total += std::exchange(places[range][text], total);
    if (total > std::numeric_limits<std::int32_t>::max()) throw std::overflow_error("2^31 or more counts at once");
    out.indptr[text + 1] = static_cast<std::int32_t>(total);
  }
  out.data.reset(new std::int32_t[static_cast<std::size_t>(total)]);
  out.indices.reset(new std::int32_t[static_cast<std::size_t>(total)]);
  in_parallel(ranges, [&](std::size_t range) {
    each(range, [&](std::int32_t column, std::size_t text, std::int32_t count) {
      const auto place = static_cast<std::size_t>(places[range][text]++);
      out.indices[place] = column;
      out.data[place] = count;
    });
  });
  return out;
}

Vocabulary GramCounter::vocabulary(const bool* keep) const {
  if (levels_.empty()) throw std::logic_error("not counted yet");
  const std::size_t n_levels = levels_.size();
  std::vector<std::vector<std::int32_t>> column(n_levels);
  std::vector<std::vector<bool>> needed(n_levels);
  for (std::size_t k = 0; k < n_levels; ++k) {
    column[k].assign(levels_[k].size(), -1);
    needed[k].assign(levels_[k].size(), false);
  }
  std::int32_t next = 0;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (!keep[c]) continue;
    column[static_cast<std::size_t>(columns_[c].level)][static_cast<std::size_t>(columns_[c].gram)] = next++;
    needed[static_cast<std::size_t>(columns_[c].level)][static_cast<std::size_t>(columns_[c].gram)] = true;
  }
  for (std::size_t k = n_levels; k-- > 1;)
    for (std::size_t gram = 0; gram < levels_[k].size(); ++gram)
      if (needed[k][gram]) {
        needed[k - 1][static_cast<std::size_t>(levels_[k].prefix[gram])] = true;
        needed[0][static_cast<std::size_t>(levels_[k].term[gram])] = true;
      }
  Vocabulary out;
  out.levels.resize(n_levels);
  std::vector<std::int32_t> new_terms(levels_[0].size(), -1), new_prefixes;
  for (std::size_t term = 0; term < levels_[0].size(); ++term)
    if (needed[0][term]) {
      new_terms[term] = static_cast<std::int32_t>(out.terms.size());
      out.terms.push_back(static_cast<std::int32_t>(term));
      out.levels[0].column.push_back(column[0][term]);
    }
  new_prefixes = new_terms;
  for (std::size_t k = 1; k < n_levels; ++k) {
    std::vector<std::int32_t> renumbered(levels_[k].size(), -1);
    KeptLevel& kept = out.levels[k];
    for (std::size_t gram = 0; gram < levels_[k].size(); ++gram) {
      if (!needed[k][gram]) continue;
      renumbered[gram] = static_cast<std::int32_t>(kept.term.size());
      kept.prefix.push_back(new_prefixes[static_cast<std::size_t>(levels_[k].prefix[gram])]);
      kept.term.push_back(new_terms[static_cast<std::size_t>(levels_[k].term[gram])]);
      kept.column.push_back(column[k][gram]);
    }
    new_prefixes.swap(renumbered);
  }
  return out;
}

}  // namespace textmill
