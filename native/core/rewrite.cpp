#include "core/rewrite.hpp"

#include "core/parallel.hpp"

namespace textmill {

Rewritten rewrite(const Program& program, const Texts& texts, std::size_t threads) {
  constexpr std::size_t kBytesAThread = 64 * 1024;
  const std::size_t n_shards = worthwhile(threads, texts.size_in_bytes(), kBytesAThread);
  const std::vector<std::size_t> cuts = even_cuts(texts.offsets, texts.n, n_shards);
  std::vector<Rewritten> shards(n_shards);
  in_parallel(n_shards, [&](std::size_t s) {
    Runner runner(program, false);
    Rewritten& shard = shards[s];
    shard.bytes.reserve(static_cast<std::size_t>(texts.offsets[cuts[s + 1]] - texts.offsets[cuts[s]]));
    for (std::size_t i = cuts[s]; i < cuts[s + 1]; ++i) {
      stop_if_cancelled();
      runner.prepare(texts[i]);
      const Text& text = runner.text();
      append_all(shard.bytes, text.data(), text.size());
      shard.offsets.push_back(static_cast<std::int64_t>(shard.bytes.size()));
    }
  });
  Rewritten all;
  all.offsets.reserve(texts.n + 1);
  all.offsets.push_back(0);
  for (Rewritten& shard : shards) {
    const std::int64_t before = all.offsets.back();
    for (const std::int64_t end : shard.offsets) all.offsets.push_back(before + end);
    if (all.bytes.empty()) all.bytes = std::move(shard.bytes);
    else append_all(all.bytes, shard.bytes.data(), shard.bytes.size());
    shard = Rewritten();
  }
  return all;
}

void lead_back(const Program& program, const Texts& texts, const std::int64_t* rows, std::int32_t* spans, std::size_t threads) {
  constexpr std::size_t kBytesAThread = 64 * 1024;
  const std::size_t n_shards = worthwhile(threads, texts.size_in_bytes(), kBytesAThread);
  const std::vector<std::size_t> cuts = even_cuts(texts.offsets, texts.n, n_shards);
  in_parallel(n_shards, [&](std::size_t s) {
    Runner runner(program, true);
    std::vector<std::int32_t> codes;   // before each byte of the raw text
    std::vector<std::size_t> bytes;    // where each code point of the rewritten text begins
    for (std::size_t i = cuts[s]; i < cuts[s + 1]; ++i) {
      stop_if_cancelled();
      if (rows[i] == rows[i + 1]) continue;
      const std::string_view raw = texts[i];
      runner.prepare(raw);
      const Text& text = runner.text();
      codes.assign(1, 0);
      for (const char byte : raw) codes.push_back(codes.back() + !is_continuation(byte));
      // a byte inside of a code point: the place before it
      for (std::size_t k = 0; k < raw.size(); ++k)
        if (is_continuation(raw[k])) codes[k] = codes[k] - 1;
      bytes.clear();
      for (std::size_t k = 0; k < text.size(); ++k)
        if (!is_continuation(text.data()[k])) bytes.push_back(k);
      const std::size_t n = bytes.size();
      bytes.push_back(text.size());
      for (std::int64_t k = rows[i]; k < rows[i + 1]; ++k) {
        std::int32_t* span = spans + 2 * k;
        const std::size_t begin = std::min(n, static_cast<std::size_t>(std::max(0, span[0])));
        const std::size_t end = std::min(n, static_cast<std::size_t>(std::max(0, span[1])));
        span[0] = begin < n ? codes[text.from(bytes[begin])] : codes.back();
        span[1] = end > begin ? codes[text.to(bytes[end] - 1)] : span[0];
      }
    }
  });
}

}  // namespace textmill
