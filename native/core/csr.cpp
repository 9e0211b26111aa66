#include "core/csr.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <stdexcept>
#include <utility>

#include "core/cancel.hpp"

namespace textmill {

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
  if (n > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) throw std::overflow_error("2^31 or more counts at once");
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
  for (auto* values : {&all_.data, &all_.indices})
    if (void* smaller = std::realloc(values->get(), std::max<std::size_t>(1, n) * sizeof(std::int32_t))) {
      values->release();
      values->reset(static_cast<std::int32_t*>(smaller));
    }
  shards_.clear();
  return std::move(all_);
}

}  // namespace textmill
