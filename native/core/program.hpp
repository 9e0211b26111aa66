// The compiled part of a text path: which stages run, in which order, before a text is split into words.
#pragma once

#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "core/stages.hpp"
#include "core/text.hpp"
#include "core/unicode.hpp"
#include "core/utf8.hpp"
#include "core/words.hpp"

namespace textmill {

class Pretokens;
class Program;
class Punkt;

// Rewrites a text.
using Stage = void (*)(const Text& in, Text& out);

// Finds the tokens of a text. One that rewrites the text first does so into `spare`. Returns the text in which the
// spans lie, `text` or `spare`. What it depends on besides, its options and parameters, the program has.
using Splitter = const Text& (*)(const Text& text, Text& spare, const Program& program, std::vector<Span>& found);

// The tables of names: the one place where a name becomes a function. Null for a name that is not there.
Stage find_stage(std::string_view name);
Splitter find_splitter(std::string_view name);
std::vector<std::string_view> stage_names();
std::vector<std::string_view> splitter_names();

class Program {
 public:
  std::vector<Stage> stages;
  bool lower_case = true;
  std::uint32_t min_word = 2;   // code points, for words
  Splitter splitter = nullptr;  // null: words, which need no list of spans
  std::uint32_t options = 0;    // the splitter's own bits
  std::shared_ptr<const Punkt> punkt;  // its parameters, where it needs some
  std::shared_ptr<const Pretokens> pretokens;  // likewise
};

// Runs a program over texts, one after the other, with its own buffers: one a thread.
class Runner {
 public:
  Runner(const Program& program, bool aligned) : program_(program), a_(aligned), b_(aligned) {}

  // Runs the stages.
  void prepare(std::string_view raw);
  // Calls batch(spans, n) for the words of the text as the stages left it, some at a time, in bytes of text().
  template <class Batch>
  void split(Batch&& batch);
  // Both, with found(begin, end) for each word.
  template <class Found>
  void run(std::string_view raw, Found&& found) {
    prepare(raw);
    split([&](const Span* spans, std::size_t n) {
      for (std::size_t i = 0; i < n; ++i) found(spans[i].begin, spans[i].end);
    });
  }
  // The text as it is now: after the stages, and after a splitter that rewrites.
  const Text& text() const { return *now_; }

 private:
  const Program& program_;
  Text a_, b_;
  const Text* now_ = &a_;
  std::vector<Span> spans_;
};

template <class Batch>
void Runner::split(Batch&& batch) {
  if (program_.splitter) {
    spans_.clear();
    now_ = &program_.splitter(*now_, now_ == &a_ ? b_ : a_, program_, spans_);
    if (!spans_.empty()) batch(spans_.data(), spans_.size());
    return;
  }
  spans_.resize(WordScanner::kBatch);
  WordScanner words(now_->data(), now_->size(), program_.min_word);
  while (const std::size_t n = words.next(spans_.data())) batch(spans_.data(), n);
}

}  // namespace textmill
