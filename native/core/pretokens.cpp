#include "core/pretokens.hpp"

#include <algorithm>
#include <cstring>

#include "core/cancel.hpp"
#include "core/splitters.hpp"
#include "core/utf8.hpp"

namespace textmill {

const Text& split_pretokens(const Text& text, Text& spare, const Program& program, std::vector<Span>& found) {
  return program.pretokens->split(text, spare, found);
}

Needles::Needles(std::vector<std::string> strings) : strings_(std::move(strings)) {
  strings_.erase(std::remove(strings_.begin(), strings_.end(), std::string()), strings_.end());
  std::sort(strings_.begin(), strings_.end());
  for (const std::string& string : strings_) first_[static_cast<unsigned char>(string[0])] = true;
}

bool Needles::any_in(std::string_view text) const {
  if (strings_.empty()) return false;
  CancelWatch watch;
  for (std::size_t i = 0; i < text.size(); ++i) {
    watch.at(i);
    if (!first_[static_cast<unsigned char>(text[i])]) continue;
    const auto at = std::lower_bound(strings_.begin(), strings_.end(), text[i],
                                     [](const std::string& string, char byte) { return static_cast<unsigned char>(string[0]) < static_cast<unsigned char>(byte); });
    for (auto string = at; string != strings_.end() && (*string)[0] == text[i]; ++string)
      if (text.compare(i, string->size(), *string) == 0) return true;
  }
  return false;
}

Pretokens::Pretokens(PretokenRules rules) : rules_(std::move(rules)) {
  rules_.cuts.resize(kClasses);
  rules_.kinds.resize(kClasses);
  rewrites_ = !rules_.prefix.empty();
  cuts_ = rules_.removed != 0;
  for (const std::uint64_t bits : rules_.cuts) cuts_ |= bits != 0;
}

void Pretokens::learn(const Entry& entry) {
  if (entry.code < 0 || entry.code >= 0x110000) return;
  const auto code = static_cast<std::uint32_t>(entry.code);
  std::uint32_t made = kKnown | (entry.awkward ? kHard : 0) | static_cast<std::uint32_t>(entry.kind & 63) << 2;
  if (!entry.same && !entry.awkward) {
    // 24 bits for a place: what all of Unicode becomes is far smaller
    made |= static_cast<std::uint32_t>(pool_.size() + 1) << 8;
    pool_ += static_cast<char>(std::min<std::size_t>(255, entry.becomes.size()));
    pool_.append(entry.becomes, 0, 255);
    rewrites_ = true;
  }
  if (code < 128) {
    ascii_[code] = made;
    return;
  }
  std::uint16_t& block = index_[code >> 8];
  if (block == 0) {
    block = static_cast<std::uint16_t>(blocks_.size());
    blocks_.emplace_back(256);
  }
  blocks_[block][code & 255] = made;
}

std::vector<std::int32_t> Pretokens::unknown(std::string_view text) const {
  std::vector<std::int32_t> found;
  const char* bytes = text.data();
  const std::size_t size = text.size();
  CancelWatch watch;
  for (std::size_t i = next_high(bytes, 0, size); i < size;) {
    watch.at(i);
    const Decoded now = decode(bytes + i, bytes + size);
    if (!entry(now.code)) found.push_back(static_cast<std::int32_t>(now.code));
    i = next_high(bytes, i + now.size, size);
    if (found.size() > (1u << 16)) {
      std::sort(found.begin(), found.end());
      found.erase(std::unique(found.begin(), found.end()), found.end());
    }
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

const Text& Pretokens::split(const Text& text, Text& spare, std::vector<Span>& found) const {
  const auto awkward = [&]() -> const Text& {
    spare.clear();
    spare.put({kAwkward, 1}, text, 0, text.size());
    spare.finish();
    found.assign(1, Span{0, 1});
    return spare;
  };
  if (text.size() == 0) return text;
  if (rules_.before.any_in(text.view())) return awkward();
  std::size_t begin = 0;
  if (!rewrite(text, spare, begin)) return awkward();
  const Text& now = rewrites_ ? spare : text;
  if (now.size() == rules_.prefix.size() || rules_.after.any_in(now.view())) return awkward();
  if (rules_.edges && awkward_edges(now.data(), rules_.prefix.size(), now.size())) return awkward();
  cut(now.data(), begin, now.size(), found);
  return now;
}

// False where the text is awkward. Malformed bytes are: what they are read as is not what they are. The text then
// stands in `spare` from `begin` on: with the prefix, or without it where it has its own.
bool Pretokens::rewrite(const Text& text, Text& spare, std::size_t& begin) const {
  const char* bytes = text.data();
  const std::size_t size = text.size();
  CancelWatch watch;
  if (!rewrites_) {
    for (std::size_t i = 0; i < size;) {
      watch.at(i);
      const Decoded now = decode(bytes + i, bytes + size);
      if ((entry(now.code) & (kKnown | kHard)) != kKnown || (now.code == 0xFFFD && now.size == 1)) return false;
      i += now.size;
    }
    return true;
  }
  spare.clear();
  spare.put(rules_.prefix, text, 0, 1);
  std::size_t copied = 0;
  for (std::size_t i = 0; i < size;) {
    watch.at(i);
    const Decoded now = decode(bytes + i, bytes + size);
    const std::uint32_t known = entry(now.code);
    if ((known & (kKnown | kHard)) != kKnown || (now.code == 0xFFFD && now.size == 1)) return false;
    if (known >> 8) {
      spare.copy(text, copied, i);
      const char* becomes = pool_.data() + (known >> 8) - 1;
      spare.put({becomes + 1, static_cast<unsigned char>(*becomes)}, text, i, i + now.size);
      copied = i + now.size;
    }
    i += now.size;
  }
  spare.copy(text, copied, size);
  spare.finish();
  const std::size_t ahead = rules_.prefix.size();
  begin = ahead && spare.view().substr(ahead, ahead) == rules_.prefix ? ahead : 0;
  return true;
}

bool Pretokens::awkward_edges(const char* bytes, std::size_t begin, std::size_t end) const {
  const auto is_edge = [&](std::size_t at) { return rules_.edges >> class_of(entry(decode(bytes + at, bytes + end).code)) & 1; };
  return is_edge(begin) || is_edge(step_back(bytes, end));
}

void Pretokens::cut(const char* bytes, std::size_t begin, std::size_t end, std::vector<Span>& found) const {
  if (!cuts_) {
    cut_further(bytes, begin, end, found);
    return;
  }
  CancelWatch watch(begin);
  std::size_t first = begin;
  std::uint64_t ends = 0;  // classes before which the piece from `first` on ends
  for (std::size_t i = begin; i < end;) {
    watch.at(i);
    const Decoded now = decode(bytes + i, bytes + end);
    const std::size_t kind = class_of(entry(now.code));
    if ((ends | rules_.removed) >> kind & 1) {
      if (i > first) cut_further(bytes, first, i, found);
      first = i;
    }
    i += now.size;
    ends = rules_.cuts[kind];
    if (rules_.removed >> kind & 1) {
      first = i;
      ends = 0;
    }
  }
  if (end > first) cut_further(bytes, first, end, found);
}

namespace {

enum class Kind : std::uint8_t { other, letter, number, space };

// The length of 's 't 're 've 'm 'll 'd behind the apostrophe at `at`, or 0.
std::size_t contraction(const char* bytes, std::size_t at, std::size_t end, bool any_case) {
  if (bytes[at] != '\'' || at + 1 >= end) return 0;
  const auto small = [&](std::size_t i) { return i >= end ? '\0' : static_cast<char>(any_case && bytes[i] >= 'A' && bytes[i] <= 'Z' ? bytes[i] + 32 : bytes[i]); };
  const char a = small(at + 1), b = small(at + 2);
  if (a == 's' || a == 't' || a == 'm' || a == 'd') return 2;
  return (a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l') ? 3 : 0;
}

}  // namespace

// kGpt2:  's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
// kChat:  (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
void Pretokens::cut_further(const char* bytes, std::size_t begin, std::size_t end, std::vector<Span>& found) const {
  if (rules_.pattern == PretokenRules::kNone) {
    found.push_back({begin, end});
    return;
  }
  const bool chat = rules_.pattern == PretokenRules::kChat;
  struct Seen {
    Kind kind;
    std::size_t size;
  };
  const auto see = [&](std::size_t at) -> Seen {
    const Decoded now = decode(bytes + at, bytes + end);
    return {static_cast<Kind>(rules_.kinds[class_of(entry(now.code))]), now.size};
  };
  CancelWatch watch(begin);
  const auto run = [&](std::size_t at, Kind kind) {
    while (at < end) {
      watch.at(at);
      const Seen now = see(at);
      if (now.kind != kind) break;
      at += now.size;
    }
    return at;
  };
  const auto breaks = [&](std::size_t at) { return bytes[at] == '\r' || bytes[at] == '\n'; };
  for (std::size_t i = begin; i < end;) {
    watch.at(i);
    if (const std::size_t size = contraction(bytes, i, end, chat)) {
      found.push_back({i, i + size});
      i += size;
      continue;
    }
    const std::size_t first = i;
    const Seen now = see(i);
    const std::size_t after = i + now.size;
    const Seen next = after < end ? see(after) : Seen{Kind::space, 0};
    if (now.kind == Kind::letter) {
      i = run(after, Kind::letter);
    } else if (chat && now.kind != Kind::number && next.kind == Kind::letter && !breaks(i)) {
      i = run(after, Kind::letter);
    } else if (!chat && bytes[i] == ' ' && next.kind != Kind::space) {
      i = run(after, next.kind);
    } else if (now.kind == Kind::number) {
      if (chat) {
        i = after;
        for (std::uint32_t n = 1; n < rules_.digits && i < end; ++n) {
          const Seen digit = see(i);
          if (digit.kind != Kind::number) break;
          i += digit.size;
        }
      } else {
        i = run(after, Kind::number);
      }
    } else if (now.kind == Kind::other || (bytes[i] == ' ' && next.kind == Kind::other)) {
      i = run(after, Kind::other);
      while (chat && i < end && breaks(i)) ++i;
    } else {
      const std::size_t last = run(after, Kind::space);
      i = last;
      std::size_t line = last;
      if (chat)
        while (line > first && !breaks(line - 1)) --line;
      if (chat && line > first) {
        i = line;
      } else if (last < end) {
        // the last of them goes with what comes next; alone it stays
        const std::size_t before = step_back(bytes, last);
        if (before > first) i = before;
      }
    }
    found.push_back({first, i});
  }
}

}  // namespace textmill
