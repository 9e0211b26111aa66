// The stages that rewrite a text before it is split: each reads one Text and writes another.
#pragma once

#include "core/text.hpp"

namespace textmill {

// Drops tags, comments, and script and style with their content; decodes character references as the HTML standard
// does. A tag that breaks lines or cells (p, br, li, td, ...) leaves a line break, so that its neighbours are not glued.
void strip_html(const Text& in, Text& out);

// Each http://, https:// or www. address, up to the next blank, becomes one blank.
void drop_urls(const Text& in, Text& out);

// Each @name that does not stand behind a word character becomes one blank.
void drop_mentions(const Text& in, Text& out);

// Python's str.lower(): full mapping, with the final sigma.
void lower(const Text& in, Text& out);

bool is_ascii(const char* bytes, std::size_t size);

}  // namespace textmill
