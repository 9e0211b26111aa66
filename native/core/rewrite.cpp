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

}  // namespace textmill
