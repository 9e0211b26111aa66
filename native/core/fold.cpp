#include "core/fold.hpp"

#include "core/stages.hpp"
#include "core/utf8.hpp"

namespace textmill {

void casefold(const Text& in, Text& out) {
  const char* bytes = in.data();
  const std::size_t size = in.size();
  out.clear();
  std::size_t copied = 0;
  CancelWatch watch;
  for (std::size_t i = 0; (i = next_high(bytes, i, size)) < size;) {
    watch.at(i);
    const Decoded now = decode(bytes + i, bytes + size);
    const std::string_view folded = mapped(now.code, kFoldIndex, kFoldBlocks, kFoldPool);
    if (folded.data()) {
      out.copy(in, copied, i);
      out.put(folded, in, i, i + now.size);
      copied = i + now.size;
    }
    i += now.size;
  }
  out.copy(in, copied, size);
  char* p = out.data();  // ASCII in one sweep: a byte stays a byte, nothing to align
  for (std::size_t i = 0, n = out.size(); i < n; ++i)
    p[i] = static_cast<char>(p[i] + ((static_cast<unsigned char>(p[i] - 'A') < 26) ? 32 : 0));
  out.finish();
}

namespace {

std::size_t behind_marks(const char* bytes, std::size_t i, std::size_t size) {
  CancelWatch watch(i);
  while (i < size && static_cast<unsigned char>(bytes[i]) >= 0x80) {
    watch.at(i);
    const Decoded now = decode(bytes + i, bytes + size);
    if (!(class_of(now.code) & kMark)) break;
    i += now.size;
  }
  return i;
}

}  // namespace

// Marks go with the letter before them: the turns of the loop end behind marks, so that one at its start stands first.
void fold_to_ascii(const Text& in, Text& out) {
  const char* bytes = in.data();
  const std::size_t size = in.size();
  out.clear();
  std::size_t i = behind_marks(bytes, 0, size), copied = i;
  CancelWatch watch;
  while (i < size) {
    watch.at(i);
    std::size_t begin = i, end;
    std::string_view spelled;
    if (static_cast<unsigned char>(bytes[i]) < 0x80) {
      const std::size_t high = next_high(bytes, i, size);
      begin = high - 1;
      spelled = {bytes + begin, 1};
      end = behind_marks(bytes, high, size);
      if (end == high) spelled = {};  // no marks: it stays as it is
    } else {
      const Decoded now = decode(bytes + i, bytes + size);
      spelled = mapped(now.code, kSpelledIndex, kSpelledBlocks, kSpelledPool);
      end = behind_marks(bytes, i + now.size, size);  // a letter of another script keeps its marks
    }
    if (spelled.data()) {
      out.copy(in, copied, begin);
      out.put(spelled, in, begin, end);
      copied = end;
    }
    i = end;
  }
  out.copy(in, copied, size);
  out.finish();
}

}  // namespace textmill
