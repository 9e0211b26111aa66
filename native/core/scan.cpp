#include "core/scan.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>

#include "core/parallel.hpp"

namespace textmill {
namespace {

constexpr std::size_t kBytesAThread = 64 * 1024;
static_assert(Text::kPadding >= kTokenPadding);

// Turns byte places in the rewritten text into code points of the raw one. Begins rise, and so do ends; but a token may
// begin before the end of the one before it (two tokens of one entity), so each has a count of its own.
class RawPlaces {
 public:
  RawPlaces(std::string_view raw, const Runner& runner) : raw_(raw), runner_(runner) {}

  std::int32_t begin(std::size_t byte) {
    move(begin_, runner_.text().from(byte));
    return begin_.code;
  }
  std::int32_t end(std::size_t byte) {
    if (end_.byte < begin_.byte) end_ = begin_;
    move(end_, runner_.text().to(byte - 1));
    return end_.code;
  }

 private:
  struct Place {
    std::size_t byte = 0;
    std::int32_t code = 0;
  };
  void move(Place& place, std::size_t byte) const {
    for (; place.byte < byte; ++place.byte) place.code += !is_continuation(raw_[place.byte]);
  }
  std::string_view raw_;
  const Runner& runner_;
  Place begin_, end_;
};

// Numbers the tokens of a batch: number(hash, bytes, size). A look-up may wait for memory, so hashes go ahead of them.
template <class Number>
void number_tokens(const InternTable& table, const char* bytes, const Span* spans, std::size_t n, std::int32_t* ids, Number&& number) {
  constexpr std::size_t kAhead = 64;
  TokenHash hashes[kAhead];
  for (std::size_t first = 0; first < n; first += kAhead) {
    const std::size_t some = std::min(kAhead, n - first);
    for (std::size_t k = 0; k < some; ++k) {
      const Span span = spans[first + k];
      hashes[k] = hash_token(bytes + span.begin, span.end - span.begin);
      table.prefetch(hashes[k]);
    }
    for (std::size_t k = 0; k < some; ++k) {
      const Span span = spans[first + k];
      ids[first + k] = number(hashes[k], bytes + span.begin, span.end - span.begin);
    }
  }
}

template <class Source, class Number>
void scan_piece(const Program& program, const Source& texts, std::size_t first, std::size_t last, bool spans, const InternTable& table,
                Piece& piece, Number&& number) {
  Runner runner(program, spans);
  std::string room;
  CancelWatch watch(first);
  piece.counts.reserve(last - first);
  piece.ids.reserve(static_cast<std::size_t>(texts.offsets[last] - texts.offsets[first]) / 5 + 8);
  for (std::size_t i = first; i < last; ++i) {
    const std::size_t before = piece.ids.size();
    const std::string_view raw = texts.read(i, room);
    if (spans) require_places_fit(raw.size(), i);
    watch.at(static_cast<std::size_t>(texts.offsets[i] - texts.offsets[first]) + i);
    runner.prepare(raw);
    RawPlaces places(raw, runner);
    runner.split([&](const Span* found, std::size_t n) {
      stop_if_cancelled();
      piece.ids.resize(piece.ids.size() + n);
      number_tokens(table, runner.text().data(), found, n, piece.ids.data() + piece.ids.size() - n, number);
      if (!spans) return;
      for (std::size_t k = 0; k < n; ++k) {
        piece.spans.push_back(places.begin(found[k].begin));
        piece.spans.push_back(places.end(found[k].end));
      }
    });
    piece.counts.push_back(static_cast<std::int64_t>(piece.ids.size() - before));
  }
}

// Copies a block at a time, between which it can be stopped; each(first, last) copies one.
template <class Each>
void in_blocks(std::size_t n, Each&& each) {
  constexpr std::size_t kBlock = std::size_t{1} << 20;
  for (std::size_t i = 0; i < n; i += kBlock) {
    stop_if_cancelled();
    each(i, std::min(n, i + kBlock));
  }
}

Scanned join(std::vector<Piece>& pieces, std::size_t n_texts) {
  Scanned all;
  all.rows.reserve(n_texts + 1);
  all.rows.push_back(0);
  for (const Piece& piece : pieces)
    for (const std::int64_t count : piece.counts) all.rows.push_back(all.rows.back() + count);
  if (pieces.size() == 1 && pieces[0].numbers.empty()) {
    all.ids = std::move(pieces[0].ids);
    all.spans = std::move(pieces[0].spans);
    return all;
  }
  std::vector<std::size_t> firsts{0};
  for (const Piece& piece : pieces) firsts.push_back(firsts.back() + piece.ids.size());
  all.ids.resize(firsts.back());
  if (std::any_of(pieces.begin(), pieces.end(), [](const Piece& piece) { return !piece.spans.empty(); })) all.spans.resize(2 * firsts.back());
  in_parallel(pieces.size(), [&](std::size_t p) {
    Piece& piece = pieces[p];
    in_blocks(piece.ids.size(), [&](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i) all.ids[firsts[p] + i] = piece.number(piece.ids[i]);
    });
    in_blocks(piece.spans.size(), [&](std::size_t first, std::size_t last) {
      std::copy(piece.spans.data() + first, piece.spans.data() + last, all.spans.data() + 2 * firsts[p] + first);
    });
    piece = Piece();
  });
  return all;
}

// Each piece numbers the tokens it met for the first time from `base` on; then they are interned piece by piece, which
// gives the order of one thread. `offset` is what numbers of `types` are raised by.
void number_pieces(std::vector<Piece>& pieces, std::vector<InternTable>& locals, InternTable& types, std::int32_t base,
                   std::int32_t offset) {
  std::size_t first_piece = 0;
  if (types.size() == 0 && offset == 0) {  // the first piece has numbered its tokens as one thread would
    types = std::move(locals[0]);
    first_piece = 1;
  }
  std::vector<Span> tokens;
  for (std::size_t p = first_piece; p < pieces.size(); ++p) {
    const InternTable& local = locals[p];
    pieces[p].base = base;
    pieces[p].numbers.resize(local.size());
    constexpr std::size_t kBlock = 4096;
    for (std::size_t first = 0; first < local.size(); first += kBlock) {
      stop_if_cancelled();
      tokens.clear();
      for (std::size_t id = first; id < std::min(first + kBlock, local.size()); ++id) {
        const auto begin = static_cast<std::size_t>(local[id].data() - local.bytes());
        tokens.push_back({begin, local.ends()[id]});
      }
      number_tokens(types, local.bytes(), tokens.data(), tokens.size(), pieces[p].numbers.data() + first,
                    [&](const TokenHash& hash, const char* bytes, std::size_t size) { return offset + types.intern(hash, bytes, size); });
    }
  }
}

// Tokens of `known` keep their numbers, others are added to `grown`, whose numbers are raised by `offset`.
template <class Source>
std::vector<Piece> scan_and_grow(const Program& program, const Source& texts, const InternTable& known, InternTable& grown,
                                 std::int32_t offset, bool spans, std::size_t threads) {
  const std::size_t n_pieces = worthwhile(threads, texts.size_in_bytes(), kBytesAThread);
  std::vector<Piece> pieces(n_pieces);
  if (n_pieces == 1) {
    scan_piece(program, texts, 0, texts.n, spans, known, pieces[0], [&](const TokenHash& hash, const char* bytes, std::size_t size) {
      if (&known == &grown) return grown.intern(hash, bytes, size);
      const std::int32_t id = known.find(hash, bytes, size);
      return id >= 0 ? id : offset + grown.intern(hash, bytes, size);
    });
    return pieces;
  }
  const auto base = static_cast<std::int32_t>(known.size());
  std::vector<InternTable> locals(n_pieces);
  const std::vector<std::size_t> cuts = even_cuts(texts.offsets, texts.n, n_pieces);
  in_parallel(n_pieces, [&](std::size_t p) {
    InternTable& local = locals[p];
    if (base == 0) {
      scan_piece(program, texts, cuts[p], cuts[p + 1], spans, local, pieces[p],
                 [&](const TokenHash& hash, const char* bytes, std::size_t size) { return local.intern(hash, bytes, size); });
      return;
    }
    scan_piece(program, texts, cuts[p], cuts[p + 1], spans, known, pieces[p], [&](const TokenHash& hash, const char* bytes, std::size_t size) {
      const std::int32_t id = known.find(hash, bytes, size);
      return id >= 0 ? id : base + local.intern(hash, bytes, size);
    });
  });
  number_pieces(pieces, locals, grown, base, offset);
  return pieces;
}

// A scan that ends early leaves the table as it was.
template <class Scan>
auto all_or_nothing(InternTable& grown, Scan&& scan) {
  const std::size_t before = grown.size();
  try {
    return scan();
  } catch (...) {
    grown.shrink(before);
    throw;
  }
}

}  // namespace

