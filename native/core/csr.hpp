// A sparse matrix, row after row, made by several threads at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/pages.hpp"

namespace textmill {

struct Csr {
  PageArray<std::int32_t> data;  // counts
  PageArray<std::int32_t> indices;
  std::vector<std::int32_t> indptr;
  std::size_t size() const { return static_cast<std::size_t>(indptr.back()); }  // entries
};

// Each shard has a part of the arrays with room for the most that it can write, of which only what is written takes
// memory; in the end they are moved together.
class CsrShards {
 public:
  class Shard {
   public:
    void put(std::int32_t column, std::int32_t count) {
      indices_[n_] = column;
      data_[n_++] = count;
    }
    void end_row() { *end_++ = static_cast<std::int32_t>(n_); }
    // Each entry anew: found(column, count) gives its column, or a negative number where it goes.
    template <class Column>
    void renumber(Column&& column_of);

   private:
    friend CsrShards;
    std::int32_t *indices_ = nullptr, *data_ = nullptr;
    std::int32_t *first_end_ = nullptr, *end_ = nullptr;  // of rows, counted from the shard's first entry
    std::size_t n_ = 0;
  };

  CsrShards() = default;
  // Shard s makes rows [cuts[s], cuts[s + 1]), of at most most[s] entries together.
  CsrShards(const std::vector<std::size_t>& cuts, const std::vector<std::size_t>& most);

  std::size_t size() const { return shards_.size(); }
  Shard& operator[](std::size_t s) { return shards_[s]; }
  // std::overflow_error from 2^31 entries on. Once only.
  Csr close();

 private:
  Csr all_;
  std::vector<Shard> shards_;
};

template <class Column>
void CsrShards::Shard::renumber(Column&& column_of) {
  std::size_t from = 0, to = 0;
  for (std::int32_t* end = first_end_; end != end_; ++end) {
    for (; from < static_cast<std::size_t>(*end); ++from) {
      const std::int32_t column = column_of(indices_[from]);
      if (column < 0) continue;
      indices_[to] = column;
      data_[to++] = data_[from];
    }
    *end = static_cast<std::int32_t>(to);
  }
  n_ = to;
}

}  // namespace textmill
