#include "core/grams.hpp"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <atomic>
#include <bit>
#include <limits>
#include <new>
#include <stdexcept>
#include <utility>

#include "core/parallel.hpp"
#include "core/row_counter.hpp"

namespace textmill {
namespace {

constexpr std::size_t kTokensAThread = 32 * 1024;
constexpr std::size_t kKeysAPart = kSmallShards ? 4 : 32 * 1024;                       // a part and its copy fit a core's cache
constexpr std::size_t kPartsAtMost = 1024;
constexpr std::size_t kKeysARound = kSmallShards ? 16 : std::size_t{4} * 1024 * 1024;  // or an eighth of all, if that is more
constexpr std::size_t kPlaces = 64;                                 // from one place whose text is known to the next

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

// Stable sort by bits [low, high) of the keys.
template <class Key>
void radix_sort(std::vector<Key>& keys, std::vector<Key>& spare, int low, int high) {
  constexpr int kDigit = 11;
  const int passes = (high - low + kDigit - 1) / kDigit;
  const int width = passes ? (high - low + passes - 1) / passes : 0;
  std::vector<std::uint32_t> places(std::size_t{1} << width);
  spare.resize(keys.size());
  for (int pass = 0, shift = low; pass < passes; ++pass, shift += width) {
    stop_if_cancelled();
    const auto mask = static_cast<Key>((std::uint64_t{1} << std::min(width, high - shift)) - 1);
    std::fill(places.begin(), places.end(), 0);
    for (const Key key : keys) ++places[static_cast<std::size_t>((key >> shift) & mask)];
    std::uint32_t before = 0;
    for (std::uint32_t& place : places) before += std::exchange(place, before);
    for (const Key key : keys) spare[places[static_cast<std::size_t>((key >> shift) & mask)]++] = key;
    keys.swap(spare);
  }
}

}  // namespace

GramCounter::GramCounter() { keep_large_arrays_apart(); }

GramCounter::~GramCounter() {
  pieces_.clear();
  terms_ = {};
  words_ = {};
  grams_.clear();
  levels_ = {};
  give_memory_back();
}

void GramCounter::add(Piece&& piece) {
  if (rows_.size() - 1 + piece.counts.size() >= static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
    throw std::overflow_error("more than 2,147,483,646 texts at once");
  if (static_cast<std::size_t>(rows_.back()) + piece.ids.size() > std::numeric_limits<std::uint32_t>::max())
    throw std::overflow_error("more than 4,294,967,295 words at once");
  for (const std::int64_t count : piece.counts) rows_.push_back(rows_.back() + count);
  piece_texts_.push_back(rows_.size() - 1);
  piece.counts = {};
  pieces_.push_back(std::move(piece));
}

void GramCounter::add(std::vector<Piece>&& pieces) {
  if (stage_ != Stage::adding) throw std::logic_error("counted already");
  std::size_t text = 0;
  for (const Piece& piece : pieces)
    for (const std::int64_t count : piece.counts) require_terms_fit(count, text++);
  for (Piece& piece : pieces) add(std::move(piece));
}

void GramCounter::add(const std::int32_t* ids, const std::int64_t* rows, std::size_t n_texts) {
  if (stage_ != Stage::adding) throw std::logic_error("counted already");
  for (std::size_t text = 0; text < n_texts; ++text) require_terms_fit(rows[text + 1] - rows[text], text);
  Piece piece;
  piece.ids.assign(ids, ids + rows[n_texts]);
  for (std::size_t text = 0; text < n_texts; ++text) piece.counts.push_back(rows[text + 1] - rows[text]);
  add(std::move(piece));
}

void GramCounter::count(const std::int32_t* type_terms, std::size_t n_types, std::size_t n_terms, int low, int high, std::int64_t min_df,
                        std::size_t threads) {
  if (stage_ != Stage::adding) throw std::logic_error("counted already");
  stage_ = Stage::stopped;
  low_ = static_cast<std::size_t>(low);
  high_ = static_cast<std::size_t>(high);
  min_df_ = std::max<std::int64_t>(1, min_df);
  count_words(type_terms, n_types, n_terms, threads);
  if (high_ > 1) index_places();
  const int word_bits = bits_for(terms_.size()) + bits_for(n_terms);
  while (levels_.size() < high_) {
    if (word_bits + bits_for(levels_.back().size()) <= 64) count_longer<std::uint64_t>(threads);
    else count_longer<unsigned __int128>(threads);
    const std::size_t done = levels_.size();
    if (done > 2 && done - 1 < low_) grams_[done - 3] = Blocks<std::int32_t>();  // they were wanted as prefixes only
  }
  n_columns_ = number_columns(levels_, low_, min_df_);
  stage_ = Stage::counted;
  give_memory_back();
}

namespace {

// What an id of a piece stands for, and how often it came.
struct Cell {
  std::int32_t term;
  std::uint32_t count;
};

// What is found in a shard of the texts. Where longer n-grams are to come, each place gets its term, dropped ones left
// out.
struct PlaceShard {
  PlaceShard(std::size_t n_terms, std::size_t first, Blocks<std::int32_t>& terms) : words(n_terms), at(first), terms(&terms) {}

  struct Seen {
    std::int32_t last = -1, df = 0;
  };
  std::vector<Seen> words;
  std::size_t at;
  Blocks<std::int32_t>* terms;

  // Counts the types of a text; how many of its tokens are terms.
  std::int32_t add(const std::int32_t* ids, std::size_t n, std::vector<Cell>& cells, std::vector<std::uint32_t>& totals, std::size_t text) {
    const std::size_t before = at;
    CancelWatch watch;
    for (std::size_t i = 0; i < n; ++i) {
      watch.at(i);
      const std::size_t id = static_cast<std::size_t>(ids[i]);
      ++totals[id];
      const std::int32_t term = cells[id].term;
      if (term < 0) continue;
      (*terms)[at++] = term;
      Seen& word = words[static_cast<std::size_t>(term)];
      word.df += word.last != static_cast<std::int32_t>(text);
      word.last = static_cast<std::int32_t>(text);
    }
    return static_cast<std::int32_t>(at - before);
  }
  std::int32_t df(std::size_t term) const { return words[term].df; }
};

// Words alone are rows at once, their columns the terms. First those of a text that differ are found, among the ids: the
// most frequent have the lowest, and stay in the cache.
struct RowShard {
  RowShard(std::size_t n_terms, std::size_t tokens, CsrShards::Shard& rows) : row(n_terms, tokens), dfs(n_terms), rows(&rows) {}

  RowCounter row;
  std::vector<std::int32_t> dfs, unlike;
  CsrShards::Shard* rows;

  std::int32_t add(const std::int32_t* ids, std::size_t n, std::vector<Cell>& cells, std::vector<std::uint32_t>& totals, std::size_t) {
    if (unlike.size() < n + 1) unlike.resize(2 * n + 1);
    std::size_t n_unlike = 0;
    CancelWatch watch;
    for (std::size_t i = 0; i < n; ++i) {
      watch.at(i);
      std::uint32_t& count = cells[static_cast<std::size_t>(ids[i])].count;
      unlike[n_unlike] = ids[i];
      n_unlike += count == 0;
      ++count;
    }
    std::int32_t length = 0;
    for (std::size_t i = 0; i < n_unlike; ++i) {
      watch.at(i);
      const auto id = static_cast<std::size_t>(unlike[i]);
      const auto count = static_cast<std::int32_t>(std::exchange(cells[id].count, 0));
      totals[id] += static_cast<std::uint32_t>(count);
      if (cells[id].term < 0) continue;
      length += count;
      row.add(static_cast<std::uint32_t>(cells[id].term), count);
    }
    row.drain([&](std::int32_t term, std::int32_t count) {
      rows->put(term, count);
      ++dfs[static_cast<std::size_t>(term)];
    });
    rows->end_row();
    return length;
  }
  std::int32_t df(std::size_t term) const { return dfs[term]; }
};

}  // namespace

// Hands each text to its shard and counts types and terms; a piece is freed once all that read it are done.
template <class Shard>
void GramCounter::each_shard(const std::int32_t* type_terms, std::size_t n_types, std::size_t n_terms, const std::vector<std::size_t>& cuts,
                             std::vector<Shard>& found) {
  const auto each_part = [&](std::size_t s, auto&& part) {  // part(piece, first text, last text)
    for (std::size_t p = 0; p < pieces_.size(); ++p) {
      const std::size_t first = std::max(cuts[s], piece_texts_[p]), last = std::min(cuts[s + 1], piece_texts_[p + 1]);
      if (first < last) part(p, first, last);
    }
  };
  std::vector<std::atomic<std::size_t>> readers(pieces_.size());
  for (std::size_t s = 0; s < found.size(); ++s) each_part(s, [&](std::size_t p, std::size_t, std::size_t) { ++readers[p]; });
  std::vector<std::int32_t> lengths(n_texts());
  std::vector<std::vector<std::uint32_t>> counts(found.size());
  in_parallel(found.size(), [&](std::size_t s) {
    std::vector<std::uint32_t> types(n_types), totals;
    std::vector<Cell> cells;
    each_part(s, [&](std::size_t p, std::size_t first, std::size_t last) {
      Piece& piece = pieces_[p];
      const std::size_t n_ids = piece.numbers.empty() ? n_types : static_cast<std::size_t>(piece.base) + piece.numbers.size();
      cells.resize(n_ids);
      for (std::size_t id = 0; id < n_ids; ++id) cells[id] = {type_terms[piece.number(static_cast<std::int32_t>(id))], 0};
      totals.assign(n_ids, 0);
      const std::int32_t* const ids = piece.ids.data();
      const std::int64_t before = rows_[piece_texts_[p]];  // tokens of the pieces before
      for (std::size_t text = first; text < last; ++text) {
        stop_if_cancelled();
        lengths[text] = found[s].add(ids + (rows_[text] - before), static_cast<std::size_t>(rows_[text + 1] - rows_[text]), cells, totals, text);
      }
      for (std::size_t id = 0; id < n_ids; ++id) types[static_cast<std::size_t>(piece.number(static_cast<std::int32_t>(id)))] += totals[id];
      if (--readers[p] == 0) piece = Piece();
    });
    counts[s] = std::move(types);
  });
  pieces_ = {};
  for (std::size_t text = 0; text < n_texts(); ++text) rows_[text + 1] = rows_[text] + lengths[text];
  type_counts_.assign(n_types, 0);
  for (const std::vector<std::uint32_t>& types : counts)
    for (std::size_t type = 0; type < n_types; ++type) type_counts_[type] += types[type];
  Level& level = levels_.emplace_back();
  level.df.resize(n_terms);
  for (std::size_t term = 0; term < n_terms; ++term)
    for (const Shard& shard : found) level.df[term] += shard.df(term);
}

// Types become terms, each counted.
void GramCounter::count_words(const std::int32_t* type_terms, std::size_t n_types, std::size_t n_terms, std::size_t threads) {
  const auto tokens = static_cast<std::size_t>(rows_.back());
  const std::size_t most = 1 + (std::size_t{1} << 28) / (n_terms + n_types + 1);  // shards: each has tables of its own
  const std::size_t shards = std::min(worthwhile(threads, tokens, kTokensAThread), most);
  const std::vector<std::size_t> cuts = even_cuts(rows_.data(), n_texts(), shards);
  std::vector<std::size_t> firsts, sizes;
  for (std::size_t s = 0; s < shards; ++s) {
    firsts.push_back(static_cast<std::size_t>(rows_[cuts[s]]));
    sizes.push_back(static_cast<std::size_t>(rows_[cuts[s + 1]]) - firsts[s]);
  }
  if (high_ > 1) {
    terms_.resize(tokens);
    std::vector<PlaceShard> found;
    for (const std::size_t first : firsts) found.emplace_back(n_terms, first, terms_);
    each_shard(type_terms, n_types, n_terms, cuts, found);
    std::vector<std::size_t> ends;
    for (const PlaceShard& shard : found) ends.push_back(shard.at);
    close_gaps(firsts, ends);
  } else {
    words_ = CsrShards(cuts, sizes);
    std::vector<RowShard> found;
    for (std::size_t s = 0; s < shards; ++s) found.emplace_back(n_terms, sizes[s], words_[s]);
    each_shard(type_terms, n_types, n_terms, cuts, found);
  }
  Level& level = levels_[0];
  level.tf.resize(n_terms);
  for (std::size_t type = 0; type < n_types; ++type)
    if (type_terms[type] >= 0) level.tf[static_cast<std::size_t>(type_terms[type])] += type_counts_[type];
}

// Where terms were dropped, those of a shard are fewer than its places: they move up.
void GramCounter::close_gaps(const std::vector<std::size_t>& begins, const std::vector<std::size_t>& ends) {
  std::size_t n = ends.empty() ? 0 : ends[0];
  for (std::size_t s = 1; s < ends.size(); ++s)
    if (begins[s] == n) n = ends[s];
    else
      for (std::size_t i = begins[s]; i < ends[s]; ++i) terms_[n++] = terms_[i];
  terms_.resize(n);
}

void GramCounter::index_places() {
  std::size_t text = 0;
  for (std::size_t place = 0; place < terms_.size(); place += kPlaces) {
    while (static_cast<std::size_t>(rows_[text + 1]) <= place) ++text;
    first_text_.push_back(static_cast<std::int32_t>(text));
  }
  first_text_.push_back(static_cast<std::int32_t>(n_texts()));
}

// In how many texts ascending places lie.
std::int32_t GramCounter::texts_of(const std::uint32_t* places, std::size_t n) const {
  if (n == 1) return 1;
  std::int32_t found = 0;
  std::int64_t end = -1;  // of the text that was found last
  for (std::size_t i = 0; i < n; ++i) {
    const std::int64_t place = places[i];
    if (place < end) continue;
    const auto* first = rows_.data() + first_text_[places[i] / kPlaces] + 1;
    const auto* last = rows_.data() + std::min(static_cast<std::size_t>(first_text_[places[i] / kPlaces + 1]) + 1, n_texts());
    end = *std::upper_bound(first, last, place);
    ++found;
  }
  return found;
}

std::int32_t GramCounter::gram_at(std::size_t level, std::size_t place) const {
  return level == 0 ? terms_[place] : grams_[level - 1][place];
}

// N-grams of one word more than the longest so far, as pairs of the gram that ends a place earlier and the word at the
// place. Prefixes are dealt out to parts, so that a part's keys lie close together and parts can be sorted side by side;
// some parts at a time, so that the keys take no more memory than the texts.
template <class Key>
void GramCounter::count_longer(std::size_t threads) {
  const std::size_t before = levels_.size() - 1;  // the level of the prefixes
  const Level& shorter = levels_.back();
  const std::vector<std::int32_t>& word_df = levels_[0].df;
  const std::size_t length = levels_.size() + 1;
  const std::size_t shards = worthwhile(threads, terms_.size(), kTokensAThread);
  const std::vector<std::size_t> cuts = even_cuts(rows_.data(), n_texts(), shards);

  std::vector<std::int64_t> occurrences{0};
  occurrences.reserve(shorter.size() + 1);
  for (const std::uint32_t tf : shorter.tf) occurrences.push_back(occurrences.back() + tf);
  const auto total = static_cast<std::size_t>(occurrences.back());
  const std::size_t n_parts = std::clamp<std::size_t>(total / kKeysAPart, 1, kPartsAtMost);
  const std::vector<std::size_t> parts = even_cuts(occurrences.data(), shorter.size(), n_parts);
  std::vector<std::uint16_t> part_of(shorter.size());
  std::size_t most_prefixes = 1;
  for (std::size_t part = 0; part < n_parts; ++part) {
    std::fill(part_of.begin() + static_cast<std::ptrdiff_t>(parts[part]), part_of.begin() + static_cast<std::ptrdiff_t>(parts[part + 1]),
              static_cast<std::uint16_t>(part));
    most_prefixes = std::max(most_prefixes, parts[part + 1] - parts[part]);
  }
  const int place_bits = bits_for(terms_.size()), term_bits = bits_for(word_df.size()), prefix_bits = bits_for(most_prefixes);
  const Key place_mask = (static_cast<Key>(1) << place_bits) - 1, term_mask = (static_cast<Key>(1) << term_bits) - 1;

  const auto frequent = [&](std::int32_t term) { return word_df[static_cast<std::size_t>(term)] >= min_df_; };
  const auto each = [&](std::size_t s, auto&& found) {
    CancelWatch watch(static_cast<std::size_t>(rows_[cuts[s]]));
    for (std::size_t text = cuts[s]; text < cuts[s + 1]; ++text)
      for (auto i = static_cast<std::size_t>(rows_[text]) + length - 1; i < static_cast<std::size_t>(rows_[text + 1]); ++i) {
        watch.at(i);
        const std::int32_t prefix = gram_at(before, i - 1), term = terms_[i];
        if (prefix >= 0 && (before > 0 || frequent(prefix)) && frequent(term)) found(i, prefix, term);
      }
  };
  std::vector<std::vector<std::uint32_t>> counts(shards, std::vector<std::uint32_t>(n_parts));
  in_parallel(shards, [&](std::size_t s) {
    each(s, [&](std::size_t, std::int32_t prefix, std::int32_t) { ++counts[s][part_of[static_cast<std::size_t>(prefix)]]; });
  });

  Blocks<std::int32_t>& ends = grams_.emplace_back();
  ends.resize(terms_.size());
  in_parallel(shards, [&](std::size_t s) {
    for (auto i = static_cast<std::size_t>(rows_[cuts[s]]); i < static_cast<std::size_t>(rows_[cuts[s + 1]]); ++i) ends[i] = -1;
  });

  struct Part {
    std::vector<Key> keys;
    std::vector<std::uint32_t> starts;  // of the kept n-grams among the keys
    std::vector<std::int32_t> prefix, term, df;
    std::vector<std::uint32_t> tf;
    std::int32_t base = 0;  // the number of its first n-gram
  };
  Level level;
  for (std::size_t first = 0, last = 0; first < n_parts; first = last) {
    std::size_t n_keys = 0;
    for (; last < n_parts && (last == first || n_keys < std::max(kKeysARound, total / 8)); ++last)
      for (std::size_t s = 0; s < shards; ++s) n_keys += counts[s][last];
    std::vector<Part> round(last - first);
    std::vector<std::vector<std::uint32_t>> places(shards, std::vector<std::uint32_t>(last - first));
    for (std::size_t part = first; part < last; ++part) {
      std::uint32_t n = 0;
      for (std::size_t s = 0; s < shards; ++s) {
        places[s][part - first] = n;
        n += counts[s][part];
      }
      round[part - first].keys.resize(n);
    }
    in_parallel(shards, [&](std::size_t s) {
      each(s, [&](std::size_t i, std::int32_t prefix, std::int32_t term) {
        const std::size_t part = part_of[static_cast<std::size_t>(prefix)];
        if (part < first || part >= last) return;
        const auto local = static_cast<Key>(static_cast<std::size_t>(prefix) - parts[part]);
        round[part - first].keys[places[s][part - first]++] =
            (local << term_bits | static_cast<Key>(static_cast<std::uint32_t>(term))) << place_bits | static_cast<Key>(i);
      });
    });
    std::atomic<std::size_t> next{0};
    in_parallel(shards, [&](std::size_t) {
      std::vector<Key> spare;
      std::vector<std::uint32_t> run;
      for (std::size_t p; (p = next++) < round.size();) {
        stop_if_cancelled();
        Part& part = round[p];
        radix_sort(part.keys, spare, place_bits, place_bits + term_bits + prefix_bits);
        const std::vector<Key>& keys = part.keys;
        for (std::size_t i = 0; i < keys.size();) {
          const Key pair = keys[i] >> place_bits;
          const std::size_t start = i;
          run.clear();
          for (; i < keys.size() && keys[i] >> place_bits == pair; ++i) run.push_back(static_cast<std::uint32_t>(keys[i] & place_mask));
          const std::int32_t df = texts_of(run.data(), run.size());
          if (df < min_df_) continue;
          part.starts.push_back(static_cast<std::uint32_t>(start));
          part.prefix.push_back(static_cast<std::int32_t>(static_cast<std::size_t>(pair >> term_bits) + parts[first + p]));
          part.term.push_back(static_cast<std::int32_t>(pair & term_mask));
          part.df.push_back(df);
          part.tf.push_back(static_cast<std::uint32_t>(run.size()));
        }
      }
    });
    for (Part& part : round) {
      if (level.df.size() + part.df.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
        throw std::overflow_error("more than 2,147,483,647 n-grams");
      part.base = static_cast<std::int32_t>(level.df.size());
      level.prefix.insert(level.prefix.end(), part.prefix.begin(), part.prefix.end());
      level.term.insert(level.term.end(), part.term.begin(), part.term.end());
      level.df.insert(level.df.end(), part.df.begin(), part.df.end());
      level.tf.insert(level.tf.end(), part.tf.begin(), part.tf.end());
    }
    next = 0;
    in_parallel(shards, [&](std::size_t) {
      for (std::size_t p; (p = next++) < round.size();) {
        const Part part = std::move(round[p]);
        for (std::size_t gram = 0; gram < part.starts.size(); ++gram)
          for (std::uint32_t i = 0; i < part.tf[gram]; ++i)
            ends[static_cast<std::size_t>(part.keys[part.starts[gram] + i] & place_mask)] = part.base + static_cast<std::int32_t>(gram);
      }
    });
  }
  levels_.push_back(std::move(level));
}

std::vector<std::int64_t> GramCounter::type_frequencies() const { return {type_counts_.begin(), type_counts_.end()}; }

std::vector<std::int32_t> GramCounter::lengths() const {
  std::vector<std::int32_t> out(n_texts());
  for (std::size_t text = 0; text < n_texts(); ++text) out[text] = static_cast<std::int32_t>(rows_[text + 1] - rows_[text]);
  return out;
}

Csr GramCounter::matrix(const bool* keep, std::size_t threads) {
  const std::vector<std::vector<std::int32_t>> columns = kept_columns(levels(), n_columns_, keep);
  stage_ = Stage::given_up;
  const std::size_t n_levels = levels_.size();
  std::int64_t total = 0;
  std::size_t n_kept = 0;
  for (std::size_t k = 0; k < n_levels; ++k)
    for (std::size_t gram = 0; gram < columns[k].size(); ++gram)
      if (columns[k][gram] >= 0) {
        total += levels_[k].df[gram];
        ++n_kept;
      }
  if (total > std::numeric_limits<std::int32_t>::max()) throw std::overflow_error("2^31 or more counts at once");
  levels_ = {};

  if (high_ == 1) {  // they were made as words were counted
    Csr all = words_.close();
    if (n_kept < columns[0].size()) renumber(all, columns[0].data(), threads);
    return all;
  }

  const std::size_t shards = worthwhile(threads, terms_.size(), kTokensAThread);
  const std::vector<std::size_t> cuts = even_cuts(rows_.data(), n_texts(), shards);
  std::vector<std::size_t> most;
  for (std::size_t s = 0; s < shards; ++s)
    most.push_back(shards == 1 ? static_cast<std::size_t>(total)
                               : static_cast<std::size_t>(rows_[cuts[s + 1]] - rows_[cuts[s]]) * (high_ - low_ + 1));
  CsrShards rows(cuts, most);
  in_parallel(shards, [&](std::size_t s) {
    CsrShards::Shard& out = rows[s];
    RowCounter row(n_kept, most[s]);
    std::vector<std::int32_t> grams;
    auto released = static_cast<std::size_t>(rows_[cuts[s]]);
    CancelWatch watch(released);
    for (std::size_t text = cuts[s]; text < cuts[s + 1]; ++text) {
      const auto first = static_cast<std::size_t>(rows_[text]), last = static_cast<std::size_t>(rows_[text + 1]);
      watch.at(last);
      for (std::size_t k = low_ - 1; k < n_levels; ++k) {
        const std::int32_t* of = columns[k].data();
        grams.clear();
        for (std::size_t i = first + k; i < last; ++i)
          if (const std::int32_t gram = gram_at(k, i); gram >= 0) {
            __builtin_prefetch(of + gram);  // a look-up waits for memory: ask for all of them first
            grams.push_back(gram);
          }
        for (const std::int32_t gram : grams)
          if (of[gram] >= 0) row.add(static_cast<std::uint32_t>(of[gram]));
      }
      row.drain([&](std::int32_t column, std::int32_t count) { out.put(column, count); });
      out.end_row();
      if (last - released >= Blocks<std::int32_t>::kSize) {
        for (Blocks<std::int32_t>& grams : grams_)
          if (grams.size()) grams.release(released, last);
        terms_.release(released, last);
        released = last - (last & (Blocks<std::int32_t>::kSize - 1));
      }
    }
  });
  terms_ = {};
  grams_.clear();
  return rows.close();
}

Vocabulary GramCounter::vocabulary(const bool* keep) const { return kept_vocabulary(levels(), n_columns_, keep); }

const std::vector<Level>& GramCounter::levels() const {
  if (stage_ != Stage::counted) throw std::logic_error(stage_ == Stage::given_up ? "the n-grams are given up" : "not counted yet");
  return levels_;
}

}  // namespace textmill
