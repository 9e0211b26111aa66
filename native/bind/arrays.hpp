// What the files of bind/ share: arrays of numpy's in and out, and the checks of them.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "core/scan.hpp"

namespace textmill::bind {

namespace nb = nanobind;

template <class T>
using In = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <class T>
using InOut = nb::ndarray<T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <class T>
using Out = nb::ndarray<nb::numpy, T>;

template <class T>
Out<T> own(std::vector<T>&& values, std::initializer_list<std::size_t> shape) {
  auto* kept = new std::vector<T>(std::move(values));
  nb::capsule owner(kept, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  return Out<T>(kept->data(), shape, owner);
}
template <class T>
Out<T> own(std::vector<T>&& values) {
  const std::size_t n = values.size();
  return own(std::move(values), {n});
}
template <class T, class Deleter>
Out<T> own(std::unique_ptr<T[], Deleter>&& values, std::initializer_list<std::size_t> shape) {
  T* kept = values.release();
  nb::capsule owner(kept, [](void* p) noexcept { Deleter()(static_cast<T*>(p)); });
  return Out<T>(kept, shape, owner);
}

inline void require(bool holds, const char* what) {
  if (!holds) throw nb::value_error(what);
}

// Offsets as Arrow lays them out: n + 1 of them, never falling, inside the bytes.
inline Texts texts_of(const In<std::uint8_t>& bytes, const In<std::int64_t>& offsets) {
  require(offsets.shape(0) >= 1, "offsets: wanted n + 1 of them");
  const std::int64_t* o = offsets.data();
  const std::size_t n = offsets.shape(0) - 1;
  bool fits = o[0] >= 0;
  for (std::size_t i = 0; i < n; ++i) fits &= o[i] <= o[i + 1];
  require(fits && o[n] <= static_cast<std::int64_t>(bytes.shape(0)), "offsets do not fit the bytes");
  return {reinterpret_cast<const char*>(bytes.data()), o, n};
}

// Token rows: n + 1 ends that start at 0, never fall and end at the number of ids; ids below `n_types`, of which so many
// are `used`.
inline std::size_t rows_of(const In<std::int32_t>& ids, const In<std::int64_t>& rows, std::size_t n_types, std::size_t* used = nullptr) {
  require(rows.shape(0) >= 1, "rows: wanted n + 1 of them");
  const std::int64_t* r = rows.data();
  const std::size_t n = rows.shape(0) - 1;
  bool fits = r[0] == 0 && r[n] == static_cast<std::int64_t>(ids.shape(0));
  for (std::size_t i = 0; i < n; ++i) fits &= r[i] <= r[i + 1];
  require(fits, "rows do not fit the ids");
  std::uint32_t most = 0;
  for (std::size_t i = 0; i < ids.shape(0); ++i) most = std::max(most, static_cast<std::uint32_t>(ids.data()[i]));
  require(ids.shape(0) == 0 || most < n_types, "an id is outside the types");
  if (used) *used = ids.shape(0) ? std::size_t{most} + 1 : 0;
  return n;
}

inline std::size_t at_least_one(int threads) {
  require(threads >= 1, "threads: wanted 1 or more");
  return static_cast<std::size_t>(threads);
}

}  // namespace textmill::bind
