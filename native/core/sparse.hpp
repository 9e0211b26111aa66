// Products of a sparse matrix with a few dense columns. Each result is summed in one order by one thread, so it is the
// same to the bit for any number of threads.
#pragma once

#include <cstddef>
#include <cstdint>

namespace textmill {

struct Sparse {  // CSR, or CSC of the transpose
  const float* data;
  const std::int32_t* indices;
  const std::int32_t* indptr;
  std::size_t n_rows, n_columns;
};

// out (n_rows, k) = matrix @ dense (n_columns, k)
void multiply(const Sparse& matrix, const double* dense, std::size_t k, double* out, std::size_t threads);

// The transpose in the same layout; its arrays have room for indptr[n_rows] entries and n_columns + 1 ends.
void transpose(const Sparse& matrix, float* data, std::int32_t* indices, std::int32_t* indptr, std::size_t threads);

}  // namespace textmill
