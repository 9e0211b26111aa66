#include <algorithm>

#include "core/splitters.hpp"

namespace textmill {
namespace {

// Each run of two or more characters of white space becomes one blank; false if there is none, and `out` is untouched.
bool join_runs(const Text& text, Text& out) {
  const char* bytes = text.data();
  const std::size_t size = text.size();
  std::size_t copied = 0;
  bool any = false;
  CancelWatch watch;
  for (std::size_t i = 0; i < size;) {
    watch.at(i);
    const Decoded now = decode(bytes + i, bytes + size);
    std::size_t next = i + now.size;
    if (flags_of(now.code) & kSpace) {
      std::size_t run = 1;
      for (; next < size; ++run) {
        watch.at(next);
        const Decoded more = decode(bytes + next, bytes + size);
        if (!(flags_of(more.code) & kSpace)) break;
        next += more.size;
      }
      if (run > 1) {
        if (!any) out.clear();
        any = true;
        out.copy(text, copied, i);
        out.put(" ", text, i, next);
        copied = next;
      }
    }
    i = next;
  }
  if (!any) return false;
  out.copy(text, copied, size);
  out.finish();
  return true;
}

}  // namespace

const Text& split_windows(const Text& raw, Text& spare, const Program& program, std::vector<Span>& found) {
  const Text& text = join_runs(raw, spare) ? spare : raw;
  const char* bytes = text.data();
  const std::size_t size = text.size();
  const std::uint32_t width = std::max<std::uint32_t>(1, program.options);
  std::size_t end = 0;
  std::uint32_t codes = 0;  // in [begin, end)
  CancelWatch watch;
  for (std::size_t begin = 0; begin < size; --codes) {
    watch.at(begin);
    for (; codes < width && end < size; ++codes) end += decode(bytes + end, bytes + size).size;
    found.push_back({begin, end});
    begin += decode(bytes + begin, bytes + size).size;
  }
  return text;
}

}  // namespace textmill
