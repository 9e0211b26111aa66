// Words that say whether the full stop behind them, or before them, is one of a sentence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace textmill {

enum class Abbreviation : std::uint8_t {
  none,
  leads,    // something belongs to it that follows: Mr. Smith, vs. them, fig. 3
  counts,   // a number belongs to it, else it is a word: No. 5
  may_end,  // a sentence may end with it: Inc., Ave., Jan.
  ends,     // and often does, but before a small letter: etc.
};

constexpr std::size_t kLongestSentenceWord = 12;

// Words are given in small ASCII letters.
Abbreviation abbreviation(std::string_view word);
// A word that begins many sentences and few names: pronouns, articles, prepositions, ...
bool is_starter(std::string_view word);
// A word of at most three letters with which sentences end too: it, you, up, ...
bool is_short_word(std::string_view word);

}  // namespace textmill