void require_places_fit(std::size_t size, std::size_t text) {
  if (size > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
    throw std::overflow_error("text " + std::to_string(text) + " is longer than 2 GiB: places in it do not fit 32 bits");
}

void require_terms_fit(std::int64_t words, std::size_t text) {
  if (words > std::numeric_limits<std::int32_t>::max())
    throw std::overflow_error("text " + std::to_string(text) + " has more than 2,147,483,647 words");
}

template <class Source>
std::vector<Piece> scan_pieces(const Program& program, const Source& texts, InternTable& types, bool spans, std::size_t threads) {
  return all_or_nothing(types, [&] { return scan_and_grow(program, texts, types, types, 0, spans, threads); });
}

template <class Source>
Scanned scan(const Program& program, const Source& texts, InternTable& types, bool spans, std::size_t threads) {
  return all_or_nothing(types, [&] {
    std::vector<Piece> pieces = scan_and_grow(program, texts, types, types, 0, spans, threads);
    return join(pieces, texts.n);
  });
}

template <class Source>
Scanned scan_frozen(const Program& program, const Source& texts, const InternTable& types, InternTable& others, bool spans,
                    std::size_t threads) {
  return all_or_nothing(others, [&] {
    std::vector<Piece> pieces = scan_and_grow(program, texts, types, others, static_cast<std::int32_t>(types.size()), spans, threads);
    return join(pieces, texts.n);
  });
}

template std::vector<Piece> scan_pieces(const Program&, const Texts&, InternTable&, bool, std::size_t);
template std::vector<Piece> scan_pieces(const Program&, const TextsInPlace&, InternTable&, bool, std::size_t);
template Scanned scan(const Program&, const Texts&, InternTable&, bool, std::size_t);
template Scanned scan(const Program&, const TextsInPlace&, InternTable&, bool, std::size_t);
template Scanned scan_frozen(const Program&, const Texts&, const InternTable&, InternTable&, bool, std::size_t);
template Scanned scan_frozen(const Program&, const TextsInPlace&, const InternTable&, InternTable&, bool, std::size_t);

namespace {

// Up to 8 bytes as a number, the first one lowest.
std::uint64_t few_bytes(const char* bytes, std::size_t n) {
  if (std::endian::native == std::endian::little && n >= 4) {
    std::uint32_t low, high;  // which may overlap
    std::memcpy(&low, bytes, 4);
    std::memcpy(&high, bytes + n - 4, 4);
    return low | static_cast<std::uint64_t>(high) << (8 * (n - 4));
  }
  std::uint64_t found = 0;
  for (std::size_t i = 0; i < n; ++i) found |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  return found;
}

// Two independent 64-bit hashes of a stream of bytes (multiply and fold, as in wyhash).
class Fingerprint {
 public:
  void add(const char* bytes, std::size_t size) {
    while (size > 0) {
      const std::size_t there = length_ & 7, n = std::min(size, 8 - there);
      word_ |= few_bytes(bytes, n) << (8 * there);
      length_ += n;
      bytes += n;
      size -= n;
      if (there + n == 8) mix();
    }
  }
  void finish(std::uint64_t* out) {
    word_ ^= length_ << 56;
    mix();
    word_ = length_;
    mix();
    out[0] = multiply_and_fold(a_, 0x9E3779B97F4A7C15ULL);
    out[1] = multiply_and_fold(b_, 0xD6E8FEB86659FD93ULL);
  }
  std::uint64_t length() const { return length_; }

 private:
  void mix() {
    a_ = multiply_and_fold(a_ ^ word_ ^ 0xA0761D6478BD642FULL, 0xE7037ED1A0B428DBULL);
    b_ = multiply_and_fold(b_ + word_ * 0x9FB21C651E98DF25ULL, 0x8EBC6AF09C88C6E3ULL) ^ (b_ << 23 | b_ >> 41);
    word_ = 0;
  }
  std::uint64_t a_ = 0x2D358DCCAA6C78A5ULL, b_ = 0x8BB84B93962EACC9ULL, word_ = 0, length_ = 0;
};

}  // namespace

std::vector<std::uint64_t> fingerprints(const Texts& texts, bool loose, std::size_t threads) {
  std::vector<std::uint64_t> out(2 * texts.n);
  Program program;
  program.stages = {drop_urls};
  program.min_word = 1;
  const std::size_t n_shards = worthwhile(threads, texts.size_in_bytes(), kBytesAThread);
  const std::vector<std::size_t> cuts = even_cuts(texts.offsets, texts.n, n_shards);
  in_parallel(n_shards, [&](std::size_t s) {
    Runner runner(program, false);
    for (std::size_t i = cuts[s]; i < cuts[s + 1]; ++i) {
      stop_if_cancelled();
      Fingerprint print;
      if (loose) {
        runner.run(texts[i], [&](std::size_t begin, std::size_t end) {
          if (print.length()) print.add(" ", 1);
          print.add(runner.text().data() + begin, end - begin);
        });
      }
      if (print.length() == 0) print.add(texts[i].data(), texts[i].size());
      print.finish(&out[2 * i]);
    }
  });
  return out;
}

}  // namespace textmill
