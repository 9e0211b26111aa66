#include "core/scan.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>

#include "core/parallel.hpp"

namespace textmill {
namespace {

constexpr std::size_t kBytesAThread = 64 * 1024;

struct Shard {
  std::vector<std::int32_t> ids;
  std::vector<std::int64_t> counts;  // tokens of each text
  std::vector<std::int32_t> spans;
};

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

template <class Number>
void scan_shard(const Program& program, const Texts& texts, std::size_t first, std::size_t last, bool spans, const InternTable& table,
                Shard& shard, Number&& number) {
  Runner runner(program, spans);
  CancelWatch watch(first);
  shard.counts.reserve(last - first);
  shard.ids.reserve(static_cast<std::size_t>(texts.offsets[last] - texts.offsets[first]) / 5 + 8);
  for (std::size_t i = first; i < last; ++i) {
    const std::size_t before = shard.ids.size();
    const std::string_view raw = texts[i];
    if (spans) require_places_fit(raw.size(), i);
    watch.at(static_cast<std::size_t>(texts.offsets[i] - texts.offsets[first]) + i);
    runner.prepare(raw);
    RawPlaces places(raw, runner);
    runner.split([&](const Span* found, std::size_t n) {
      stop_if_cancelled();
      shard.ids.resize(shard.ids.size() + n);
      number_tokens(table, runner.text().data(), found, n, shard.ids.data() + shard.ids.size() - n, number);
      if (!spans) return;
      for (std::size_t k = 0; k < n; ++k) {
        shard.spans.push_back(places.begin(found[k].begin));
        shard.spans.push_back(places.end(found[k].end));
      }
    });
    shard.counts.push_back(static_cast<std::int64_t>(shard.ids.size() - before));
  }
}

Scanned join(std::vector<Shard>& shards, std::size_t n_texts) {
  Scanned all;
  all.rows.reserve(n_texts + 1);
  all.rows.push_back(0);
  if (shards.size() == 1) {
    all.ids = std::move(shards[0].ids);
    all.spans = std::move(shards[0].spans);
  }
  std::size_t n_tokens = 0;
  for (const Shard& shard : shards) n_tokens += shard.ids.size();
  if (shards.size() > 1) {
    all.ids.reserve(n_tokens);
    if (!shards[0].spans.empty()) all.spans.reserve(2 * n_tokens);
  }
  for (Shard& shard : shards) {
    for (const std::int64_t count : shard.counts) all.rows.push_back(all.rows.back() + count);
    if (shards.size() == 1) continue;
    append_all(all.ids, shard.ids.data(), shard.ids.size());
    append_all(all.spans, shard.spans.data(), shard.spans.size());
    shard = Shard();
  }
  return all;
}

// Each shard numbers the tokens it met for the first time from `base` on; then they are interned shard by shard, which
// gives the order of one thread. `offset` is what numbers of `types` are raised by.
void renumber(std::vector<Shard>& shards, const std::vector<InternTable>& locals, InternTable& types, std::int32_t base,
              std::int32_t offset) {
  std::vector<std::vector<std::int32_t>> numbers(shards.size());
  for (std::size_t s = 0; s < shards.size(); ++s) {
    numbers[s].reserve(locals[s].size());
    CancelWatch watch;
    for (std::size_t id = 0; id < locals[s].size(); ++id) {
      watch.at(id);
      const std::string_view token = locals[s][id];
      numbers[s].push_back(offset + types.intern(token.data(), token.size()));
    }
  }
  in_parallel(shards.size(), [&](std::size_t s) {
    for (std::int32_t& id : shards[s].ids)
      if (id >= base) id = numbers[s][static_cast<std::size_t>(id - base)];
  });
}

// Tokens of `known` keep their numbers, others are added to `grown`, whose numbers are raised by `offset`.
Scanned scan_and_grow(const Program& program, const Texts& texts, const InternTable& known, InternTable& grown, std::int32_t offset,
                  bool spans, std::size_t threads) {
  const std::size_t n_shards = worthwhile(threads, texts.size_in_bytes(), kBytesAThread);
  std::vector<Shard> shards(n_shards);
  if (n_shards == 1) {
    scan_shard(program, texts, 0, texts.n, spans, known, shards[0], [&](const TokenHash& hash, const char* bytes, std::size_t size) {
      if (&known == &grown) return grown.intern(hash, bytes, size);
      const std::int32_t id = known.find(hash, bytes, size);
      return id >= 0 ? id : offset + grown.intern(hash, bytes, size);
    });
    return join(shards, texts.n);
  }
  const auto base = static_cast<std::int32_t>(known.size());
  std::vector<InternTable> locals(n_shards);
  const std::vector<std::size_t> cuts = even_cuts(texts.offsets, texts.n, n_shards);
  in_parallel(n_shards, [&](std::size_t s) {
    InternTable& local = locals[s];
    if (base == 0) {
      scan_shard(program, texts, cuts[s], cuts[s + 1], spans, local, shards[s],
                 [&](const TokenHash& hash, const char* bytes, std::size_t size) { return local.intern(hash, bytes, size); });
      return;
    }
    scan_shard(program, texts, cuts[s], cuts[s + 1], spans, known, shards[s], [&](const TokenHash& hash, const char* bytes, std::size_t size) {
      const std::int32_t id = known.find(hash, bytes, size);
      return id >= 0 ? id : base + local.intern(hash, bytes, size);
    });
  });
  renumber(shards, locals, grown, base, offset);
  return join(shards, texts.n);
}

// As above; a scan that ends early leaves `grown` as it was.
Scanned scan_with(const Program& program, const Texts& texts, const InternTable& known, InternTable& grown, std::int32_t offset,
                  bool spans, std::size_t threads) {
  const std::size_t before = grown.size();
  try {
    return scan_and_grow(program, texts, known, grown, offset, spans, threads);
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

Scanned scan(const Program& program, const Texts& texts, InternTable& types, bool spans, std::size_t threads) {
  return scan_with(program, texts, types, types, 0, spans, threads);
}

Scanned scan_frozen(const Program& program, const Texts& texts, const InternTable& types, InternTable& others, bool spans,
                    std::size_t threads) {
  return scan_with(program, texts, types, others, static_cast<std::int32_t>(types.size()), spans, threads);
}

namespace {

// Two independent 64-bit hashes of a stream of bytes (multiply and fold, as in wyhash).
class Fingerprint {
 public:
  void add(const char* bytes, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
      word_ |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * (length_ & 7));
      if ((++length_ & 7) == 0) mix();
    }
  }
  void finish(std::uint64_t* out) {
    word_ ^= length_ << 56;
    mix();
    word_ = length_;
    mix();
    out[0] = fold(a_, 0x9E3779B97F4A7C15ULL);
    out[1] = fold(b_, 0xD6E8FEB86659FD93ULL);
  }
  std::uint64_t length() const { return length_; }

 private:
  static std::uint64_t fold(std::uint64_t x, std::uint64_t y) {
    const unsigned __int128 product = static_cast<unsigned __int128>(x) * y;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }
  void mix() {
    a_ = fold(a_ ^ word_ ^ 0xA0761D6478BD642FULL, 0xE7037ED1A0B428DBULL);
    b_ = fold(b_ + word_ * 0x9FB21C651E98DF25ULL, 0x8EBC6AF09C88C6E3ULL) ^ (b_ << 23 | b_ >> 41);
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
