// Words of the Penn Treebank, as NLTK's NLTKWordTokenizer and TreebankWordTokenizer find them.
//
// NLTK rewrites a sentence some thirty times: each pattern puts blanks around what it finds, and later ones see them. What
// they look at, apart from words of letters and digits, are single marks and their neighbours. So a sentence is read
// once for its marks, and then the patterns are applied in NLTK's order to the list of marks, which keeps for each
// whether there is a gap before and behind it. Runs of one mark are gone through as a whole, so time is linear.
#pragma once

#include <cstdint>
#include <vector>

#include "core/text.hpp"
#include "core/words.hpp"

namespace textmill {

class Punkt;

namespace treebank {

enum Option : std::uint32_t {
  kClassic = 1,             // TreebankWordTokenizer, not NLTKWordTokenizer
  kConvertParentheses = 2,  // ( becomes -LRB-, and so on
  kByRules = 4,             // each sentence of find_sentences() for itself
  kByPunkt = 8,             // each sentence of the program's Punkt for itself
};

enum Kind : std::uint8_t {
  kSpace,    // U+0020
  kBlank,    // other white space
  kSplits,   // U+001C to 001F: str.split() cuts there, no pattern takes them for white space
  kQuote,    // "
  kTick,     // '
  kBack,     // `
  kOpenQuote, kCloseQuote,
  kPause,    // : ,
  kDot,
  kSign,     // ; @ # $ % &
  kRule,     // U+2012 to 2015
  kEnd,      // ? !
  kStar,
  kOpen, kClose,  // brackets
  kDash,     // -
  kOther,    // anything else that is no word character, and letters that are an i without regard to case
  kWordByte,  // ASCII letters and digits, _
};

struct Mark {
  std::uint32_t at;  // in bytes of the sentence
  Kind kind;
  std::uint8_t size;
  std::uint16_t gaps;
};

// A token that is not spelled as in the text.
struct Respelled {
  std::size_t begin, end;
  const char* spelling;
};

// Splits sentences, one after the other, with its own buffers.
class Splitter {
 public:
  Splitter(const Text& text, std::uint32_t options) : text_(text), classic_(options & kClassic), convert_(options & kConvertParentheses) {}

  // Adds the tokens of bytes [begin, end) to `found`. std::overflow_error: 4 GiB or more of them.
  void split(std::size_t begin, std::size_t end, std::vector<Span>& found);
  const std::vector<Respelled>& respelled() const { return respelled_; }

 private:
  void read_marks();
  void add_high(const char*& p);
  void add(const char* p, Kind kind, std::uint8_t size, std::uint16_t gaps = 0) {
    marks_.push_back({static_cast<std::uint32_t>(p - begin_), kind, size, gaps});
    present_ |= 1u << kind;
  }
  bool has(Kind kind) const { return present_ >> kind & 1; }
  bool touch(std::size_t i) const { return marks_[i].at + marks_[i].size == marks_[i + 1].at; }
  std::size_t run_end(std::size_t i) const;
  std::uint32_t behind(std::size_t i) const { return marks_[i].at + marks_[i].size; }
  bool is_at(std::size_t i, std::uint32_t at) const { return i < marks_.size() && marks_[i].at == at; }
  void pair(std::size_t i, std::uint16_t before, std::uint16_t after);

  void quotes();
  void back_run(std::size_t i, std::size_t end);
  void ticks_at_start(std::size_t i, std::size_t end);
  bool opens_behind(std::size_t i) const;
  bool parts_word(std::uint32_t at) const;
  void final_dot();
  void runs();
  void pauses(std::size_t i, std::size_t end);
  void dots(std::size_t i, std::size_t end);
  void ticks();
  void clitics();
  bool space_at(std::uint32_t at, std::size_t next, std::uint16_t gaps) const;
  void emit(std::vector<Span>& found);
  void word(const char* from, const char* to, bool plain, bool after_blank, std::vector<Span>& found) const;

  const Text& text_;
  bool classic_, convert_;
  const char* begin_ = nullptr;
  const char* end_ = nullptr;
  std::uint32_t size_ = 0;
  std::vector<Mark> marks_;
  std::uint32_t present_ = 0;
  bool blank_at_end_ = false;  // the rule of the final full stop has put one there
  std::vector<Respelled> respelled_;
};

}  // namespace treebank
}  // namespace textmill
