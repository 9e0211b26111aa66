#include "core/skipgrams.hpp"

#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include "core/gram_hash.hpp"

namespace textmill {
namespace {

constexpr std::size_t kMostGrams = std::numeric_limits<std::int32_t>::max() - 1;

std::uint64_t pair_of(std::uint32_t prefix, std::uint32_t term) { return static_cast<std::uint64_t>(prefix) << 32 | term; }

// Pairs of prefix and term, numbered by first appearance.
class Pairs {
 public:
  std::size_t size() const { return pairs_.size(); }
  std::uint64_t operator[](std::size_t number) const { return pairs_[number]; }

  std::uint32_t find(std::uint64_t pair) const { return slots_[slot_of(pair)].number; }

  // The number of a pair, a new one if it was not there.
  std::uint32_t add(std::uint64_t pair) {
    const std::size_t slot = slot_of(pair);
    if (slots_[slot].number != kNoGram) return slots_[slot].number;
    if (pairs_.size() == kMostGrams) throw std::overflow_error("more than 2,147,483,646 n-grams");
    const auto number = static_cast<std::uint32_t>(pairs_.size());
    slots_[slot] = {number, tag_of(pair)};
    pairs_.push_back(pair);
    if (2 * pairs_.size() > slots_.size()) grow();
    return number;
  }

 private:
  struct Slot {
    std::uint32_t number, tag;
  };
  static std::uint32_t tag_of(std::uint64_t pair) { return static_cast<std::uint32_t>(hash_pair(pair) >> 32); }
  std::size_t slot_of(std::uint64_t pair) const {
    const std::size_t mask = slots_.size() - 1;
    const std::uint64_t hash = hash_pair(pair);
    std::size_t i = hash & mask;
    for (; slots_[i].number != kNoGram; i = (i + 1) & mask)
      if (slots_[i].tag == static_cast<std::uint32_t>(hash >> 32) && pairs_[slots_[i].number] == pair) break;
    return i;
  }
  void grow() {
    slots_.assign(2 * slots_.size(), Slot{kNoGram, 0});
    CancelWatch watch;
    for (std::size_t number = 0; number < pairs_.size(); ++number) {
      watch.at(number);
      slots_[slot_of(pairs_[number])] = {static_cast<std::uint32_t>(number), tag_of(pairs_[number])};
    }
  }

  std::vector<std::uint64_t> pairs_;
  std::vector<Slot> slots_ = std::vector<Slot>(1024, Slot{kNoGram, 0});
};

// How often something was met, and in how many texts.
struct Met {
  std::int32_t last = -1, df = 0;  // text
  std::uint32_t tf = 0;

