#include "core/levels.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

namespace textmill {

std::size_t number_columns(std::vector<Level>& levels, std::size_t low, std::int64_t min_df) {
  const std::size_t n_levels = levels.size();
  const auto counts = [&](std::size_t k, std::size_t gram) -> std::int32_t { return k + 1 >= low && levels[k].df[gram] >= min_df ? 1 : 0; };
  std::int64_t total = 0;
  for (std::size_t k = 0; k < n_levels; ++k)
    for (std::size_t gram = 0; gram < levels[k].size(); ++gram) total += counts(k, gram);
  if (total >= std::numeric_limits<std::int32_t>::max()) throw std::overflow_error("more than 2,147,483,646 n-grams");
  // columns at or below each gram, then the place of the first of them
  for (std::size_t k = n_levels; k-- > 0;) {
    std::vector<std::int32_t>& below = levels[k].column;
    below.resize(levels[k].size());
    for (std::size_t gram = 0; gram < levels[k].size(); ++gram) below[gram] = counts(k, gram);
    if (k + 1 < n_levels)
      for (std::size_t gram = 0; gram < levels[k + 1].size(); ++gram)
        below[static_cast<std::size_t>(levels[k + 1].prefix[gram])] += levels[k + 1].column[gram];
  }
  std::int32_t before = 0;
  for (std::int32_t& below : levels[0].column) before += std::exchange(below, before);
  for (std::size_t k = 1; k < n_levels; ++k) {
    std::int32_t parent = -1, next = 0;
    for (std::size_t gram = 0; gram < levels[k].size(); ++gram) {
      const std::int32_t prefix = levels[k].prefix[gram];
      if (prefix != parent) next = levels[k - 1].column[static_cast<std::size_t>(prefix)] + counts(k - 1, static_cast<std::size_t>(prefix));
      parent = prefix;
      next += std::exchange(levels[k].column[gram], next);
    }
  }
  for (std::size_t k = 0; k < n_levels; ++k)
    for (std::size_t gram = 0; gram < levels[k].size(); ++gram)
      if (!counts(k, gram)) levels[k].column[gram] = -1;
  return static_cast<std::size_t>(total);
}

std::vector<std::int64_t> document_frequencies(const std::vector<Level>& levels, std::size_t n_columns) {
  std::vector<std::int64_t> out(n_columns);
  for (const Level& level : levels)
    for (std::size_t gram = 0; gram < level.column.size(); ++gram)
      if (level.column[gram] >= 0) out[static_cast<std::size_t>(level.column[gram])] = level.df[gram];
  return out;
}

std::vector<std::int64_t> term_frequencies(const std::vector<Level>& levels, std::size_t n_columns) {
  std::vector<std::int64_t> out(n_columns);
  for (const Level& level : levels)
    for (std::size_t gram = 0; gram < level.column.size(); ++gram)
      if (level.column[gram] >= 0) out[static_cast<std::size_t>(level.column[gram])] = level.tf[gram];
  return out;
}

std::vector<std::vector<std::int32_t>> kept_columns(const std::vector<Level>& levels, std::size_t n_columns, const bool* keep) {
  std::vector<std::int32_t> ranks(n_columns);
  std::int32_t kept = 0;
  for (std::size_t column = 0; column < n_columns; ++column) ranks[column] = keep[column] ? kept++ : -1;
  std::vector<std::vector<std::int32_t>> out;
  for (const Level& level : levels) {
    out.push_back(level.column);
    for (std::int32_t& column : out.back())
      if (column >= 0) column = ranks[static_cast<std::size_t>(column)];
  }
  return out;
}

Vocabulary kept_vocabulary(const std::vector<Level>& levels, std::size_t n_columns, const bool* keep) {
  const std::size_t n_levels = levels.size();
  const std::vector<std::vector<std::int32_t>> column = kept_columns(levels, n_columns, keep);
  std::vector<std::vector<bool>> needed(n_levels);
  for (std::size_t k = n_levels; k-- > 0;) {
    needed[k].resize(levels[k].size());
    for (std::size_t gram = 0; gram < levels[k].size(); ++gram)
      if (column[k][gram] >= 0) needed[k][gram] = true;
  }
  for (std::size_t k = n_levels; k-- > 1;)
    for (std::size_t gram = 0; gram < levels[k].size(); ++gram)
      if (needed[k][gram]) {
        needed[k - 1][static_cast<std::size_t>(levels[k].prefix[gram])] = true;
        needed[0][static_cast<std::size_t>(levels[k].term[gram])] = true;
      }
  Vocabulary out;
  out.levels.resize(n_levels);
  std::vector<std::int32_t> new_terms(levels[0].size(), -1), new_prefixes;
  for (std::size_t term = 0; term < levels[0].size(); ++term)
    if (needed[0][term]) {
      new_terms[term] = static_cast<std::int32_t>(out.terms.size());
      out.terms.push_back(static_cast<std::int32_t>(term));
      out.levels[0].column.push_back(column[0][term]);
    }
  new_prefixes = new_terms;
  for (std::size_t k = 1; k < n_levels; ++k) {
    std::vector<std::int32_t> renumbered(levels[k].size(), -1);
    KeptLevel& kept = out.levels[k];
    const auto n = static_cast<std::size_t>(std::count(needed[k].begin(), needed[k].end(), true));
    for (auto* values : {&kept.prefix, &kept.term, &kept.column}) values->reserve(n);
    for (std::size_t gram = 0; gram < levels[k].size(); ++gram) {
      if (!needed[k][gram]) continue;
      renumbered[gram] = static_cast<std::int32_t>(kept.term.size());
      kept.prefix.push_back(new_prefixes[static_cast<std::size_t>(levels[k].prefix[gram])]);
      kept.term.push_back(new_terms[static_cast<std::size_t>(levels[k].term[gram])]);
      kept.column.push_back(column[k][gram]);
    }
    new_prefixes.swap(renumbered);
  }
  return out;
}

}  // namespace textmill
