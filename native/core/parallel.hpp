// Work in a few equal shards, each on its own thread; the first exception is thrown on.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <system_error>
#include <thread>
#include <vector>

#include "core/cancel.hpp"

namespace textmill {

template <class Work>
void in_parallel(std::size_t shards, Work&& work) {
  if (shards <= 1) {
    if (shards == 1) work(std::size_t{0});
    return;
  }
  std::vector<std::exception_ptr> failed(shards);
  const CancelFlag* flag = current_cancel_flag;
  const auto guarded = [&](std::size_t shard) {
    const CancelScope scope(flag);
    try {
      work(shard);
    } catch (...) {
      failed[shard] = std::current_exception();
    }
  };
  std::vector<std::thread> threads;
  threads.reserve(shards - 1);
  std::size_t started = 1;
  try {
    for (; started < shards; ++started) threads.emplace_back(guarded, started);
  } catch (const std::system_error&) {  // no more threads to be had: this one does the rest
  }
  guarded(0);
  for (std::size_t shard = started; shard < shards; ++shard) guarded(shard);
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& error : failed)
    if (error) std::rethrow_exception(error);
}

// Cuts 0..n into `shards` runs of about equal weight, where weight[i] is what lies before item i (n + 1 values).
inline std::vector<std::size_t> even_cuts(const std::int64_t* before, std::size_t n, std::size_t shards) {
  std::vector<std::size_t> cuts(shards + 1, n);
  cuts[0] = 0;
  const std::int64_t first = n ? before[0] : 0;
  const std::int64_t total = n ? before[n] - first : 0;
  for (std::size_t k = 1; k < shards; ++k) {
    const std::int64_t want = first + total / static_cast<std::int64_t>(shards) * static_cast<std::int64_t>(k);
    cuts[k] = std::max(cuts[k - 1], static_cast<std::size_t>(std::lower_bound(before, before + n, want) - before));
  }
  return cuts;
}

// Built for fuzzing, shards, parts and blocks are tiny, so that a small input has many of them.
#ifdef TEXTMILL_SMALL_SHARDS
inline constexpr bool kSmallShards = true;
#else
inline constexpr bool kSmallShards = false;
#endif

// A thread costs more than a little work: how many are worth starting.
inline std::size_t worthwhile(std::size_t threads, std::size_t work, std::size_t work_a_thread) {
  if (kSmallShards) work_a_thread = 1;
  return std::max<std::size_t>(1, std::min(threads, work / work_a_thread));
}

}  // namespace textmill
