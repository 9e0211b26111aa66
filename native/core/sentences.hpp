// Sentences by rules of our own, which need no parameters; and where the sentences of many texts lie.
#pragma once

#include "core/punkt.hpp"
#include "core/segment.hpp"

namespace textmill {

// The sentences of a text, without the white space between them.
void find_sentences(const Text& text, std::vector<Span>& found);

// By `punkt`, or by the rules if it is null. std::overflow_error: a text of 2^31 bytes or more.
Segmented sentence_spans(const Texts& texts, const Punkt* punkt, bool realign, std::size_t threads);

}  // namespace textmill
