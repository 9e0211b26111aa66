// What must hold for any bytes, whatever the target: a broken law aborts, so that libFuzzer keeps the input.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/scan.hpp"
#include "core/utf8.hpp"

namespace fuzz {

inline void require(bool holds, const char* law) {
  if (holds) return;
  std::fprintf(stderr, "broken law: %s\n", law);
  std::abort();
}

inline bool is_utf8(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size();) {
    const textmill::Decoded now = textmill::decode(bytes.data() + i, bytes.data() + bytes.size());
    if (now.code == 0xFFFD && now.size == 1) return false;
    i += now.size;
  }
  return true;
}

// Where each code point begins, as spans count them, and where the text ends.
inline std::vector<std::size_t> code_places(std::string_view text) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (!textmill::is_continuation(text[i])) places.push_back(i);
  places.push_back(text.size());
  return places;
}

inline std::vector<std::string> spelled(const textmill::Scanned& found, const textmill::InternTable& types,
                                        const textmill::InternTable* others = nullptr) {
  std::vector<std::string> tokens;
  for (const std::int32_t id : found.ids) {
    const auto i = static_cast<std::size_t>(id);
    require(i < types.size() + (others ? others->size() : 0), "an id names a type");
    tokens.emplace_back(i < types.size() ? types[i] : (*others)[i - types.size()]);
  }
  return tokens;
}

inline std::string_view all_of(const textmill::InternTable& types) {
  return {types.bytes(), types.size() ? types.ends().back() : 0};
}

// Threads take most of the time, so only every fourth input is shared out; which, the input says.
inline bool is_shared_out(const textmill::Texts& texts) { return texts.size_in_bytes() % 4 == 0; }

// The laws of a scan. `rewrites`: the program may change a text before it splits it.
inline void laws_of_scan(const textmill::Program& program, const textmill::Texts& texts, bool rewrites) {
  using namespace textmill;
  InternTable types;
  const Scanned found = scan(program, texts, types, true, 1);
  require(found.spans.size() == 2 * found.ids.size(), "a token has two places");
  require(found.rows.size() == texts.n + 1 && found.rows.front() == 0, "a text has a row");
  require(found.rows.back() == static_cast<std::int64_t>(found.ids.size()), "rows end at the last token");
  std::int32_t seen = 0;
  for (const std::int32_t id : found.ids) {
    require(id >= 0 && id <= seen, "types are numbered by first appearance");
    seen += id == seen;
  }
  require(static_cast<std::size_t>(seen) == types.size(), "each type appears");
  for (std::size_t text = 0; text < texts.n; ++text) {
    const std::string_view raw = texts[text];
    const std::vector<std::size_t> places = code_places(raw);
    const bool equal = !rewrites && is_utf8(raw);
    require(found.rows[text] <= found.rows[text + 1], "rows rise");
    std::int32_t before = 0, end_before = 0;
    for (auto i = static_cast<std::size_t>(found.rows[text]); i < static_cast<std::size_t>(found.rows[text + 1]); ++i) {
      const std::int32_t begin = found.spans[2 * i], end = found.spans[2 * i + 1];
      require(before <= begin && begin <= end && end_before <= end, "places rise");
      require(static_cast<std::size_t>(end) < places.size(), "places lie in the text");
      before = begin;
      end_before = end;
      if (!equal) continue;
      const std::size_t from = places[static_cast<std::size_t>(begin)], to = places[static_cast<std::size_t>(end)];
      require(types[static_cast<std::size_t>(found.ids[i])] == raw.substr(from, to - from), "a token is the text at its place");
    }
  }

  InternTable plain;
  const Scanned without = scan(program, texts, plain, false, 1);
  require(without.ids == found.ids && without.rows == found.rows && all_of(plain) == all_of(types), "places change no token");

  if (is_shared_out(texts)) {
    InternTable shared;
    const Scanned beside = scan(program, texts, shared, true, 3);
    require(beside.ids == found.ids && beside.rows == found.rows && beside.spans == found.spans && all_of(shared) == all_of(types),
            "threads change nothing");
  }

  InternTable none;
  require(scan_frozen(program, texts, types, none, false, 1).ids == found.ids && none.size() == 0, "a frozen table knows its words");
  const std::vector<std::string> tokens = spelled(found, types);
  InternTable half;
  std::string room;
  for (std::size_t id = 0; id < types.size(); id += 2) {
    half.intern(types[id], room);
  }
  const std::size_t known = half.size();
  InternTable others, others_beside;
  const Scanned frozen = scan_frozen(program, texts, half, others, true, 1);
  require(half.size() == known && known + others.size() == types.size(), "a frozen table stays as it is");
  require(spelled(frozen, half, &others) == tokens && frozen.spans == found.spans, "frozen and growing tables agree");
  if (is_shared_out(texts)) {
    const Scanned frozen_beside = scan_frozen(program, texts, half, others_beside, true, 3);
    require(frozen_beside.ids == frozen.ids && all_of(others_beside) == all_of(others), "threads change nothing about a frozen table");
  }

  std::size_t place = 0;
  for (std::size_t text = 0; text < texts.n && texts.n > 1 && texts.n < 8; ++text) {
    InternTable alone;
    const std::vector<std::string> own = spelled(scan(program, Texts{texts.bytes, texts.offsets + text, 1}, alone, false, 1), alone);
    for (const std::string& token : own) require(place < tokens.size() && tokens[place++] == token, "a text's tokens are its own");
  }
}

}  // namespace fuzz
