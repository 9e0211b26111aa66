// Rows of unlike lengths, side by side.
#pragma once

#include <cstdint>
#include <vector>

namespace textmill {

struct Ragged {
  std::vector<std::int32_t> values;
  std::vector<std::int64_t> rows;  // n + 1
};

// Each id gives way to the values it stands for: those of id k are values[ends[k], ends[k + 1]).
Ragged spell_out(const std::int32_t* ids, const std::int64_t* rows, std::size_t n, const std::int64_t* ends, const std::int32_t* values,
                 std::size_t threads);

}  // namespace textmill
