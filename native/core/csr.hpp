// A sparse matrix, row after row, made by several threads at once.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
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
  class alignas(128) Shard {  // lines of the cache of its own: threads write to their shards all the time
   public:
    void put(std::int32_t column, std::int32_t count) {
      indices_[n_] = column;
      data_[n_++] = count;
    }
    void end_row() { *end_++ = static_cast<std::int32_t>(n_); }

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

// The same, a part of the rows at a time: each part is put behind the one before it as soon as the size of that is known,
// so nothing is moved in the end, and no memory is touched that is not needed.
class CsrParts {
 public:
  // Of texts whose tokens lie between `rows`, n_texts + 1 ends; they have at most `most` entries together.
  CsrParts(const std::int64_t* rows, std::size_t n_texts, std::size_t most);

  // The rows of one part.
  class Part {
   public:
    // For the next row, which has at most so many entries: write(columns, counts) writes them and returns how many.
    template <class Write>
    void put_row(std::size_t most, Write&& write) {
      if (columns_.size() < n_ + most) {
        columns_.resize(2 * (n_ + most));
        counts_.resize(columns_.size());
      }
      n_ += write(columns_.data() + n_, counts_.data() + n_);
      ends_.push_back(n_);
    }
    // The same: drain(found) calls found(column, count) for each.
    template <class Drain>
    void drain_row(std::size_t most, Drain&& drain) {
      put_row(most, [&](std::int32_t* columns, std::int32_t* counts) {
        std::size_t n = 0;
        drain([&](std::int32_t column, std::int32_t count) {
          columns[n] = column;
          counts[n++] = count;
        });
        return n;
      });
    }

   private:
    friend CsrParts;
    PageVector<std::int32_t> columns_, counts_;
    std::vector<std::size_t> ends_;
    std::size_t n_ = 0;
  };

  // For each thread: calls make(row, part) for each row of a part, as long as there are parts.
  template <class Make>
  void take(Make&& make) {
    Part part;
    try {
      for (std::size_t p; (p = next_++) + 1 < cuts_.size();) {
        part.n_ = 0;
        part.ends_.clear();
        for (std::size_t row = cuts_[p]; row < cuts_[p + 1]; ++row) make(row, part);
        if (!put(p, part)) return;
      }
    } catch (...) {
      give_up();
      throw;
    }
  }
  // Once only.
  Csr close();

 private:
  bool put(std::size_t p, const Part& part);  // false where another thread has given up
  void give_up();

  Csr all_;
  std::vector<std::size_t> cuts_;
  std::atomic<std::size_t> next_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t turn_ = 0, n_ = 0;  // the part that is to be put next, and where
  bool given_up_ = false;
};

// Each entry anew: `renumbered` gives the new number of each column, a negative one where it goes.
void renumber(Csr& csr, const std::int32_t* renumbered, std::size_t threads);

}  // namespace textmill
