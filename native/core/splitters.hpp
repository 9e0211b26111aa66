// The splitters: each finds the tokens of a text in its own way.
#pragma once

#include "core/program.hpp"

namespace textmill {

// Runs of anything but white space: Python's str.split().
const Text& split_whitespace(const Text& text, Text& spare, std::uint32_t options, std::vector<Span>& found);

}  // namespace textmill
