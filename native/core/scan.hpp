// Many texts in, type ids out: the one pass that touches every byte.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/intern.hpp"
#include "core/pages.hpp"
#include "core/program.hpp"
#include "core/texts_in_place.hpp"

namespace textmill {

// Texts as Arrow lays them out: text i is bytes [offsets[i], offsets[i + 1]).
struct Texts {
  const char* bytes;
  const std::int64_t* offsets;
  std::size_t n;

  std::string_view operator[](std::size_t i) const {
    return {bytes + offsets[i], static_cast<std::size_t>(offsets[i + 1] - offsets[i])};
  }
  std::string_view read(std::size_t i, std::string&) const { return (*this)[i]; }
  std::size_t size_in_bytes() const { return n ? static_cast<std::size_t>(offsets[n] - offsets[0]) : 0; }
};

struct Scanned {
  PageVector<std::int32_t> ids;
  std::vector<std::int64_t> rows;    // n + 1
  PageVector<std::int32_t> spans;    // 2 a token, in code points of the raw text; empty unless asked for
};

// What one thread found in texts that follow one another.
struct Piece {
  PageVector<std::int32_t> ids;
  std::vector<std::int64_t> counts;  // tokens of each text
  PageVector<std::int32_t> spans;
  std::int32_t base = 0;             // ids from here on are places in `numbers`, where the true ones stand,
  std::vector<std::int32_t> numbers;
  std::int32_t number(std::int32_t id) const { return id < base || numbers.empty() ? id : numbers[static_cast<std::size_t>(id - base)]; }
};

// std::overflow_error where the places in a text of `size` bytes, text `text`, may not fit 32 bits.
void require_places_fit(std::size_t size, std::size_t text);
// The same where its words are so many that counts of them may not.
void require_terms_fit(std::int64_t words, std::size_t text);

// Source is Texts or TextsInPlace, here and below. Interns every token into `types`, which grows; numbers go by first
// appearance, whatever the number of threads.
template <class Source>
std::vector<Piece> scan_pieces(const Program& program, const Source& texts, InternTable& types, bool spans, std::size_t threads);

// The same in one piece.
template <class Source>
Scanned scan(const Program& program, const Source& texts, InternTable& types, bool spans, std::size_t threads);

// As `scan`, but `types` stays as it is: a token that it lacks is interned into `others` and numbered from
// types.size() on.
template <class Source>
Scanned scan_frozen(const Program& program, const Source& texts, const InternTable& types, InternTable& others, bool spans,
                    std::size_t threads);

// A 128-bit hash of each text as it stands or, when `loose`, of its words with links, case and punctuation gone; a
// text with no word is hashed as it stands. 2 numbers a text.
std::vector<std::uint64_t> fingerprints(const Texts& texts, bool loose, std::size_t threads);

}  // namespace textmill
