// What arrays from outside must be before the core reads them: offsets, rows, ids, sparse matrices. Everything behind
// these checks trusts its input. std::invalid_argument says what does not fit.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/scan.hpp"
#include "core/sparse.hpp"

namespace textmill {

template <class T>
struct Array {
  const T* data;
  std::size_t size;
};

// Offsets as Arrow lays them out: n + 1 of them, from 0 on, never falling, inside the bytes.
Texts checked_texts(const Array<std::uint8_t>& bytes, const Array<std::int64_t>& offsets);

// How many texts the rows of tokens are: n + 1 ends that start at 0, never fall and end at the number of ids, which are
// from 0 on and below `n_types`, of which so many are `used`.
std::size_t checked_rows(const Array<std::int32_t>& ids, const Array<std::int64_t>& rows, std::size_t n_types, std::size_t* used = nullptr);

// Terms of types, from `least` on (negative ones say why a type has none) and below `n_terms`.
void check_terms(const Array<std::int32_t>& type_terms, std::int32_t least, std::size_t n_terms);

// The rows of a sparse matrix: ends that start at 0, never fall and end at `n_entries`.
std::size_t checked_ends(const Array<std::int32_t>& indptr, std::size_t n_entries);
void check_indices(const Array<std::int32_t>& indices, std::size_t n_columns);
Sparse checked_sparse(const Array<float>& data, const Array<std::int32_t>& indices, const Array<std::int32_t>& indptr,
                      std::size_t n_columns);

}  // namespace textmill
