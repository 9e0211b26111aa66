#include "core/bag.hpp"

#include <atomic>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "core/cancel.hpp"
#include "core/team.hpp"
#include "tests/check.hpp"

using namespace textmill;

namespace {

constexpr std::size_t kRows = 200, kColumns = 500, kEntries = 60;

// Each row has 60 columns; those of odd rows lie in the upper half more often, and of them is the target.
struct Example {
  std::vector<float> data, targets, strength, start;
  std::vector<std::int32_t> indices, indptr{0}, order;
  Sparse rows;

  explicit Example(std::size_t width) : strength(kRows, 1.0f), start(kColumns * width), order(kRows) {
    for (std::size_t row = 0; row < kRows; ++row) {
      for (std::size_t i = 0; i < kEntries; ++i) {
        indices.push_back(static_cast<std::int32_t>((row % 2 ? 100 : 0) + i * 6 + row % 5));
        data.push_back(1.0f / (1.0f + static_cast<float>(i % 3)));
      }
      indptr.push_back(static_cast<std::int32_t>(indices.size()));
      targets.push_back(row % 2 ? 1.0f : 0.0f);
    }
    for (std::size_t i = 0; i < start.size(); ++i) start[i] = static_cast<float>(i * 7919 % 13) / 130 - 0.05f;
    std::iota(order.begin(), order.end(), 0);
    rows = {data.data(), indices.data(), indptr.data(), kRows, kColumns};
  }

  Bag bag(std::size_t width) const { return Bag(rows, {targets.data(), strength.data(), false, false}, 1, width, start.data()); }
};

std::vector<float> learned(const Bag& bag) {
  const std::size_t n = bag.n_columns() * bag.width(), k = bag.n_outputs();
  std::vector<float> found(n + bag.width() * k + k);
  bag.vectors(found.data());
  bag.head(found.data() + n);
  bag.bias(found.data() + n + bag.width() * k);
  return found;
}

}  // namespace

TEST(a_bag_learns_the_same_with_any_number_of_threads) {
  for (const std::size_t width : {3, 8, 16, 33, 64}) {
    const Example texts(width);
    std::vector<float> first;
    for (const std::size_t threads : {1, 2, 3, 7}) {
      Bag bag = texts.bag(width);
      double before = 0, loss = 0;
      for (int epoch = 0; epoch < 3; ++epoch) {
        before = loss;
        loss = bag.epoch(texts.order.data(), kRows, 64, 0.1f, 0.1f, threads);
      }
      CHECK(loss < before);
      if (threads == 1) first = learned(bag);
      CHECK(learned(bag) == first);
    }
  }
}

TEST(a_bag_stops_when_it_is_told_to) {
  const Example texts(64);
  for (const std::size_t threads : {1, 3}) {
    Bag bag = texts.bag(64);
    const CancelFlag flag{true};
    const CancelScope scope(&flag);
    CHECK_THROWS(Cancelled, bag.epoch(texts.order.data(), kRows, 64, 0.1f, 0.1f, threads));
  }
}

TEST(a_bag_whose_outputs_run_away_says_so) {
  const Example texts(64);
  for (const std::size_t threads : {1, 3}) {
    Bag bag = texts.bag(64);
    double loss = 0;
    for (int epoch = 0; epoch < 3; ++epoch) loss = bag.epoch(texts.order.data(), kRows, 64, 1e38f, 1e38f, threads);
    CHECK(!std::isfinite(loss));
  }
}

TEST(columns_that_do_not_ascend_are_refused) {
  Example texts(8);
  std::swap(texts.indices[3], texts.indices[4]);
  CHECK_THROWS(std::invalid_argument, texts.bag(8));
}

TEST(a_team_meets_before_it_goes_on) {
  for (const std::size_t wanted : {1, 2, 5}) {
    std::atomic<int> done{0};
    int meetings = 0;
    std::size_t told = 0;
    in_team(wanted, [&](std::size_t members) { told = members; },
            [&](std::size_t, Team& team) {
              for (int phase = 1; phase <= 200; ++phase) {
                ++done;
                team.meet([&] { meetings += done == phase * static_cast<int>(team.size()); });
              }
            });
    CHECK_EQ(told, wanted);
    CHECK_EQ(meetings, 200);
  }
}

TEST(a_team_that_cannot_be_prepared_ends) {
  bool worked = false;
  CHECK_THROWS(std::runtime_error,
               in_team(3, [](std::size_t) { throw std::runtime_error("no"); }, [&](std::size_t, Team&) { worked = true; }));
  CHECK(!worked);
}
