// One splitter, TEXTMILL_SPLITTER, with any options, with and without small letters.
#include <algorithm>
#include "core/pretokens.hpp"
#include "core/segment.hpp"
#include "core/treebank.hpp"
#include "fuzz/input.hpp"
#include "fuzz/laws.hpp"

using namespace textmill;

namespace {

constexpr std::string_view kName = TEXTMILL_SPLITTER;

// Those that can be had as places alone give the same places.
void same_as_segments(const Program& program, const Texts& texts) {
  const bool words = kName == "unicode";
  if (!words && kName != "graphemes" && kName != "sentences") return;
  const Segments kind = !words ? (kName == "graphemes" ? Segments::graphemes : Segments::sentences)
                        : program.options & 1 ? Segments::all_words : Segments::words;
  InternTable types;
  const Scanned found = scan(program, texts, types, true, 1);
  for (const std::size_t threads : {1, 3}) {
    if (threads > 1 && !fuzz::is_shared_out(texts)) break;
    const Segmented segments = segment(texts, kind, threads);
    fuzz::require(segments.rows == found.rows && std::ranges::equal(segments.spans, found.spans), "segments stand where tokens do");
  }
}

// Rules and a table that the options make up; the table knows what stands in the texts.
std::shared_ptr<const Pretokens> learned(const Texts& texts, const Program& program) {
  const std::uint32_t options = program.options;
  PretokenRules rules;
  rules.kinds = {0, 1, 2, 3};
  rules.cuts = {options & 15, (options >> 1) & 15, (options >> 2) & 15, 8};
  rules.removed = options & 1 ? 8 : 0;
  rules.edges = options & 2 ? 4 : 0;
  rules.pattern = static_cast<PretokenRules::Pattern>(options % 3);
  rules.digits = 1 + (options & 3);
  if (options & 16) rules.prefix = "\xE2\x96\x81";
  if (options & 32) rules.before = Needles({"<s>", "a@", "\n\n"});
  auto made = std::make_shared<Pretokens>(std::move(rules));
  const auto learn = [&](std::int32_t code) {
    const auto mixed = static_cast<std::uint32_t>(code) * 2654435761u >> 16;
    const bool same = !(options & 8) || mixed % 5 != 0;
    made->learn({code, static_cast<std::uint8_t>(code == ' ' ? 3 : mixed % 4), mixed % 97 == 1, same, same ? "" : mixed % 2 ? "x" : "\xC3\xA9y"});
  };
  for (std::int32_t code = 0; code < 128; ++code) learn(code);
  learn(0x2581);
  learn(0xE9);
  Program plain;  // small letters are other code points
  plain.stages = program.stages;
  plain.lower_case = program.lower_case;
  Runner runner(plain, false);
  for (std::size_t i = 0; i < texts.n; ++i) {
    runner.prepare(texts[i]);
    for (const std::int32_t code : made->unknown(runner.text().view())) learn(code);
  }
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  Program program;
  const std::uint8_t choice = input.choice();
  program.lower_case = choice & 1;
  program.min_word = 1 + (choice >> 1 & 1);
  program.options = choice >> 2;
  if (kName != "words") {
    program.splitter = find_splitter(kName);
    fuzz::require(program.splitter, "there is a splitter of this name");
  }
  const Texts& texts = input.texts();
  if (kName == "treebank") program.options &= treebank::kClassic | treebank::kConvertParentheses | treebank::kByRules;
  if (kName == "pretokens") program.pretokens = learned(texts, program);
  const bool rewrites = kName == "tweet" || kName == "treebank" || kName == "windows" || kName == "pretokens";
  fuzz::laws_of_scan(program, texts, program.lower_case || rewrites);
  if (!program.lower_case) same_as_segments(program, texts);
  return 0;
}
