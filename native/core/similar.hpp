// Texts that share most of their words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace textmill {

struct SimilarTexts {
  std::vector<std::int32_t> first;  // of each text, the first text of its group
  std::int64_t compared = 0;        // pairs whose words were laid side by side
};

// Joins texts into groups: two of one set of words, and two whose sets have at least `threshold` of their union in common
// (Jaccard's index), are in one, and so is what either is similar to. `ids` are the words of all texts, text t has
// ids[rows[t]:rows[t + 1]]; a text without words is alone. 0 < threshold <= 1.
//
// All such pairs are found, by the filters of prefixes, of lengths and of places (Bayardo et al. 2007; Xiao et al. 2008).
// Only where more than kNeighbours texts of one group share a rare word is a further text that has it compared with as
// many of them: a group of n texts would take n * n steps.
SimilarTexts similar_texts(const std::int32_t* ids, const std::int64_t* rows, std::size_t n_texts, std::size_t n_types, double threshold,
                           std::size_t threads);

}  // namespace textmill
