#include "core/sparse.hpp"

#include <utility>
#include <vector>

#include "core/parallel.hpp"

namespace textmill {
namespace {
constexpr std::size_t kEntriesAThread = 64 * 1024;

std::vector<std::size_t> even_rows(const Sparse& matrix, std::size_t shards) {
  std::vector<std::int64_t> before(matrix.indptr, matrix.indptr + matrix.n_rows + 1);
  for (std::size_t row = 0; row <= matrix.n_rows; ++row) before[row] += static_cast<std::int64_t>(row);
  return even_cuts(before.data(), matrix.n_rows, shards);
}
}  // namespace

void multiply(const Sparse& matrix, const double* dense, std::size_t k, double* out, std::size_t threads) {
  const std::size_t shards = worthwhile(threads, static_cast<std::size_t>(matrix.indptr[matrix.n_rows]) * k, kEntriesAThread);
  const std::vector<std::size_t> cuts = even_rows(matrix, shards);
  in_parallel(shards, [&](std::size_t s) {
    CancelWatch watch(static_cast<std::size_t>(matrix.indptr[cuts[s]]));
    for (std::size_t row = cuts[s]; row < cuts[s + 1]; ++row) {
      watch.at(static_cast<std::size_t>(matrix.indptr[row]));
      const std::int32_t first = matrix.indptr[row], last = matrix.indptr[row + 1];
      if (k == 1) {
        double sum = 0;
        for (std::int32_t i = first; i < last; ++i) sum += static_cast<double>(matrix.data[i]) * dense[matrix.indices[i]];
        out[row] = sum;
        continue;
      }
      double* sums = out + row * k;
      std::fill(sums, sums + k, 0.0);
      for (std::int32_t i = first; i < last; ++i) {
        const double value = matrix.data[i];
        const double* weights = dense + static_cast<std::size_t>(matrix.indices[i]) * k;
        for (std::size_t j = 0; j < k; ++j) sums[j] += value * weights[j];
      }
    }
  });
}

void transpose(const Sparse& matrix, float* data, std::int32_t* indices, std::int32_t* indptr, std::size_t threads) {
  const std::size_t shards = std::min(worthwhile(threads, static_cast<std::size_t>(matrix.indptr[matrix.n_rows]), kEntriesAThread),
                                      1 + (std::size_t{1} << 27) / (matrix.n_columns + 1));
  const std::vector<std::size_t> cuts = even_rows(matrix, shards);
  std::vector<std::vector<std::int32_t>> places(shards);
  in_parallel(shards, [&](std::size_t s) {
    places[s].assign(matrix.n_columns, 0);
    for (std::int32_t i = matrix.indptr[cuts[s]]; i < matrix.indptr[cuts[s + 1]]; ++i) ++places[s][static_cast<std::size_t>(matrix.indices[i])];
  });
  std::int32_t before = 0;
  for (std::size_t column = 0; column < matrix.n_columns; ++column) {
    indptr[column] = before;
    for (std::size_t s = 0; s < shards; ++s) before += std::exchange(places[s][column], before);
  }
  indptr[matrix.n_columns] = before;
  in_parallel(shards, [&](std::size_t s) {
    for (std::size_t row = cuts[s]; row < cuts[s + 1]; ++row)
      for (std::int32_t i = matrix.indptr[row]; i < matrix.indptr[row + 1]; ++i) {
        const auto place = static_cast<std::size_t>(places[s][static_cast<std::size_t>(matrix.indices[i])]++);
        data[place] = matrix.data[i];
        indices[place] = static_cast<std::int32_t>(row);
      }
  });
}

}  // namespace textmill
