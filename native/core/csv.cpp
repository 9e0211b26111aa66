#include "core/csv.hpp"

#include <array>

#include "core/cancel.hpp"

namespace textmill {

std::string csv_rows(const std::vector<Texts>& columns, char delimiter) {
  std::array<bool, 256> special{};
  for (const char c : {'"', delimiter, '\n', '\r'}) special[static_cast<unsigned char>(c)] = true;
  const std::size_t n_rows = columns.empty() ? 0 : columns[0].n;
  std::size_t size = 0;
  for (const Texts& column : columns) size += column.size_in_bytes() + 3 * n_rows;
  std::string out;
  out.reserve(size + size / 16);
  CancelWatch watch;
  for (std::size_t row = 0; row < n_rows; ++row) {
    watch.at(out.size());
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (c) out.push_back(delimiter);
      const std::string_view cell = columns[c][row];
      bool quote = cell.empty() && columns.size() == 1;
      for (const char byte : cell) quote |= special[static_cast<unsigned char>(byte)];
      if (!quote) {
        out.append(cell);
        continue;
      }
      out.push_back('"');
      for (std::size_t from = 0; from <= cell.size();) {
        const std::size_t next = cell.find('"', from);
        out.append(cell.substr(from, next == std::string_view::npos ? next : next - from));
        if (next == std::string_view::npos) break;
        out.append("\"\"");
        from = next + 1;
      }
      out.push_back('"');
    }
    out.append("\r\n");
  }
  return out;
}

}  // namespace textmill
