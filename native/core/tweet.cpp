// NLTK's TweetTokenizer.
#include "core/tweet.hpp"

#include <utility>

#include "core/splitters.hpp"

namespace textmill {
namespace {

bool has_emoticon(const char* p, const char* end) {
  for (; p < end; ++p)
    if (tweet::emoticon(p, end)) return true;
  return false;
}

bool needs_lower(const char* p, const char* end) {
  for (; p < end; ++p)
    if (static_cast<unsigned char>(*p - 'A') < 26 || static_cast<unsigned char>(*p) >= 0x80) return true;
  return false;
}

// Every token that holds no emoticon in small letters, one behind the other.
void lower_tokens(const Text& in, Text& out, std::vector<Span>& found, std::size_t first) {
  out.clear();
  CancelWatch watch;
  for (std::size_t i = first; i < found.size(); ++i) {
    Span& span = found[i];
    const char* begin = in.data() + span.begin;
    const char* end = in.data() + span.end;
    const std::size_t at = out.size();
    if (needs_lower(begin, end) && !has_emoticon(begin, end)) append_lower(in, span.begin, span.end, out);
    else out.copy(in, span.begin, span.end);
    span = {at, out.size()};
    watch.at(span.end);
  }
  out.finish();
}

}  // namespace

const Text& split_tweet(const Text& text, Text& spare, const Program& program, std::vector<Span>& found) {
  const std::uint32_t options = program.options;
  const Text* now = &text;
  const auto rewrite = [&](auto&& pass) {
    if (now == &text) {
      if (pass(*now, spare)) now = &spare;
      return;
    }
    Text other(text.aligned());  // a second rewriting is rare
    if (pass(spare, other)) std::swap(spare, other);
  };
  rewrite([&](const Text& in, Text& out) { return tweet::replace_references(in, out, options & tweet::kKeepSurrogates); });
  if (options & tweet::kStripHandles) rewrite(tweet::strip_handles);
  rewrite([&](const Text& in, Text& out) { return tweet::shorten_runs(in, out, options & tweet::kReduceLengthening); });

  const char* bytes = now->data();
  const char* end = bytes + now->size();
  const std::size_t first = found.size();
  tweet::Matcher matcher(bytes, end, !(options & tweet::kNoPhoneNumbers));
  CancelWatch watch;
  for (const char* p = bytes; p < end;) {
    watch.at(static_cast<std::size_t>(p - bytes));
    const tweet::Seen next = tweet::look(p, end);
    if (next.kinds & tweet::kBlank) {
      p += next.size;
      continue;
    }
    const char* stop = matcher.match(p);
    found.push_back({static_cast<std::size_t>(p - bytes), static_cast<std::size_t>(stop - bytes)});
    p = stop;
  }
  if (options & tweet::kLowerCase) {
    rewrite([&](const Text& in, Text& out) {
      lower_tokens(in, out, found, first);
      return true;
    });
  }
  return *now;
}

}  // namespace textmill
