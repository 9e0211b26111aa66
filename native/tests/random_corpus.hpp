// Made-up texts of a few terms, the low ones more frequent.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

struct Corpus {
  std::vector<std::int32_t> ids;
  std::vector<std::int64_t> rows{0};
};

inline Corpus random_corpus(unsigned seed, int n_texts, int n_terms) {
  std::mt19937 random(seed);
  Corpus made;
  for (int text = 0; text < n_texts; ++text) {
    for (unsigned i = random() % 20; i > 0; --i)
      made.ids.push_back(static_cast<std::int32_t>(std::min(random() % static_cast<unsigned>(n_terms), random() % static_cast<unsigned>(n_terms))));
    made.rows.push_back(static_cast<std::int64_t>(made.ids.size()));
  }
  return made;
}
