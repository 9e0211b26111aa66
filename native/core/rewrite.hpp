// Many texts in, the same texts after the stages of a program out.
#pragma once

#include <cstdint>
#include <vector>

#include "core/scan.hpp"

namespace textmill {

struct Rewritten {
  std::vector<std::uint8_t> bytes;
  std::vector<std::int64_t> offsets;  // n + 1
};

// Leads spans back: places in code points of the texts after the stages become places in code points of the raw ones.
// Text i owns spans[2 * rows[i], 2 * rows[i + 1]); one that lies outside of its text is drawn to its end.
void lead_back(const Program& program, const Texts& texts, const std::int64_t* rows, std::int32_t* spans, std::size_t threads);

Rewritten rewrite(const Program& program, const Texts& texts, std::size_t threads);

}  // namespace textmill
