// What several threads found, as one array.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "core/cancel.hpp"
#include "core/parallel.hpp"

namespace textmill {

// Leaves new values as they are: what is written over next need not be set to 0, nor its memory touched by one thread.
template <class T>
struct Unset : std::allocator<T> {
  template <class U>
  struct rebind {
    using other = Unset<U>;
  };
  template <class U>
  void construct(U* place) noexcept {
    ::new (static_cast<void*>(place)) U;
  }
  template <class U, class... Arguments>
  void construct(U* place, Arguments&&... arguments) {
    ::new (static_cast<void*>(place)) U(std::forward<Arguments>(arguments)...);
  }
};
template <class T>
using UnsetVector = std::vector<T, Unset<T>>;

// The shards one behind the other, each moved by a thread of its own; leaves them empty.
template <class T>
UnsetVector<T> joined(std::vector<UnsetVector<T>>& shards) {
  if (shards.size() == 1) return std::move(shards[0]);
  std::vector<std::size_t> begins{0};
  for (const UnsetVector<T>& shard : shards) begins.push_back(begins.back() + shard.size());
  UnsetVector<T> all(begins.back());
  in_parallel(shards.size(), [&](std::size_t s) {
    constexpr std::size_t kBlock = std::size_t{1} << 22;  // fresh memory comes slowly
    for (std::size_t i = 0; i < shards[s].size(); i += kBlock) {
      stop_if_cancelled();
      std::copy_n(shards[s].data() + i, std::min(kBlock, shards[s].size() - i), all.data() + begins[s] + i);
    }
    shards[s] = {};
  });
  return all;
}

}  // namespace textmill
