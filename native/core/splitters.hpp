// The splitters: each finds the tokens of a text in its own way.
#pragma once

#include "core/program.hpp"

namespace textmill {

// By the rules of UAX #29, see segment.hpp: all grapheme clusters; all sentences, each with the white space behind it.
const Text& split_graphemes(const Text& text, Text& spare, const Program& program, std::vector<Span>& found);
const Text& split_sentences(const Text& text, Text& spare, const Program& program, std::vector<Span>& found);

// Likewise, and only those word segments that hold a word character, unless the options have kAllSegments.
constexpr std::uint32_t kAllSegments = 1;
const Text& split_unicode(const Text& text, Text& spare, const Program& program, std::vector<Span>& found);

// NLTK's TweetTokenizer; options as in tweet.hpp, 0 for its defaults.
const Text& split_tweet(const Text& text, Text& spare, const Program& program, std::vector<Span>& found);

// NLTK's NLTKWordTokenizer or TreebankWordTokenizer over each sentence; options as in treebank.hpp, 0 for the first
// one and no sentences. kByPunkt needs the program's `punkt`.
const Text& split_treebank(const Text& text, Text& spare, const Program& program, std::vector<Span>& found);

// The pieces that a subword tokenizer's model is given; needs the program's `pretokens`.
const Text& split_pretokens(const Text& text, Text& spare, const Program& program, std::vector<Span>& found);

// Runs of anything but white space: Python's str.split().
const Text& split_whitespace(const Text& text, Text& spare, const Program& program, std::vector<Span>& found);

// From each code point on as many as the options say, fewer at the end; runs of white space have become one blank each, as
// scikit-learn's character n-grams have it.
const Text& split_windows(const Text& text, Text& spare, const Program& program, std::vector<Span>& found);

}  // namespace textmill
