// John Gruber's pattern of links, as NLTK has it. The comments quote it.
#include <algorithm>

#include "core/tweet.hpp"

namespace textmill::tweet {
namespace {

char small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

const char* step_back(const char* p) {
  do --p;
  while (is_continuation(*p));
  return p;
}

}  // namespace

const char* LinkMatcher::match(const char* p) {
  if (small(*p) == 'h' && end_ - p >= 6 && small(p[1]) == 't' && small(p[2]) == 't' && small(p[3]) == 'p') {
    const char* q = p + 4;  // https?: (?: /{1,3} | [a-z0-9%] ) body
    if (small(*q) == 's') ++q;
    else if (*q == '\xC5' && q[1] == '\xBF') q += 2;  // the long s
    if (q < end_ && *q == ':' && ++q < end_) {
      const Seen next = look(q, end_);
      if (*q == '/') {
        int slashes = 1;
        while (slashes < 3 && q + slashes < end_ && q[slashes] == '/') ++slashes;
        for (; slashes; --slashes)
          if (const char* found = body(q + slashes)) return found;
      } else if (*q == '%' || (next.kinds & kLatinOrDigit)) {
        if (const char* found = body(q + next.size)) return found;
      }
    }
  }
  const Seen first = look(p, end_);
  if (!(first.kinds & kHost)) return nullptr;
  if (first.kinds & kLatinOrDigit) {
    if (!(labels_end_ && p < labels_end_)) read_labels(p);
    // most words stop here: a domain goes on with a dot or dash behind its first label
    if (labels_.size() == 1 && (labels_end_ == end_ || (*labels_end_ != '.' && *labels_end_ != '-'))) return nullptr;
    if (const char* found = slashed_domain(p)) return found;
    return p > begin_ && p[-1] == '@' ? nullptr : naked_domain(p);
  }
  return slashed_domain(p);
}

// (?: [^\s()<>{}\[\]]+ | paren )+ (?: paren | url_end ), from `p` on. A run of url characters is followed by the rest
// of the link if a parenthesis comes next and it can go on there; else the link ends with the last url_end of the run.
const char* LinkMatcher::body(const char* p) {
  if (p >= end_) return nullptr;
  if (*p == '(') return paren(p).first;
  const char* stop = run(p, end_, kUrl);
  if (stop == p) return nullptr;
  if (stop < end_ && *stop == '(')
    if (const char* later = paren(stop).later) return later;
  const char* second = p + look(p, end_).size;  // the first belongs to the run
  while (stop > second) {
    const char* before = step_back(stop);
    if (look(before, end_).kinds & kUrlEnd) return stop;
    stop = before;
  }
  return nullptr;
}

const LinkMatcher::Paren& LinkMatcher::paren(const char* p) {
  if (!(parens_begin_ && p >= parens_begin_ && p < parens_end_)) read_parens(p);
  return *std::lower_bound(parens_.begin(), parens_.end(), p, [](const Paren& paren, const char* at) { return paren.at > at; });
}

// Reads, from right to left, what each '(' between `from` and the next white space leads to.
//   nested:  \( [^\s()]{0,255}? \( [^\s()]{1,255} \) [^\s()]{0,255}? \)
//   simple:  \( [^\s]{1,255}? \)
void LinkMatcher::read_parens(const char* from) {
  struct Mark {
    const char* at;
    std::size_t code;   // number of the code point, from the right
    const char* later;  // where the rest of a link ends that goes on behind this ')'
    bool close;
  };
  constexpr std::size_t kMost = 255;
  parens_.clear();
  parens_begin_ = from;
  parens_end_ = from;
  while (parens_end_ < end_) {
    const Seen now = look(parens_end_, end_);
    if (now.kinds & kBlank) break;
    parens_end_ += now.size;
  }
  std::vector<Mark> marks, closes;
  const char* after_run = nullptr;  // where the link ends that goes on behind the run of url characters we are in
  const char* last_end = nullptr;   // behind the last url_end of that run
  std::size_t code = 0;
  for (const char* p = parens_end_; p > from; ++code) {
    p = step_back(p);
    const Seen now = look(p, end_);
    if (now.kinds & kUrl) {
      if (!last_end && (now.kinds & kUrlEnd)) last_end = p + now.size;
      continue;
    }
    const char* later_behind = after_run ? after_run : last_end;
    after_run = last_end = nullptr;
    if (*p == ')') {
      marks.push_back({p, code, later_behind, true});
      closes.push_back(marks.back());
    } else if (*p == '(') {
      const char* first = nullptr;
      const char* ending = nullptr;  // behind the parenthesis, if it is the last part
      const std::size_t n = marks.size();
      if (n >= 3 && !marks[n - 1].close && marks[n - 2].close && marks[n - 3].close) {
        const std::size_t outer = code - marks[n - 1].code - 1, inner = marks[n - 1].code - marks[n - 2].code - 1,
                          tail = marks[n - 2].code - marks[n - 3].code - 1;
        if (outer <= kMost && inner >= 1 && inner <= kMost && tail <= kMost) {
          first = marks[n - 3].later;
          ending = marks[n - 3].at + 1;
        }
      }
      for (std::size_t i = closes.size(); !first && i-- > 0;) {
        const std::size_t inside = code - closes[i].code - 1;
        if (inside > kMost) break;
        if (inside == 0) continue;
        if (!ending) ending = closes[i].at + 1;
        first = closes[i].later;
      }
      parens_.push_back({p, first, first ? first : ending});
      after_run = parens_.back().later;
      marks.push_back({p, code, nullptr, false});
    }
  }
}

// [a-z0-9.\-]{1,255} [.] [a-z]{2,13} / body
const char* LinkMatcher::slashed_domain(const char* p) {
  if (!(host_end_ && p < host_end_)) {
    host_end_ = run(p, end_, kHost);
    host_dot_ = nullptr;
    host_known_ = false;
    if (host_end_ < end_ && *host_end_ == '/') {
      const char* q = host_end_;
      int letters = 0;
      while (q > p && letters <= 14) {
        const char* before = step_back(q);
        if (!(look(before, end_).kinds & kLatin)) break;
        q = before;
        ++letters;
      }
      if (letters >= 2 && letters <= 13 && q > p && q[-1] == '.') host_dot_ = q - 1;
    }
  }
  if (!host_dot_ || p >= host_dot_) return nullptr;
  if (host_dot_ - p > 255 && (host_dot_ - p > 3 * 255 || count_codes(p, host_dot_) > 255)) return nullptr;
  if (!host_known_) {
    host_match_ = body(host_end_ + 1);
    host_known_ = true;
  }
  return host_match_;
}

// [a-z0-9]+ (?: [.\-][a-z0-9]+ ){0,126} [.] [a-z]{2,13} \b /? (?!@): the last label, of 127, behind which the rest fits
const char* LinkMatcher::naked_domain(const char* p) {
  const auto label = static_cast<std::size_t>(
      std::upper_bound(labels_.begin(), labels_.end(), p, [](const char* at, const Label& l) { return at < l.end; }) - labels_.begin());
  const std::size_t last = labels_[std::min(label + 126, labels_.size() - 1)].last;
  return last > label ? labels_[last - 1].match : nullptr;
}

const char* LinkMatcher::top_level(const char* dot) const {
  const char* q = dot + 1;
  int letters = 0;
  Seen now{};
  while (q < end_ && ((now = look(q, end_)).kinds & kLatin) && letters <= 13) {
    q += now.size;
    ++letters;
  }
  if (letters < 2 || letters > 13 || (q < end_ && (now.kinds & kWord))) return nullptr;
  if (q < end_ && *q == '/') return q + 1 < end_ && q[1] == '@' ? q : q + 1;
  return q < end_ && *q == '@' ? nullptr : q;
}

void LinkMatcher::read_labels(const char* p) {
  labels_.clear();
  for (;;) {
    const char* stop = run(p, end_, kLatinOrDigit);
    const std::size_t before = labels_.empty() ? 0 : labels_.back().last;
    const char* match = stop < end_ && *stop == '.' ? top_level(stop) : nullptr;
    labels_.push_back({stop, match, match ? labels_.size() + 1 : before});
    labels_end_ = stop;
    if (stop + 1 >= end_ || (*stop != '.' && *stop != '-') || !(look(stop + 1, end_).kinds & kLatinOrDigit)) return;
    p = stop + 1;
  }
}

}  // namespace textmill::tweet
