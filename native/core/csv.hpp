// Columns of text as the rows of a CSV file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/scan.hpp"

namespace textmill {

// RFC 4180: cells in quotes where they hold a quote, the delimiter or a line break, quotes doubled, CRLF behind each
// row. All columns have the same number of texts. The only cell of a row is quoted when it is empty, for an empty line
// would be no row.
std::string csv_rows(const std::vector<Texts>& columns, char delimiter);

}  // namespace textmill
