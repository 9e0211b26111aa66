// One splitter, TEXTMILL_SPLITTER, with any options, with and without small letters.
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
    fuzz::require(segments.rows == found.rows && segments.spans == found.spans, "segments stand where tokens do");
  }
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
  const bool rewrites = kName == "tweet" || kName == "treebank";
  fuzz::laws_of_scan(program, texts, program.lower_case || rewrites);
  if (!program.lower_case) same_as_segments(program, texts);
  return 0;
}
