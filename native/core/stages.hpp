// The stages that rewrite a text before it is split: each reads one Text and writes another.
#pragma once

#include "core/cancel.hpp"
#include "core/text.hpp"

namespace textmill {

// Drops tags, comments, and script and style with their content; decodes character references as the HTML standard
// does. A tag that breaks lines or cells (p, br, li, td, ...) leaves a line break, so that its neighbours are not glued.
void strip_html(const Text& in, Text& out);

// Each http://, https:// or www. address, up to the next blank, becomes one blank.
void drop_urls(const Text& in, Text& out);

// Each @name that does not stand behind a word character becomes one blank.
void drop_mentions(const Text& in, Text& out);

// Each mail address becomes one blank: a word character and then word characters or . + - % ', an '@', labels of word
// characters and '-' with dots between, the last of two or more letters.
void drop_emails(const Text& in, Text& out);

// A hashtag is a row of '#' that stands behind no word character and no '&' or sticks to the hashtag before, a word
// character, then word characters and marks, at least one letter among them: dropped to a blank, kept without '#', or split into its words (before a
// capital behind a small letter or before one, before digits, at '_').
void drop_hashtags(const Text& in, Text& out);
void keep_hashtags(const Text& in, Text& out);
void split_hashtags(const Text& in, Text& out);

// Each emoji, the longest sequence that Unicode names, becomes one blank, or its short name between blanks. Variation
// selectors may be missing; but signs of print (copyright, trade mark, ...) are emoji only with one.
void drop_emoji(const Text& in, Text& out);
void name_emoji(const Text& in, Text& out);

// Drops an encyclopaedia's marks of references ([1], [12, 13], [a], [note 2], [citation needed]); a blank where that
// would glue two words.
void drop_citations(const Text& in, Text& out);

// Drops control characters but tab and line feed, and invisible ones: U+00AD, 061C, 180E, 200B, 200E-200F, 202A-202E,
// 2060-2064, 2066-206F, FEFF, FFF9-FFFB; the joiners U+200C and U+200D stay. Those that break lines become line feeds,
// with CR LF as one, and U+001F a blank.
void drop_controls(const Text& in, Text& out);

// Drops the header of a message: two fields ("Subject: ...") or more at its beginning, with lines that go on with a blank,
// up to the first empty line; a first line that begins with "From " belongs to it.
void drop_headers(const Text& in, Text& out);

// Each run of white space becomes one blank, those at both ends go.
void join_spaces(const Text& in, Text& out);

// Each run of decimal digits of any script becomes 0.
void fold_digits(const Text& in, Text& out);

// Normal forms: unicodedata.normalize of the Python that made the tables.
void nfc(const Text& in, Text& out);
void nfd(const Text& in, Text& out);
void nfkc(const Text& in, Text& out);
void nfkd(const Text& in, Text& out);

// What has a spelling in ASCII gets it, its marks go; everything else stays as it is, with its marks.
void fold_to_ascii(const Text& in, Text& out);

// Python's str.casefold().
void casefold(const Text& in, Text& out);

// Python's str.lower(): full mapping, with the final sigma.
void lower(const Text& in, Text& out);
// The same of bytes [begin, end), as a text of their own, put behind what `out` holds.
void append_lower(const Text& in, std::size_t begin, std::size_t end, Text& out);

bool is_ascii(const char* bytes, std::size_t size);
// ASCII letters where they stand.
void lower_ascii(char* bytes, std::size_t size);

}  // namespace textmill
