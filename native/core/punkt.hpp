// Sentences by Kiss and Strunk's Punkt (Computational Linguistics 32, 2006), as NLTK's PunktTokenizer finds them.
//
// A stop is a place where one of . ? ! stands before a mark or before white space and another token. Of all stops
// between two blanks only the last one counts; it ends a sentence if the words around it, with what the parameters say
// of them, speak for it. Each word is looked at for one stop as the word before it and for one as the word behind it,
// so time is linear.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/intern.hpp"
#include "core/text.hpp"
#include "core/words.hpp"

namespace textmill {

// What was learned of a language: facts of types (words in small letters, numbers as ##number##) and of pairs of them.
class Punkt {
 public:
  enum Fact : std::uint16_t {
    kAbbreviation = 1,
    kBeginUpper = 2, kMiddleUpper = 4, kUnknownUpper = 8,  // where it was seen with a capital
    kBeginLower = 16, kMiddleLower = 32, kUnknownLower = 64,
    kStarter = 128,  // often begins a sentence
    kCollocates = 256,  // is the first of a pair; set by add_collocation
    kUpper = kBeginUpper | kMiddleUpper | kUnknownUpper,
    kLower = kBeginLower | kMiddleLower | kUnknownLower,
  };

  void add(std::string_view type, std::uint16_t facts);
  void add_collocation(std::string_view first, std::string_view second);

  // The sentences of a text. `realign`: closing marks behind a stop belong to the sentence before them.
  void sentences(const Text& text, bool realign, std::vector<Span>& found) const;

 private:
  friend class PunktReader;
  // `type` has a token's padding behind it, as what stands in a Text has.
  std::uint16_t facts_of(std::string_view type) const {
    if (type.empty()) return empty_;
    const std::int32_t id = types_.find(hash_token(type.data(), type.size()), type.data(), type.size());
    return id < 0 ? std::uint16_t{0} : facts_[static_cast<std::size_t>(id)];
  }
  InternTable types_, pairs_;  // a pair is its two types with a tab between
  std::vector<std::uint16_t> facts_;
  std::uint16_t empty_ = 0;  // of the type without a character
};

}  // namespace textmill
