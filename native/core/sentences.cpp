#include "core/sentences.hpp"

namespace textmill {

void find_sentences(const Text& text, std::vector<Span>& found) { found.push_back({0, text.size()}); }

}  // namespace textmill
