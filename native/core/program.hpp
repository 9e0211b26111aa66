// The compiled part of a text path: which stages run, in which order, before a text is split into words.
#pragma once

#include <cstring>
#include <string_view>
#include <vector>

#include "core/stages.hpp"
#include "core/text.hpp"
#include "core/unicode.hpp"
#include "core/utf8.hpp"

namespace textmill {

// Rewrites a text.
using Stage = void (*)(const Text& in, Text& out);

struct Span {
  std::size_t begin, end;  // bytes, half-open
};

// Finds the tokens of a text. One that rewrites the text first does so into `spare`. Returns the text in which the
// spans lie, `text` or `spare`. `options` are the splitter's own bits.
using Splitter = const Text& (*)(const Text& text, Text& spare, std::uint32_t options, std::vector<Span>& found);

// The tables of names: the one place where a name becomes a function. Null for a name that is not there.
Stage find_stage(std::string_view name);
Splitter find_splitter(std::string_view name);

class Program {
 public:
  std::vector<Stage> stages;
  bool lower_case = true;
  std::uint32_t min_word = 2;   // code points, for words
  Splitter splitter = nullptr;  // null: words, which need no list of spans
  std::uint32_t options = 0;
};

extern const std::uint8_t kByteKinds[256];  // 0 no word character, 1 word character, 2 not ASCII

// Runs a program over texts, one after the other, with its own buffers: one a thread.
class Runner {
 public:
  Runner(const Program& program, bool aligned) : program_(program), a_(aligned), b_(aligned) {}

  // Runs the stages and calls found(begin, end) for each word, in bytes of text().
  template <class Found>
  void run(std::string_view raw, Found&& found) {
    prepare(raw);
    split(found);
  }
  void prepare(std::string_view raw);
  template <class Found>
  void split(Found&& found);
  // The text as it is now: after the stages, and after a splitter that rewrites.
  const Text& text() const { return *now_; }

 private:
  template <class Found>
  void split_words(Found&& found);

  const Program& program_;
  Text a_, b_;
  const Text* now_ = &a_;
  std::vector<Span> spans_;
};

template <class Found>
void Runner::split(Found&& found) {
  if (!program_.splitter) {
    split_words(found);
    return;
  }
  spans_.clear();
  now_ = &program_.splitter(*now_, now_ == &a_ ? b_ : a_, program_.options, spans_);
  for (const Span& span : spans_) found(span.begin, span.end);
}

// Greedy runs of at least min_word word characters: \b\w\w+\b of Python's re where min_word is 2.
template <class Found>
void Runner::split_words(Found&& found) {
  const char* bytes = now_->data();
  const char* end = bytes + now_->size();
  const char* p = bytes;
  while (p < end) {
    std::uint8_t kind = kByteKinds[static_cast<unsigned char>(*p)];
    if (kind == 0) {
      ++p;
      continue;
    }
    const char* begin = p;
    std::uint32_t codes = 0;
    bool word = true;
    while (p < end) {
      kind = kByteKinds[static_cast<unsigned char>(*p)];
      if (kind == 1) {
        ++p;
        ++codes;
        continue;
      }
      if (kind == 0) break;
      const Decoded now = decode(p, end);
      if (!(flags_of(now.code) & kWord)) {
        word = p != begin;
        if (!word) p += now.size;
        break;
      }
      p += now.size;
      ++codes;
    }
    if (word && codes >= program_.min_word)
      found(static_cast<std::size_t>(begin - bytes), static_cast<std::size_t>(p - bytes));
  }
}

}  // namespace textmill
