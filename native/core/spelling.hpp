// Strings in the order of their spelling: by code points, as Python sorts them, which in UTF-8 is by bytes.
#pragma once

#include <cstdint>
#include <vector>

#include "core/scan.hpp"

namespace textmill {

struct Strings {
  std::vector<std::uint8_t> bytes;
  std::vector<std::int64_t> offsets{0};
};

struct Spelled {
  std::vector<std::int32_t> numbers;  // of each string: its place among the distinct ones, or -1 for an empty string
  Strings distinct;                   // in order
};

// Numbers strings by their spelling; equal ones have the same number.
Spelled number_by_spelling(const Texts& strings);

// Some of the strings, in the order that is asked for.
Strings take(const Texts& strings, const std::int32_t* which, std::size_t n);

}  // namespace textmill
