// Up to four cleaners in any order, and what works on whole texts with them.
#include <iterator>

#include "core/csv.hpp"
#include "core/rewrite.hpp"
#include "fuzz/input.hpp"
#include "fuzz/laws.hpp"

using namespace textmill;

namespace {

void laws_of_alignment(const Program& program, std::string_view raw) {
  Runner aligned(program, true), plain(program, false);
  aligned.prepare(raw);
  plain.prepare(raw);
  const Text& text = aligned.text();
  fuzz::require(text.view() == plain.text().view(), "places change no byte");
  if (fuzz::is_utf8(raw)) fuzz::require(fuzz::is_utf8(text.view()), "cleaners keep UTF-8 whole");
  for (std::size_t i = 0; i < text.size(); ++i) {
    fuzz::require(text.from(i) < text.to(i) && text.to(i) <= raw.size(), "a byte stands for bytes of the raw text");
    fuzz::require(i == 0 || (text.from(i - 1) <= text.from(i) && text.to(i - 1) <= text.to(i)), "raw places rise");
  }
  for (std::size_t i = 0; i < Text::kPadding; ++i) fuzz::require(text.data()[text.size() + i] == 0, "a text is padded");
}

void laws_of_twice(std::string_view name, const Texts& texts) {
  // what is left of a cut character may close up with the next into one that goes
  for (std::size_t i = 0; i < texts.n; ++i)
    if (!fuzz::is_utf8(texts[i])) return;
  Program once, twice;
  once.lower_case = twice.lower_case = false;
  once.stages = {find_stage(name)};
  twice.stages = {once.stages[0], once.stages[0]};
  fuzz::require(rewrite(once, texts, 1).bytes == rewrite(twice, texts, 1).bytes, "what is clean stays as it is");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::string_view> names = stage_names();
  constexpr std::string_view settled[] = {"control", "digits", "nfc", "nfd", "nfkc", "nfkd", "spaces"};
  fuzz::Input input(data, size);
  Program program;
  const std::uint8_t choice = input.choice();
  program.lower_case = choice & 1;
  for (unsigned k = 0; k < (choice >> 1 & 3) + 1u; ++k) {
    program.stages.push_back(find_stage(names[input.choice() % names.size()]));
    fuzz::require(program.stages.back(), "there is a cleaner of this name");
  }
  const std::string_view again = settled[(choice >> 3) % std::size(settled)];
  const Texts& texts = input.texts();
  for (std::size_t i = 0; i < texts.n; ++i) laws_of_alignment(program, texts[i]);
  laws_of_twice(again, texts);
  const std::size_t threads = fuzz::is_shared_out(texts) ? 3 : 1;
  const Rewritten one = rewrite(program, texts, 1), three = rewrite(program, texts, threads);
  fuzz::require(one.bytes == three.bytes && one.offsets == three.offsets, "threads change nothing");
  fuzz::require(fingerprints(texts, choice & 1, 1) == fingerprints(texts, choice & 1, threads), "threads change no fingerprint");
  fuzz::require(csv_rows({texts, texts}, ',').size() >= 3 * texts.n, "a text is a row of CSV");
  fuzz::laws_of_scan(program, texts, true);
  return 0;
}
