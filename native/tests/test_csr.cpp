#include "core/csr.hpp"

#include <numeric>
#include <stdexcept>

#include "tests/check.hpp"
#include "core/parallel.hpp"

using namespace textmill;

namespace {

// Row r has the columns 0, 2, 4 ... below 2 * (r % 7), each counted r times.
std::size_t size_of(std::size_t row) { return row % 7; }

std::vector<std::int64_t> ends_of(std::size_t n_rows) {
  std::vector<std::int64_t> ends{0};
  for (std::size_t row = 0; row < n_rows; ++row) ends.push_back(ends.back() + static_cast<std::int64_t>(size_of(row)));
  return ends;
}

Csr made(std::size_t n_rows, std::size_t threads) {
  const std::vector<std::int64_t> ends = ends_of(n_rows);
  // more parts than the entries ask for, so that threads take turns
  CsrParts parts(ends.data(), n_rows, 64 * 1024 * 50);
  in_parallel(threads, [&](std::size_t) {
    parts.take([&](std::size_t row, CsrParts::Part& part) {
      part.drain_row(size_of(row), [&](auto&& found) {
        for (std::size_t i = 0; i < size_of(row); ++i) found(static_cast<std::int32_t>(2 * i), static_cast<std::int32_t>(row));
      });
    });
  });
  return parts.close();
}

}  // namespace

TEST(parts_of_several_threads_stand_in_the_order_of_rows) {
  constexpr std::size_t kRows = 1000;
  for (const std::size_t threads : {1, 2, 5}) {
    const Csr csr = made(kRows, threads);
    const std::vector<std::int64_t> ends = ends_of(kRows);
    CHECK_EQ(std::vector<std::int64_t>(csr.indptr.begin(), csr.indptr.end()), ends);
    for (std::size_t row = 0; row < kRows; ++row)
      for (std::size_t i = 0; i < size_of(row); ++i) {
        const auto at = static_cast<std::size_t>(ends[row]) + i;
        CHECK_EQ(csr.indices[at], static_cast<std::int32_t>(2 * i));
        CHECK_EQ(csr.data[at], static_cast<std::int32_t>(row));
      }
  }
}

TEST(a_thread_that_fails_ends_the_others) {
  constexpr std::size_t kRows = 1000;
  for (const std::size_t bad : {0, 1, 500, 999}) {
    const std::vector<std::int64_t> ends = ends_of(kRows);
    CsrParts parts(ends.data(), kRows, 64 * 1024 * 50);
    CHECK_THROWS(std::runtime_error, in_parallel(4, [&](std::size_t) {
                   parts.take([&](std::size_t row, CsrParts::Part& part) {
                     if (row == bad) throw std::runtime_error("bad row");
                     part.drain_row(1, [](auto&& found) { found(0, 1); });
                   });
                 }));
  }
}

TEST(renumbered_columns_are_those_that_stay) {
  std::vector<std::int32_t> numbers(14, -1);
  numbers[0] = 0;
  numbers[4] = 1;
  for (const std::size_t threads : {1, 2, 5}) {
    Csr csr = made(100'000, threads);
    renumber(csr, numbers.data(), threads);
    std::size_t at = 0;
    for (std::size_t row = 0; row < 100'000; ++row) {
      CHECK_EQ(csr.indptr[row], static_cast<std::int32_t>(at));
      for (std::int32_t column = 0; column < static_cast<std::int32_t>(size_of(row) > 2 ? 2 : size_of(row) > 0); ++column, ++at) {
        CHECK_EQ(csr.indices[at], column);
        CHECK_EQ(csr.data[at], static_cast<std::int32_t>(row));
      }
    }
    CHECK_EQ(csr.size(), at);
  }
}
