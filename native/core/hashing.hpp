// Word n-grams hashed to columns: no vocabulary, so any corpus in any order, a batch at a time.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/count.hpp"
#include "core/scan.hpp"

namespace textmill {

// MurmurHash3_x86_32 (Austin Appleby, public domain algorithm).
std::uint32_t murmur3(std::string_view bytes, std::uint32_t seed);

// Twice the column of a hash, plus one where it counts down.
std::uint32_t hashed_column(std::uint32_t hash, std::uint32_t n_features, bool alternate_sign);

// Counts of n-grams of `low` to `high` words by column: the hash, taken as signed, its magnitude modulo n_features;
// with `alternate_sign` an n-gram with a negative hash counts down. What scikit-learn's FeatureHasher does. Columns
// ascend in each row; a count that comes to zero stays.
Counted hash_counts(const std::int32_t* ids, const std::int64_t* rows, std::size_t n_texts, const std::int32_t* type_terms,
                    const Texts& terms, int low, int high, std::int32_t n_features, bool alternate_sign, std::size_t threads);

}  // namespace textmill
