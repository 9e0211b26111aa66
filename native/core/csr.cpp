#include "core/csr.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <stdexcept>
#include <utility>

#include "core/cancel.hpp"
#include "core/parallel.hpp"

namespace textmill {
namespace {

constexpr std::size_t kMost = std::numeric_limits<std::int32_t>::max();

// Gives back what is behind the first n entries.
void shrink(Csr& csr, std::size_t n) {
  for (auto* values : {&csr.data, &csr.indices})
    if (void* smaller = std::realloc(values->get(), std::max<std::size_t>(1, n) * sizeof(std::int32_t))) {
      values->release();
      values->reset(static_cast<std::int32_t*>(smaller));
    }
}

}  // namespace

CsrShards::CsrShards(const std::vector<std::size_t>& cuts, const std::vector<std::size_t>& most) : shards_(most.size()) {
  std::size_t all = 0;
  for (const std::size_t some : most) all += some;
  all_.data = page_array<std::int32_t>(all);
  all_.indices = page_array<std::int32_t>(all);
  all_.indptr.resize(cuts.back() + 1);
  std::size_t at = 0;
  for (std::size_t s = 0; s < most.size(); ++s) {
    Shard& shard = shards_[s];
    shard.indices_ = all_.indices.get() + at;
    shard.data_ = all_.data.get() + at;
    shard.first_end_ = shard.end_ = all_.indptr.data() + cuts[s] + 1;
    at += most[s];
  }
}

Csr CsrShards::close() {
  std::size_t n = 0;
  for (const Shard& shard : shards_) n += shard.n_;
  if (n > kMost) throw std::overflow_error("2^31 or more counts at once");
  n = 0;
  for (const Shard& shard : shards_) {
    stop_if_cancelled();
    if (shard.data_ != all_.data.get() + n) {
      std::copy(shard.indices_, shard.indices_ + shard.n_, all_.indices.get() + n);
      std::copy(shard.data_, shard.data_ + shard.n_, all_.data.get() + n);
    }
    for (std::int32_t* end = shard.first_end_; end != shard.end_; ++end) *end += static_cast<std::int32_t>(n);
    n += shard.n_;
  }
  shrink(all_, n);
  shards_.clear();
  return std::move(all_);
}

CsrParts::CsrParts(const std::int64_t* rows, std::size_t n_texts, std::size_t most) {
  constexpr std::size_t kEntries = 64 * 1024;  // of a part: they stay in the cache until they are put
  cuts_ = even_cuts(rows, n_texts, worthwhile(n_texts, most, kEntries));
  most = std::min<std::size_t>(most, kMost);
  all_.data = page_array<std::int32_t>(most);
  all_.indices = page_array<std::int32_t>(most);
  all_.indptr.resize(n_texts + 1);
}

bool CsrParts::put(std::size_t p, const Part& part) {
  std::size_t first;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return turn_ == p || given_up_; });
    if (given_up_) return false;
    first = n_;
    if (part.n_ > kMost - first) throw std::overflow_error("2^31 or more counts at once");
    n_ += part.n_;
    ++turn_;
  }
  changed_.notify_all();
  std::copy_n(part.columns_.data(), part.n_, all_.indices.get() + first);
  std::copy_n(part.counts_.data(), part.n_, all_.data.get() + first);
  std::int32_t* end = all_.indptr.data() + cuts_[p];
  for (const std::size_t in_part : part.ends_) *++end = static_cast<std::int32_t>(first + in_part);
  return true;
}

void CsrParts::give_up() {
  {
    const std::lock_guard lock(mutex_);
    given_up_ = true;
  }
  changed_.notify_all();
}

Csr CsrParts::close() {
  shrink(all_, n_);
  return std::move(all_);
}

void renumber(Csr& csr, const std::int32_t* renumbered, std::size_t threads) {
  constexpr std::size_t kEntriesAThread = 64 * 1024;
  const std::size_t n_rows = csr.indptr.size() - 1, shards = worthwhile(threads, csr.size(), kEntriesAThread);
  const std::vector<std::int64_t> before(csr.indptr.begin(), csr.indptr.end());
  const std::vector<std::size_t> cuts = even_cuts(before.data(), n_rows, shards);
  in_parallel(shards, [&](std::size_t s) {  // within its place, to be moved together below
    std::int64_t to = before[cuts[s]];
    for (std::size_t row = cuts[s]; row < cuts[s + 1]; ++row) {
      stop_if_cancelled();
      for (std::int64_t i = before[row]; i < before[row + 1]; ++i) {
        const std::int32_t column = renumbered[csr.indices[static_cast<std::size_t>(i)]];
        csr.indices[static_cast<std::size_t>(to)] = column;
        csr.data[static_cast<std::size_t>(to)] = csr.data[static_cast<std::size_t>(i)];
        to += column >= 0;
      }
      csr.indptr[row + 1] = static_cast<std::int32_t>(to);
    }
  });
  std::int32_t n = 0;
  for (std::size_t s = 0; s < shards; ++s) {
    stop_if_cancelled();
    if (cuts[s] == cuts[s + 1]) continue;
    const auto first = static_cast<std::int32_t>(before[cuts[s]]), last = csr.indptr[cuts[s + 1]];
    if (first != n) {
      std::copy(csr.indices.get() + first, csr.indices.get() + last, csr.indices.get() + n);
      std::copy(csr.data.get() + first, csr.data.get() + last, csr.data.get() + n);
    }
    for (std::size_t row = cuts[s]; row < cuts[s + 1]; ++row) csr.indptr[row + 1] -= first - n;
    n += last - first;
  }
  shrink(csr, static_cast<std::size_t>(n));
}

}  // namespace textmill
