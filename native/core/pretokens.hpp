// How a subword tokenizer rewrites a text and cuts it into pieces, each of which its model then splits on its own.
//
// Nothing here knows Unicode. What a code point becomes and which class it is of was asked of the tokenizer itself, code
// point by code point, and is kept in a table; the rules speak of classes only. A text that such a table cannot do
// justice to is said to be awkward: one token, kAwkward, stands for all of it, and whoever asked does it otherwise.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/text.hpp"
#include "core/words.hpp"

namespace textmill {

// Strings any of which is looked for.
class Needles {
 public:
  explicit Needles(std::vector<std::string> strings = {});
  bool any_in(std::string_view text) const;

 private:
  bool first_[256] = {};
  std::vector<std::string> strings_;
};

struct PretokenRules {
  enum Pattern : int { kNone, kGpt2, kChat };

  std::vector<std::uint64_t> cuts;      // bit k of cuts[j]: a piece ends between a code point of class j and one of class k
  std::uint64_t removed = 0;            // bit k: code points of class k are no part of a piece
  std::uint64_t edges = 0;              // bit k: a text that begins or ends with class k is awkward
  std::vector<std::uint8_t> kinds;      // of each class, for patterns: 0 other, 1 letter, 2 number, 3 white space
  Pattern pattern = kNone;              // cuts further what the classes have cut, see pretokens.cpp
  std::uint32_t digits = 3;             // the longest number of kChat
  std::string prefix;                   // put before a text that does not begin with it
  Needles before, after;                // a text with one of them in it, or in what it was rewritten to, is awkward
};

class Pretokens {
 public:
  static constexpr std::size_t kClasses = 64;
  static constexpr char kAwkward[] = "\xFF";  // in no UTF-8

  // What is known of a code point.
  struct Entry {
    std::int32_t code;
    std::uint8_t kind;    // its class
    bool awkward, same;   // a text with it is awkward; it stays as it is
    std::string becomes;  // at most 255 bytes, if it is not the same
  };

  explicit Pretokens(PretokenRules rules);
  void learn(const Entry& entry);
  std::vector<std::int32_t> unknown(std::string_view text) const;  // code points that were not learned, once each

  // Finds the pieces. Returns the text in which they lie, `text` or `spare`.
  const Text& split(const Text& text, Text& spare, std::vector<Span>& found) const;

 private:
  // 0: not learned; else kKnown, kHard, a class << 2, and 1 + the place of what it becomes in the pool << 8
  static constexpr std::uint32_t kKnown = 1, kHard = 2;

  std::uint32_t entry(std::uint32_t code) const { return code < 128 ? ascii_[code] : blocks_[index_[code >> 8]][code & 255]; }
  static std::size_t class_of(std::uint32_t entry) { return (entry >> 2) & 63; }
  bool rewrite(const Text& text, Text& spare, std::size_t& begin) const;
  void cut(const char* bytes, std::size_t begin, std::size_t end, std::vector<Span>& found) const;
  void cut_further(const char* bytes, std::size_t begin, std::size_t end, std::vector<Span>& found) const;
  bool awkward_edges(const char* bytes, std::size_t begin, std::size_t end) const;

  PretokenRules rules_;
  bool rewrites_ = false, cuts_ = false;
  std::uint32_t ascii_[128] = {};
  std::vector<std::uint16_t> index_ = std::vector<std::uint16_t>(4352);
  std::vector<std::vector<std::uint32_t>> blocks_ = std::vector<std::vector<std::uint32_t>>(1, std::vector<std::uint32_t>(256));
  std::string pool_;  // a length, then so many bytes
};

}  // namespace textmill
