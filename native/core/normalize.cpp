#include "core/normalize.hpp"

#include <algorithm>
#include <vector>

#include "core/stages.hpp"
#include "core/utf8.hpp"

namespace textmill {
namespace {

// One code point on its way, and the bytes of the text that it stands for.
struct Piece {
  std::uint32_t code;
  std::uint32_t order;  // combining class
  std::size_t begin, end;
};

constexpr std::uint32_t kSyllables = 0xAC00, kLeads = 0x1100, kVowels = 0x1161, kTails = 0x11A7;
constexpr std::uint32_t kVowelCount = 21, kTailCount = 28, kSyllableCount = 11172;

std::uint16_t properties(std::uint32_t code) {
  return kNormalBlocks[(static_cast<std::size_t>(kNormalIndex[code >> 8]) << 8) | (code & 255)];
}

std::uint32_t order_of(std::uint32_t code) { return properties(code) & 255; }

template <bool Compatible>
void decompose(std::uint32_t code, std::size_t begin, std::size_t end, std::vector<Piece>& pieces) {
  if (code - kSyllables < kSyllableCount) {
    const std::uint32_t s = code - kSyllables;
    pieces.push_back({kLeads + s / (kVowelCount * kTailCount), 0, begin, end});
    pieces.push_back({kVowels + s % (kVowelCount * kTailCount) / kTailCount, 0, begin, end});
    if (s % kTailCount) pieces.push_back({kTails + s % kTailCount, 0, begin, end});
    return;
  }
  const std::uint16_t* index = Compatible ? kCompatibleIndex : kCanonicalIndex;
  const std::uint16_t* blocks = Compatible ? kCompatibleBlocks : kCanonicalBlocks;
  const std::uint16_t place = blocks[(static_cast<std::size_t>(index[code >> 8]) << 8) | (code & 255)];
  if (!place) {
    pieces.push_back({code, order_of(code), begin, end});
    return;
  }
  const std::uint32_t* pool = (Compatible ? kCompatiblePool : kCanonicalPool) + place;
  for (std::uint32_t k = 1; k <= pool[0]; ++k) pieces.push_back({pool[k], order_of(pool[k]), begin, end});
}

// Sorts one run of marks by combining class, stably; by counting where insertion would take long.
void sort_run(Piece* first, Piece* last, std::vector<Piece>& spare) {
  const auto n = static_cast<std::size_t>(last - first);
  if (n < 24) {
    for (Piece* p = first + 1; p < last; ++p) {
      const Piece piece = *p;
      Piece* q = p;
      for (; q > first && q[-1].order > piece.order; --q) *q = q[-1];
      *q = piece;
    }
    return;
  }
  std::size_t starts[257] = {};
  for (const Piece* p = first; p < last; ++p) ++starts[p->order + 1];
  for (std::size_t k = 1; k < 257; ++k) starts[k] += starts[k - 1];
  spare.assign(first, last);
  for (const Piece& piece : spare) first[starts[piece.order]++] = piece;
}

void sort_marks(std::vector<Piece>& pieces, std::vector<Piece>& spare) {
  for (std::size_t i = 0; i < pieces.size();) {
    if (pieces[i].order == 0) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < pieces.size() && pieces[end].order != 0) ++end;
    if (end - i > 1) sort_run(pieces.data() + i, pieces.data() + end, spare);
    i = end;
  }
}

std::uint32_t joined(std::uint32_t first, std::uint32_t second) {  // 0 where the two do not join
  if (first - kLeads < 19 && second - kVowels < kVowelCount)
    return kSyllables + ((first - kLeads) * kVowelCount + (second - kVowels)) * kTailCount;
  if (first - kSyllables < kSyllableCount && (first - kSyllables) % kTailCount == 0 && second - kTails - 1 < kTailCount - 1)
    return first + (second - kTails);
  const Pair* end = kPairs + kPairCount;
  const Pair* found = std::lower_bound(kPairs, end, Pair{first, second, 0}, [](const Pair& a, const Pair& b) {
    return a.first != b.first ? a.first < b.first : a.second < b.second;
  });
  return found != end && found->first == first && found->second == second ? found->code : 0;
}

void compose(std::vector<Piece>& pieces) {
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::size_t starter = kNone, kept = 0;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const Piece piece = pieces[i];
    // nothing between the two, or only marks of a lower class
    if (starter != kNone && (kept - 1 == starter || pieces[kept - 1].order < piece.order) &&
        (properties(piece.code) & 256)) {
      if (const std::uint32_t code = joined(pieces[starter].code, piece.code)) {
        pieces[starter].code = code;
        pieces[starter].begin = std::min(pieces[starter].begin, piece.begin);
        pieces[starter].end = std::max(pieces[starter].end, piece.end);
        continue;
      }
    }
    if (piece.order == 0) starter = kept;
    pieces[kept++] = piece;
  }
  pieces.resize(kept);
}