  void again(std::size_t text) {
    if (tf == std::numeric_limits<std::uint32_t>::max()) throw std::overflow_error("an n-gram occurs more than 4,294,967,295 times");
    ++tf;
    df += last != static_cast<std::int32_t>(text);
    last = static_cast<std::int32_t>(text);
  }
};

// The pairs that are in `min_df` texts or more, in ascending order.
Level sorted_level(const Pairs& pairs, const std::vector<Met>& met, std::int64_t min_df) {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> kept;
  std::size_t steps = 0;
  CancelWatch watch;
  for (std::size_t number = 0; number < pairs.size(); ++number) {
    watch.at(++steps);
    if (met[number].df >= min_df) kept.emplace_back(pairs[number], static_cast<std::uint32_t>(number));
  }
  std::sort(kept.begin(), kept.end(), [&](const auto& a, const auto& b) {
    watch.at(++steps);
    return a.first < b.first;
  });
  Level level;
  for (auto* values : {&level.prefix, &level.term, &level.df}) values->reserve(kept.size());
  level.tf.reserve(kept.size());
  for (const auto& [pair, number] : kept) {
    watch.at(++steps);
    level.prefix.push_back(static_cast<std::int32_t>(pair >> 32));
    level.term.push_back(static_cast<std::int32_t>(pair & 0xFFFFFFFF));
    level.df.push_back(met[number].df);
    level.tf.push_back(met[number].tf);
  }
  return level;
}

}  // namespace

// The first word stands at any place, the others at some of the next length - 1 + skip: all the same number of ways but
// for the last places, whose numbers of ways add up to one binomial coefficient.
double n_skip_grams(std::size_t n_terms, std::size_t length, std::size_t skip) {
  const auto choices = [](std::size_t of, std::size_t some) {
    if (some > of) return 0.0;
    double made = 1;
    for (std::size_t i = 0; i < some; ++i) made = made * static_cast<double>(of - i) / static_cast<double>(i + 1);
    return made;
  };
  const std::size_t reach = length - 1 + skip;
  if (n_terms <= reach) return choices(n_terms, length);
  return static_cast<double>(n_terms - reach) * choices(reach, length - 1) + choices(reach, length);
}

void require_skip_grams_fit(std::size_t n_terms, std::size_t longest, std::size_t skip, std::size_t text) {
  for (std::size_t length = 1; length <= longest; ++length)
    if (n_skip_grams(n_terms, length, skip) > std::numeric_limits<std::int32_t>::max())
      throw std::overflow_error("text " + std::to_string(text) + " has more than 2,147,483,647 n-grams of " + std::to_string(length) +
                                " words: lower skip or ngrams");
}

SkipGramCounter::SkipGramCounter(const std::int32_t* ids, const std::int64_t* rows, std::size_t n_texts, const std::int32_t* type_terms,
                                 std::size_t n_terms, int low, int high, std::size_t skip, std::int64_t min_df) {
  if (n_texts > kMostGrams) throw std::overflow_error("more than 2,147,483,646 texts at once");
  min_df = std::max<std::int64_t>(1, min_df);
  const auto longest = static_cast<std::size_t>(high);
  std::vector<std::int32_t> terms;
  std::vector<std::size_t> ends{0};
  std::vector<Met> words(n_terms);
  terms.reserve(static_cast<std::size_t>(rows[n_texts]));
  CancelWatch watch;
  for (std::size_t text = 0; text < n_texts; ++text) {
    for (auto i = static_cast<std::size_t>(rows[text]); i < static_cast<std::size_t>(rows[text + 1]); ++i) {
      watch.at(i);
      const std::int32_t term = type_terms[ids[i]];
      if (term < 0) continue;
      words[static_cast<std::size_t>(term)].again(text);
      terms.push_back(term);
    }
    require_skip_grams_fit(terms.size() - ends.back(), longest, skip, text);
    longest_text_ = std::max(longest_text_, terms.size() - ends.back());
    ends.push_back(terms.size());
  }
  Level& first = levels_.emplace_back();
  for (const Met& word : words) {
    first.df.push_back(word.df);
    first.tf.push_back(word.tf);
  }
  std::vector<Pairs> known;  // of each length from 2 on, numbered as its level
  for (std::size_t wanted = 2; wanted <= longest; ++wanted) {
    Pairs pairs;
    std::vector<Met> met;
    std::size_t text = 0;
    const auto longer = [&](std::uint32_t gram, std::size_t length, std::uint32_t term) {
      if (words[term].df < min_df || (length == 1 && words[gram].df < min_df)) return kNoGram;
      if (length + 1 < wanted) return known[length - 1].find(pair_of(gram, term));
      const std::uint32_t number = pairs.add(pair_of(gram, term));
      if (number == met.size()) met.emplace_back();
      met[number].again(text);
      return kNoGram;
    };
    for (; text < n_texts; ++text)
      each_skip_gram(terms.data() + ends[text], ends[text + 1] - ends[text], skip, wanted, longer,
                     [](std::uint32_t, const std::size_t*, std::size_t) {});
    levels_.push_back(sorted_level(pairs, met, min_df));
    if (wanted == longest) break;
    Pairs& numbered = known.emplace_back();
    const Level& level = levels_.back();
    pairs = Pairs();
    CancelWatch adding;
    for (std::size_t gram = 0; gram < level.size(); ++gram) {
      adding.at(gram);
      numbered.add(pair_of(static_cast<std::uint32_t>(level.prefix[gram]), static_cast<std::uint32_t>(level.term[gram])));
    }
  }
  n_columns_ = number_columns(levels_, static_cast<std::size_t>(low), min_df);
}

}  // namespace textmill
