#include "core/splitters.hpp"

namespace textmill {

const Text& split_whitespace(const Text& text, Text&, const Program&, std::vector<Span>& found) {
  const char* bytes = text.data();
  const char* end = bytes + text.size();
  std::size_t begin = 0;
  CancelWatch watch;
  for (const char* p = bytes; p < end;) {
    const Decoded now = decode(p, end);
    const auto at = static_cast<std::size_t>(p - bytes);
    watch.at(at);
    if (flags_of(now.code) & kSpace) {
      if (at > begin) found.push_back({begin, at});
      begin = at + now.size;
    }
    p += now.size;
  }
  if (text.size() > begin) found.push_back({begin, text.size()});
  return text;
}

}  // namespace textmill
