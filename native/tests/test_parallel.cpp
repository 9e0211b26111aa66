// What several callers may do at once; `make races` runs this under ThreadSanitizer.
#include "core/parallel.hpp"

#include <string>
#include <thread>
#include <vector>

#include "core/cancel.hpp"
#include "core/count.hpp"
#include "core/grams.hpp"
#include "core/hashing.hpp"
#include "core/rewrite.hpp"
#include "core/scan.hpp"
#include "core/segment.hpp"
#include "core/sparse.hpp"
#include "tests/check.hpp"

using namespace textmill;

namespace {

struct Corpus {
  std::string bytes;
  std::vector<std::int64_t> offsets{0};
  Corpus() {
    for (int i = 0; i < 3000; ++i) {
      for (int k = 0; k < 20; ++k) bytes += "w" + std::to_string(i * 31 * k % 997) + (k % 5 ? " " : " \xC3\x89t\xC3\xA9 &amp; ");
      offsets.push_back(static_cast<std::int64_t>(bytes.size()));
    }
  }
  Texts view() const { return {bytes.data(), offsets.data(), offsets.size() - 1}; }
};

void at_once(int n, auto&& work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < n; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

TEST(several_callers_share_a_program_a_frozen_table_and_a_vocabulary) {
  const Corpus corpus;
  Program program;
  program.stages = {find_stage("html"), find_stage("nfc")};
  InternTable types;
  const Scanned found = scan(program, corpus.view(), types, false, 3);
  std::vector<std::int32_t> terms(types.size());
  for (std::size_t i = 0; i < terms.size(); ++i) terms[i] = static_cast<std::int32_t>(i);
  GramCounter counter;
  counter.add(found.ids.data(), found.rows.data(), corpus.view().n);
  counter.count(terms.data(), terms.size(), terms.size(), 1, 3, 2, 3);
  const auto keep = std::make_unique<bool[]>(counter.n_columns());
  std::fill(keep.get(), keep.get() + counter.n_columns(), true);
  Vocabulary kept = counter.vocabulary(keep.get());
  const Csr matrix = counter.matrix(keep.get(), 3);
  std::vector<std::int32_t> known(types.size(), kUnknown);
  for (std::size_t i = 0; i < kept.terms.size(); ++i) known[static_cast<std::size_t>(kept.terms[i])] = static_cast<std::int32_t>(i);
  const Grams grams(std::move(kept.levels), 1);
  at_once(3, [&] {
    InternTable others;
    const Scanned again = scan_frozen(program, corpus.view(), types, others, true, 2);
    CHECK(again.ids == found.ids && others.size() == 0);
    const Counted counted = count(grams, again.ids.data(), again.rows.data(), corpus.view().n, known.data(), 2);
    CHECK(counted.indptr == matrix.indptr);
    std::vector<double> out(counted.size());
    weigh<double>(counted.data.get(), out.data(), counted.indices.get(), counted.indptr.data(), counted.lengths.data(), corpus.view().n,
                  {Tf::sublinear, Norm::l2, nullptr, 1, 3}, 2);
    rewrite(program, corpus.view(), 2);
    fingerprints(corpus.view(), true, 2);
    segment(corpus.view(), Segments::words, 2);
    const std::vector<float> values(counted.data.get(), counted.data.get() + counted.size());
    const Sparse sparse{values.data(), counted.indices.get(), counted.indptr.data(), corpus.view().n, counter.n_columns()};
    std::vector<float> turned(values.size());
    std::vector<std::int32_t> rows(values.size()), ends(counter.n_columns() + 1);
    transpose(sparse, turned.data(), rows.data(), ends.data(), 2);
    CHECK_EQ(static_cast<std::size_t>(ends.back()), values.size());
  });
}

TEST(a_flag_that_another_thread_sets_stops_all_shards) {
  const Corpus corpus;
  for (int k = 0; k < 5; ++k) {
    CancelFlag flag{false};
    bool stopped = false;
    std::thread worker([&] {
      const CancelScope scope(&flag);
      try {
        for (;;) {
          InternTable types;
          scan(Program(), corpus.view(), types, true, 3);
        }
      } catch (const Cancelled&) {
        stopped = true;
      }
    });
    flag = true;
    worker.join();
    CHECK(stopped);
  }
}

TEST(the_first_error_of_a_shard_is_thrown_once_all_have_ended) {
  std::vector<int> ended(3);
  CHECK_THROWS(std::runtime_error, in_parallel(3, [&](std::size_t shard) {
    if (shard == 1) throw std::runtime_error("one");
    ended[shard] = 1;
  }));
  CHECK(ended[0] == 1 && ended[2] == 1);
}
