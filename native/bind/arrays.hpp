// What every binding needs: arrays in and out, and their checks.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "bind/released.hpp"
#include "core/count.hpp"
#include "core/grams.hpp"
#include "core/layout.hpp"
#include "core/scan.hpp"

namespace textmill::bind {

namespace nb = nanobind;

template <class T>
using In = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <class T>
using InOut = nb::ndarray<T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <class T>
using Out = nb::ndarray<nb::numpy, T>;

template <class T, class A>
Out<T> own(std::vector<T, A>&& values, std::initializer_list<std::size_t> shape) {
  auto* kept = new std::vector<T, A>(std::move(values));
  nb::capsule owner(kept, [](void* p) noexcept { delete static_cast<std::vector<T, A>*>(p); });
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

// Counts, columns, ends of rows; with the lengths of texts.
inline nb::tuple sparse(Csr&& csr) {
  const auto n = static_cast<std::size_t>(csr.indptr.back());
  return nb::make_tuple(own(std::move(csr.data), {n}), own(std::move(csr.indices), {n}), own(std::move(csr.indptr)));
}

inline nb::tuple counted(Counted&& found) {
  auto lengths = own(std::move(found.lengths));
  return nb::steal<nb::tuple>(PySequence_Concat(sparse(std::move(found)).ptr(), nb::make_tuple(lengths).ptr()));
}

inline void require(bool holds, const char* what) {
  if (!holds) throw nb::value_error(what);
}

template <class T>
Array<T> array(const In<T>& values) {
  return {values.data(), values.shape(0)};
}

// Negative terms, whatever the reason for having none.
constexpr std::int32_t kAnyNegative = std::numeric_limits<std::int32_t>::min();

inline Texts texts_of(const In<std::uint8_t>& bytes, const In<std::int64_t>& offsets) { return checked_texts(array(bytes), array(offsets)); }

inline std::size_t rows_of(const In<std::int32_t>& ids, const In<std::int64_t>& rows, std::size_t n_types, std::size_t* used = nullptr) {
  return checked_rows(array(ids), array(rows), n_types, used);
}

// Bytes to go through, or as much work.
inline std::size_t work_in(const Texts& texts) { return texts.size_in_bytes() + 16 * texts.n; }

inline std::size_t at_least_one(int threads) {
  require(threads >= 1, "threads: wanted 1 or more");
  return static_cast<std::size_t>(threads);
}

inline nb::list levels_of(std::vector<KeptLevel>&& levels) {
  nb::list out;
  for (KeptLevel& level : levels)
    out.append(nb::make_tuple(own(std::move(level.prefix)), own(std::move(level.term)), own(std::move(level.column))));
  return out;
}

}  // namespace textmill::bind
