// A few texts against frozen features at once: words, terms, n-grams, counts, weights, with nothing made for the next
// text that the last one has not left behind. What serves one text at a time; a batch is scanned and counted in parts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/count.hpp"
#include "core/intern.hpp"
#include "core/program.hpp"

namespace textmill {

class RowMaker {
 public:
  // `types` and `grams` must outlive it. `plain`: a word outside `types` is no term; else its term has to be learned.
  // The weighting's idf is given with each batch.
  RowMaker(Program program, const InternTable& types, std::vector<std::int32_t> type_terms, const Grams& grams, Weighting weighting,
           bool plain);
  RowMaker(const RowMaker&) = delete;

  void clear();
  // Appends the row of a text. A word whose term is not known yet goes to unknown().
  void add(std::string_view raw);
  const std::vector<std::string>& unknown() const { return unknown_; }
  // The term of a word outside `types`. What was learned is forgotten when it has grown large.
  void learn(std::string_view word, std::int32_t term);

  const std::vector<std::int32_t>& counts() const { return counts_; }
  const std::vector<std::int32_t>& columns() const { return columns_; }
  const std::vector<std::int32_t>& ends() const { return ends_; }  // n + 1
  // The weights of all rows; `idf` has one value a column, or is null.
  template <class T>
  void weights(const double* idf, T* out) const;

 private:
  const Program program_;
  Runner runner_;
  const InternTable& types_;
  const std::vector<std::int32_t> type_terms_;
  const Grams& grams_;
  const Weighting weighting_;
  const bool plain_;
  InternTable met_;
  std::vector<std::int32_t> met_terms_;
  std::vector<std::int32_t> terms_, found_;
  std::vector<std::int32_t> counts_, columns_, ends_, lengths_;
  std::vector<std::string> unknown_;
};

}  // namespace textmill
