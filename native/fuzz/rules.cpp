// Sentences by the rules of our own and by Punkt, with parameters that the input's first words make up.
#include "core/punkt.hpp"
#include "core/sentences.hpp"
#include "fuzz/input.hpp"
#include "fuzz/laws.hpp"

using namespace textmill;
using fuzz::require;

namespace {

void laws_of_sentences(const Texts& texts, const Punkt* punkt, bool realign) {
  const Segmented found = sentence_spans(texts, punkt, realign, 1);
  require(found.rows.size() == texts.n + 1 && found.rows.back() == static_cast<std::int64_t>(found.spans.size() / 2), "a text has a row");
  for (std::size_t text = 0; text < texts.n; ++text) {
    const std::size_t codes = fuzz::code_places(texts[text]).size() - 1;
    std::int32_t before = 0;
    for (auto i = static_cast<std::size_t>(found.rows[text]); i < static_cast<std::size_t>(found.rows[text + 1]); ++i) {
      require(before <= found.spans[2 * i] && found.spans[2 * i] <= found.spans[2 * i + 1], "sentences stand one behind the other");
      before = found.spans[2 * i + 1];
    }
    require(static_cast<std::size_t>(before) <= codes, "sentences lie in the text");
  }
  if (!fuzz::is_shared_out(texts)) return;
  const Segmented three = sentence_spans(texts, punkt, realign, 3);
  require(three.rows == found.rows && three.spans == found.spans, "threads change nothing");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t choice = input.choice();
  const std::uint16_t facts = static_cast<std::uint16_t>(input.choice() | (choice & 2) << 7);
  const Texts& texts = input.texts();
  laws_of_sentences(texts, nullptr, false);
  Punkt punkt;
  InternTable types;
  const Scanned words = scan(Program(), texts, types, false, 1);
  for (std::size_t id = 0; id < types.size(); ++id) {
    punkt.add(types[id], static_cast<std::uint16_t>((facts * (id + 1)) & 255));
    if (id > 0 && id % 3 == 0) punkt.add_collocation(types[id - 1], types[id]);
  }
  laws_of_sentences(texts, &punkt, choice & 1);
  return 0;
}
