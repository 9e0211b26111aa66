#include "core/layout.hpp"

#include <algorithm>
#include <stdexcept>

namespace textmill {
namespace {

void require(bool holds, const char* what) {
  if (!holds) throw std::invalid_argument(what);
}

// Whether values never fall; all are looked at, which is sooner than stopping at the first.
template <class T>
bool rises(const Array<T>& ends) {
  bool fits = true;
  for (std::size_t i = 0; i + 1 < ends.size; ++i) fits &= ends.data[i] <= ends.data[i + 1];
  return fits;
}

}  // namespace

Texts checked_texts(const Array<std::uint8_t>& bytes, const Array<std::int64_t>& offsets) {
  require(offsets.size >= 1, "offsets: wanted n + 1 of them");
  require(offsets.data[0] >= 0 && rises(offsets) && static_cast<std::uint64_t>(offsets.data[offsets.size - 1]) <= bytes.size,
          "offsets do not fit the bytes");
  return {reinterpret_cast<const char*>(bytes.data), offsets.data, offsets.size - 1};
}

std::size_t checked_rows(const Array<std::int32_t>& ids, const Array<std::int64_t>& rows, std::size_t n_types, std::size_t* used) {
  require(rows.size >= 1, "rows: wanted n + 1 of them");
  require(rows.data[0] == 0 && rises(rows) && static_cast<std::uint64_t>(rows.data[rows.size - 1]) == ids.size, "rows do not fit the ids");
  std::uint32_t most = 0;
  for (std::size_t i = 0; i < ids.size; ++i) most = std::max(most, static_cast<std::uint32_t>(ids.data[i]));
  require(ids.size == 0 || most < n_types, "an id is outside the types");
  if (used) *used = ids.size ? std::size_t{most} + 1 : 0;
  return rows.size - 1;
}

void check_terms(const Array<std::int32_t>& type_terms, std::int32_t least, std::size_t n_terms) {
  bool fits = true;
  for (std::size_t i = 0; i < type_terms.size; ++i)
    fits &= type_terms.data[i] >= least && type_terms.data[i] < static_cast<std::int64_t>(n_terms);
  require(fits, "a term is outside the terms");
}

std::size_t checked_ends(const Array<std::int32_t>& indptr, std::size_t n_entries) {
  require(indptr.size >= 1, "no sparse matrix");
  require(indptr.data[0] == 0 && rises(indptr) && static_cast<std::size_t>(indptr.data[indptr.size - 1]) == n_entries,
          "indices do not fit the matrix");
  return indptr.size - 1;
}

void check_indices(const Array<std::int32_t>& indices, std::size_t n_columns) {
  std::uint32_t most = 0;
  for (std::size_t i = 0; i < indices.size; ++i) most = std::max(most, static_cast<std::uint32_t>(indices.data[i]));
  require(indices.size == 0 || most < n_columns, "indices do not fit the matrix");
}

Sparse checked_sparse(const Array<float>& data, const Array<std::int32_t>& indices, const Array<std::int32_t>& indptr,
                      std::size_t n_columns) {
  require(data.size == indices.size, "no sparse matrix");
  const std::size_t n_rows = checked_ends(indptr, indices.size);
  check_indices(indices, n_columns);
  return {data.data, indices.data, indptr.data, n_rows, n_columns};
}

}  // namespace textmill
