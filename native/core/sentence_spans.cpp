#include <limits>
#include <stdexcept>
#include <string>

#include "core/parallel.hpp"
#include "core/sentences.hpp"
#include "core/utf8.hpp"

namespace textmill {
namespace {

// Code points before a byte; places come in any order but mostly ascending.
class CodeCounter {
 public:
  explicit CodeCounter(const char* bytes) : bytes_(bytes) {}
  std::int32_t at(std::size_t place) {
    if (place < byte_) byte_ = 0, codes_ = 0;
    std::int32_t codes = 0;
    for (std::size_t i = byte_; i < place; ++i) codes += !is_continuation(bytes_[i]);
    byte_ = place;
    return codes_ += codes;
  }

 private:
  const char* bytes_;
  std::size_t byte_ = 0;
  std::int32_t codes_ = 0;
};

}  // namespace

Segmented sentence_spans(const Texts& texts, const Punkt* punkt, bool realign, std::size_t threads) {
  constexpr std::size_t kBytesAThread = 64 * 1024;
  const std::size_t n_shards = worthwhile(threads, texts.size_in_bytes(), kBytesAThread);
  const std::vector<std::size_t> cuts = even_cuts(texts.offsets, texts.n, n_shards);
  std::vector<UnsetVector<std::int32_t>> shards(n_shards);
  Segmented all;
  all.rows.resize(texts.n + 1);
  in_parallel(n_shards, [&](std::size_t s) {
    Text text;
    std::vector<Span> found;
    for (std::size_t i = cuts[s]; i < cuts[s + 1]; ++i) {
      require_places_fit(texts[i].size(), i);
      stop_if_cancelled();
      text.set(texts[i]);
      found.clear();
      if (punkt) punkt->sentences(text, realign, found);
      else find_sentences(text, found);
      CodeCounter codes(text.data());
      for (const Span& span : found) {
        shards[s].push_back(codes.at(span.begin));
        shards[s].push_back(codes.at(span.end));
      }
      all.rows[i + 1] = static_cast<std::int64_t>(found.size());
    }
  });
  for (std::size_t i = 0; i < texts.n; ++i) all.rows[i + 1] += all.rows[i];
  all.spans = joined(shards);
  return all;
}

}  // namespace textmill
