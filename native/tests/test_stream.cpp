#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/sketch.hpp"
#include "core/tally.hpp"
#include "tests/check.hpp"

using namespace textmill;

namespace {

using Gram = std::vector<std::int32_t>;

}  // namespace

TEST(tally_counts_like_a_map) {
  std::mt19937 random(7);
  for (int length = 2; length <= 8; ++length)
    for (std::size_t waiting : {std::size_t{1}, std::size_t{64} << 10, std::size_t{16} << 20}) {
      GramTally tally(length, waiting);
      tally.prepare(3);
      std::map<Gram, std::uint32_t> wanted;
      for (int i = 0; i < 20'000; ++i) {
        Gram gram(static_cast<std::size_t>(length));
        for (std::int32_t& term : gram) term = static_cast<std::int32_t>(random() % 4);
        ++wanted[gram];
        tally.push(random() % 3, gram.data());
        if (i % 1'000 == 0) tally.settle(2);
      }
      tally.settle(3);
      CHECK_EQ(tally.size(), wanted.size());
      // term 3 has no number, the others are turned round
      const std::vector<std::int32_t> numbers{2, 1, 0, -1};
      std::map<Gram, std::uint32_t> kept;
      for (const auto& [gram, count] : wanted) {
        if (count < 3 || std::find(gram.begin(), gram.end(), 3) != gram.end()) continue;
        Gram turned;
        for (const std::int32_t term : gram) turned.push_back(numbers[static_cast<std::size_t>(term)]);
        kept[turned] = count;
      }
      const Tallied found = tally.sorted(3, numbers, 3);
      CHECK_EQ(found.counts.size(), kept.size());
      std::size_t i = 0;
      for (const auto& [gram, count] : kept) {
        CHECK(std::equal(gram.begin(), gram.end(), found.terms.begin() + static_cast<std::ptrdiff_t>(i * gram.size())));
        CHECK_EQ(found.counts[i++], count);
      }
    }
}

// Nothing that stands in enough texts is ever ruled out, and what is rarer mostly is, also after the sketch has grown.
TEST(sketch_rules_out_nothing_that_is_frequent) {
  std::mt19937 random(11);
  InternTable types;
  std::string room;
  for (int i = 0; i < 50'000; ++i) {
    types.intern("w" + std::to_string(i), room);
  }
  for (const int bits : {1, 2, 4, 8}) {
    GramSketch sketch(std::size_t{3} << 20, bits, 2);
    sketch.name(types);
    std::map<Gram, std::set<int>> texts;
    int text = 0;
    for (int batch = 0; batch < 5; ++batch) {
      std::vector<std::int32_t> ids;
      std::vector<std::int64_t> rows{0};
      for (int i = 0; i < 2'000; ++i, ++text) {
        for (unsigned n = random() % 12; n > 0; --n) ids.push_back(static_cast<std::int32_t>(random() % (1 + random() % types.size())));
        for (auto at = static_cast<std::size_t>(rows.back()); at < ids.size(); ++at) {
          texts[{ids[at]}].insert(text);
          if (at + 1 < ids.size()) texts[{ids[at], ids[at + 1]}].insert(text);
        }
        rows.push_back(static_cast<std::int64_t>(ids.size()));
      }
      sketch.add(ids.data(), rows.data(), rows.size() - 1, 2);
    }
    const std::uint32_t limit = bits == 1 ? 1 : 3;
    const GramFilter filter = sketch.at_least(limit, 2);
    CHECK(!filter.all());
    std::size_t rare = 0, wrong = 0;
    for (const auto& [gram, in] : texts) {
      std::uint64_t hash = hash_term(types[static_cast<std::size_t>(gram[0])]);
      if (gram.size() == 2) hash = extend_hash(hash, hash_term(types[static_cast<std::size_t>(gram[1])]));
      if (in.size() >= limit) CHECK(filter.passes(hash));
      else ++rare, wrong += filter.passes(hash);
    }
    CHECK(wrong * 10 <= rare);
  }
}
