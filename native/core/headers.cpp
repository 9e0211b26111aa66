#include "core/stages.hpp"

namespace textmill {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

// A line of a message's header, from its first byte to its line feed or the end.
enum class Line { kField, kMore, kEmpty, kOther };

Line kind_of(std::string_view line) {
  std::size_t i = 0;
  while (i < line.size() && is_blank(line[i])) ++i;
  if (i == line.size()) return Line::kEmpty;
  if (line[0] == ' ' || line[0] == '\t') return Line::kMore;
  i = 0;
  while (i < line.size() && line[i] > ' ' && line[i] < 0x7F && line[i] != ':') ++i;
  // an address has no blank behind its colon
  const bool field = i > 0 && i < line.size() && line[i] == ':' && (i + 1 == line.size() || is_blank(line[i + 1]));
  return field ? Line::kField : Line::kOther;
}

}  // namespace

void drop_headers(const Text& in, Text& out) {
  const std::string_view text = in.view();
  out.clear();
  std::size_t body = 0, fields = 0;
  CancelWatch watch;
  for (std::size_t begin = 0; begin <= text.size();) {
    watch.at(begin);
    const std::size_t found = text.find('\n', begin);
    const std::size_t end = found == std::string_view::npos ? text.size() : found;
    const std::string_view line = text.substr(begin, end - begin);
    const Line kind = kind_of(line);
    const std::size_t next = found == std::string_view::npos ? end : end + 1;
    if (kind == Line::kField) ++fields;
    else if (kind == Line::kMore && fields == 0) break;
    else if (kind == Line::kOther && !(begin == 0 && line.starts_with("From "))) break;
    if (kind == Line::kEmpty || next == text.size()) {
      if (fields >= 2) body = next;  // one line such as "Note: ..." is a sentence
      break;
    }
    begin = next;
  }
  out.copy(in, body, text.size());
  out.finish();
}

}  // namespace textmill
