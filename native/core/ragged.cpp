#include "core/ragged.hpp"

#include <algorithm>

#include "core/parallel.hpp"

namespace textmill {

Ragged spell_out(const std::int32_t* ids, const std::int64_t* rows, std::size_t n, const std::int64_t* ends, const std::int32_t* values,
                 std::size_t threads) {
  constexpr std::size_t kIdsAThread = 64 * 1024;
  const std::size_t n_shards = worthwhile(threads, n ? static_cast<std::size_t>(rows[n]) : 0, kIdsAThread);
  const std::vector<std::size_t> cuts = even_cuts(rows, n, n_shards);
  Ragged all;
  all.rows.assign(n + 1, 0);
  in_parallel(n_shards, [&](std::size_t s) {
    for (std::size_t i = cuts[s]; i < cuts[s + 1]; ++i) {
      if (i % 4096 == 0) stop_if_cancelled();
      std::int64_t size = 0;
      for (std::int64_t k = rows[i]; k < rows[i + 1]; ++k) size += ends[ids[k] + 1] - ends[ids[k]];
      all.rows[i + 1] = size;
    }
  });
  for (std::size_t i = 0; i < n; ++i) all.rows[i + 1] += all.rows[i];
  all.values.resize(static_cast<std::size_t>(all.rows[n]));
  in_parallel(n_shards, [&](std::size_t s) {
    std::int32_t* out = all.values.data() + all.rows[cuts[s]];
    const std::int64_t first = n ? rows[cuts[s]] : 0, last = n ? rows[cuts[s + 1]] : 0;
    for (std::int64_t k = first; k < last; ++k) {
      if (k % 65536 == 0) stop_if_cancelled();
      out = std::copy(values + ends[ids[k]], values + ends[ids[k] + 1], out);
    }
  });
  return all;
}

}  // namespace textmill
