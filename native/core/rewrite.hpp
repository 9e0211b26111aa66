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

Rewritten rewrite(const Program& program, const Texts& texts, std::size_t threads);

}  // namespace textmill