// Marks that changed places stand for raw text that does not rise: each is widened until it does.
void widen(std::vector<Piece>& pieces) {
  for (std::size_t i = 1; i < pieces.size(); ++i) pieces[i].end = std::max(pieces[i].end, pieces[i - 1].end);
  for (std::size_t i = pieces.size(); i-- > 1;) pieces[i - 1].begin = std::min(pieces[i - 1].begin, pieces[i].begin);
}

// A text is looked through for the first code point that the form changes or may change. What lies between the last
// starter that surely stays before it and the next such starter behind it is worked on; all else is copied.
template <bool Compose, bool Compatible>
void normalize(const Text& in, Text& out) {
  constexpr std::uint32_t kChanges = 256u << ((Compose ? 0 : 1) + (Compatible ? 2 : 0));
  const char* bytes = in.data();
  const std::size_t size = in.size();
  const char* end = bytes + size;
  std::vector<Piece> pieces, spare, ahead;
  out.clear();
  std::size_t copied = 0, safe = 0;
  std::uint32_t last = 0;
  CancelWatch watch;
  for (std::size_t i = 0; i < size;) {
    watch.at(i);
    if (static_cast<unsigned char>(bytes[i]) < 0x80) {
      i = next_high(bytes, i, size);
      safe = i - 1;
      last = 0;
      continue;
    }
    const Decoded now = decode(bytes + i, end);
    if (now.code == 0xFFFD) {  // also a malformed byte, which must stay what it is
      i += now.size;
      safe = i;
      last = 0;
      continue;
    }
    const std::uint32_t found = properties(now.code), order = found & 255;
    if (!(found & kChanges) && (order == 0 || order >= last)) {
      if (order == 0) safe = i;
      last = order;
      i += now.size;
      continue;
    }
    out.copy(in, copied, safe);
    pieces.clear();
    const auto write = [&] {
      sort_marks(pieces, spare);
      if (Compose) compose(pieces);
      if (in.aligned()) widen(pieces);
      for (const Piece& piece : pieces) {
        char made[4];
        out.put({made, encode(piece.code, made)}, in, piece.begin, piece.end);
      }
    };
    std::size_t at = safe;
    while (at < size) {
      watch.at(at);
      const Decoded next = decode(bytes + at, end);
      if (next.code == 0xFFFD || (at > i && !(properties(next.code) & (kChanges | 255)))) break;
      const std::size_t known = pieces.size();
      decompose<Compatible>(next.code, at, at + next.size, pieces);
      at += next.size;
      // a starter that joins nothing before it: what stands before is done, and memory stays small
      if (known >= 64 && pieces[known].order == 0 && !(Compose && (properties(pieces[known].code) & 256))) {
        ahead.assign(pieces.begin() + static_cast<std::ptrdiff_t>(known), pieces.end());
        pieces.resize(known);
        write();
        pieces.swap(ahead);
      }
    }
    write();
    copied = safe = i = at;
    last = 0;
  }
  out.copy(in, copied, size);
  out.finish();
}

}  // namespace

void nfc(const Text& in, Text& out) { normalize<true, false>(in, out); }
void nfd(const Text& in, Text& out) { normalize<false, false>(in, out); }
void nfkc(const Text& in, Text& out) { normalize<true, true>(in, out); }
void nfkd(const Text& in, Text& out) { normalize<false, true>(in, out); }

}  // namespace textmill
