#include "core/cancel.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "core/count.hpp"
#include "core/grams.hpp"
#include "core/hashing.hpp"
#include "core/pretokens.hpp"
#include "core/rewrite.hpp"
#include "core/scan.hpp"
#include "core/segment.hpp"
#include "tests/check.hpp"

using namespace textmill;

namespace {

// Texts in which a stage or splitter may have much to do, nothing to do, or one thing that is the whole text.
std::vector<std::string> long_texts() {
  std::vector<std::string> made;
  for (const std::string piece :
       {"a", "A", " ", "\xC3\xA9", "\xCC\x81", "\xCC\x81\xCC\xA3", "a ", "a. B", "&", "<", "<b>", "#a", "#", "@a", "@", "a@b.c ", ".", "1", "1.", "\n",
        "\r", "-", "_", "'", "\xE6\xBC\xA2", "\xF0\x9F\x98\x80", "\xF0\x9F\x87\xA6", "\xE2\x80\x8D", "\xCE\xA3", "\xFF", "\xEF\xAC\x81", "http://a ",
        "[1]", "[", "\xC2\xA0", "\xEF\xB7\xBA", "\xE1\x84\x80", "a'-", "a.", ". ", "a-"}) {
    std::string text;
    while (text.size() < 5 * CancelWatch::kStep) text += piece;
    made.push_back(text);
  }
  for (const char* begin : {"<script>", "<!--", "http://", "#a", "@", "a@"}) made.push_back(begin + std::string(5 * CancelWatch::kStep, 'a'));
  return made;
}

bool stops(auto&& work) {
  const CancelFlag flag{true};
  const CancelScope scope(&flag);
  try {
    work();
  } catch (const Cancelled&) {
    return true;
  }
  return false;
}

#if defined(__SANITIZE_THREAD__)
constexpr double kSlower = 100;  // every access to memory is looked at
#else
constexpr double kSlower = 1;
#endif

// Where nothing is to be done a search may go through the text at the speed of memory and need not stop on its way.
bool is_quick(const std::string& text, auto&& work) {
  double best = 1e9;
  for (int k = 0; k < 5; ++k) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    best = std::min(best, std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count());
  }
  return best < kSlower * static_cast<double>(text.size());  // a gigabyte a second
}

std::shared_ptr<const Pretokens> knowing(const std::string& text) {
  PretokenRules rules;
  rules.cuts = {2, 1};
  rules.kinds = {0, 1, 2, 3};
  rules.pattern = PretokenRules::kGpt2;
  auto made = std::make_shared<Pretokens>(std::move(rules));
  for (std::int32_t code = 0; code < 128; ++code) made->learn({code, static_cast<std::uint8_t>(code % 4), false, true, ""});
  for (const std::int32_t code : made->unknown(text)) made->learn({code, static_cast<std::uint8_t>(code % 4), false, true, ""});
  return made;
}

void must_stop(std::string_view name, const std::string& text, auto&& work) {
  if (!stops(work) && !is_quick(text, work)) check::failed(__FILE__, __LINE__, std::string(name) + " goes on in " + text.substr(0, 12));
}

}  // namespace

TEST(every_splitter_stops_inside_a_text) {
  for (const std::string_view name : splitter_names())
    for (const std::string& text : long_texts()) {
      Program program;
      program.lower_case = false;
      program.splitter = find_splitter(name);
      if (name == "pretokens") program.pretokens = knowing(text);
      must_stop(name, text, [&] {
        Runner runner(program, true);
        runner.prepare(text);
        runner.split([](const Span*, std::size_t) {});
      });
    }
}

TEST(every_stage_stops_inside_a_text) {
  for (const std::string_view name : stage_names())
    for (const std::string& raw : long_texts()) {
      Text text, out;
      text.set(raw);
      must_stop(name, raw, [&] { find_stage(name)(text, out); });
    }
}

TEST(every_stage_stops_where_it_has_something_to_do) {
  std::string all;
  while (all.size() < 2 * CancelWatch::kStep) all += "a: b\n";  // headers are looked for where a text begins
  for (const std::string& text : long_texts()) all += text.substr(0, 60) + " ";
  while (all.size() < 5 * CancelWatch::kStep) all += std::string(all);
  Text text, out;
  text.set(all);
  for (const std::string_view name : stage_names()) CHECK(stops([&] { find_stage(name)(text, out); }));
  CHECK(stops([&] { lower(text, out); }));
}

namespace {

std::string words(std::size_t n) {
  std::string text;
  for (std::size_t i = 0; i < n; ++i) text += "word" + std::to_string(i * 7919 % n) + " ";
  return text;
}

}  // namespace

TEST(a_scan_that_stops_leaves_the_table_as_it_was) {
  const std::string first = "one two three word5 ", second = words(40000);
  const std::int64_t before[] = {0, static_cast<std::int64_t>(first.size())};
  for (const std::size_t threads : {1, 3})
    for (const bool frozen : {false, true}) {
      InternTable types, others;
      scan(Program(), Texts{first.data(), before, 1}, types, false, 1);
      scan(Program(), Texts{first.data(), before, 1}, others, false, 1);
      // many texts, so that some are done when the stop is seen
      std::vector<std::int64_t> offsets;
      for (std::size_t at = 0; at <= second.size(); at += 1024) offsets.push_back(static_cast<std::int64_t>(at));
      const Texts texts{second.data(), offsets.data(), offsets.size() - 1};
      CHECK(stops([&] {
        if (frozen) scan_frozen(Program(), texts, types, others, true, threads);
        else scan(Program(), texts, types, true, threads);
      }));
      for (InternTable* table : {&types, &others}) {
        CHECK_EQ(table->size(), 4u);
        CHECK_EQ(std::string((*table)[3]), std::string("word5"));
        InternTable fresh;
        scan(Program(), Texts{first.data(), before, 1}, fresh, false, 1);
        CHECK(scan(Program(), texts, *table, false, 1).ids == scan(Program(), texts, fresh, false, 1).ids);
      }
    }
}

TEST(work_without_a_flag_goes_on) {
  const CancelFlag flag{false};
  const CancelScope scope(&flag);
  const std::string text = words(20000);
  const std::int64_t offsets[] = {0, static_cast<std::int64_t>(text.size())};
  InternTable types;
  CHECK_EQ(scan(Program(), Texts{text.data(), offsets, 1}, types, false, 2).ids.size(), 20000u);
}
