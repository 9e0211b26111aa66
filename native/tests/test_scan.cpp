#include <random>
#include <string>
#include <vector>

#include "core/csv.hpp"
#include "core/parallel.hpp"
#include "core/scan.hpp"
#include "core/sparse.hpp"
#include "tests/check.hpp"

using namespace textmill;

namespace {

struct Packed {
  std::string bytes;
  std::vector<std::int64_t> offsets{0};
  explicit Packed(const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
      bytes += text;
      offsets.push_back(static_cast<std::int64_t>(bytes.size()));
    }
  }
  Texts view() const { return {bytes.data(), offsets.data(), offsets.size() - 1}; }
};

std::vector<std::string> many() {
  std::mt19937 random(3);
  std::vector<std::string> texts;
  for (int i = 0; i < 12000; ++i) {
    texts.emplace_back();
    for (unsigned k = random() % 12; k > 0; --k) texts.back() += "W" + std::to_string(random() % 700) + "\xC3\x89 &amp; ";
  }
  return texts;
}

}  // namespace

TEST(threads_change_nothing) {
  const Packed packed(many());
  Program program;
  program.stages = {strip_html};
  InternTable types;
  const Scanned one = scan(program, packed.view(), types, true, 1);
  for (const std::size_t threads : {2, 3, 8}) {
    InternTable again;
    const Scanned other = scan(program, packed.view(), again, true, threads);
    CHECK(one.ids == other.ids && one.rows == other.rows && one.spans == other.spans);
    CHECK(std::string_view(types.bytes(), types.ends().back()) == std::string_view(again.bytes(), again.ends().back()));
    InternTable others;
    const Scanned frozen = scan_frozen(program, packed.view(), types, others, true, threads);
    CHECK(frozen.ids == one.ids && others.size() == 0);
    CHECK(fingerprints(packed.view(), true, threads) == fingerprints(packed.view(), true, 1));
  }
}

TEST(places_are_code_points_of_the_raw_text) {
  const Packed packed({"\xC3\xA9 <b>&eacute;t</b>\xC3\xA9 fin"});
  Program program;
  program.stages = {strip_html};
  InternTable types;
  const Scanned found = scan(program, packed.view(), types, true, 1);
  CHECK(found.spans == PageVector<std::int32_t>({5, 19, 20, 23}));
  CHECK_EQ(types[0], "\xC3\xA9t\xC3\xA9");
}

TEST(the_first_exception_of_many_threads_is_thrown_on) {
  for (const std::size_t shards : {1, 2, 7})
    CHECK_THROWS(std::length_error, in_parallel(shards, [&](std::size_t s) { if (s + 1 == shards) throw std::length_error("here"); }));
}

TEST(cuts_cover_everything_once) {
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::int64_t> before{static_cast<std::int64_t>(random() % 9)};
    for (unsigned i = random() % 20; i > 0; --i) before.push_back(before.back() + (random() % 3 ? 0 : random() % 50));
    const std::size_t n = before.size() - 1, shards = 1 + random() % 6;
    const std::vector<std::size_t> cuts = even_cuts(before.data(), n, shards);
    CHECK_EQ(cuts.size(), shards + 1);
    CHECK(cuts.front() == 0 && cuts.back() == n);
    for (std::size_t s = 0; s < shards; ++s) CHECK(cuts[s] <= cuts[s + 1]);
  }
}

TEST(a_transpose_and_a_product_by_hand) {
  const float data[] = {1, 2, 3};
  const std::int32_t indices[] = {0, 2, 2}, ends[] = {0, 2, 2, 3};
  const Sparse matrix{data, indices, ends, 3, 3};
  float flipped[3];
  std::int32_t rows[3], columns[4];
  transpose(matrix, flipped, rows, columns, 2);
  CHECK(std::vector<float>(flipped, flipped + 3) == std::vector<float>({1, 2, 3}));
  CHECK(std::vector<std::int32_t>(rows, rows + 3) == std::vector<std::int32_t>({0, 0, 2}));
  CHECK(std::vector<std::int32_t>(columns, columns + 4) == std::vector<std::int32_t>({0, 1, 1, 3}));
  const double dense[] = {1, 10, 2, 20, 3, 30};
  double out[6];
  multiply(matrix, dense, 2, out, 2);
  CHECK(std::vector<double>(out, out + 6) == std::vector<double>({7, 70, 0, 0, 9, 90}));
}

TEST(cells_are_quoted_where_they_must_be) {
  const Packed left({"a", "", "say \"hi\"", "\""}), right({"b,c", "", "line\nbreak", "\r"});
  CHECK_EQ(csv_rows({left.view(), right.view()}, ','), "a,\"b,c\"\r\n,\r\n\"say \"\"hi\"\"\",\"line\nbreak\"\r\n\"\"\"\",\"\r\"\r\n");
  CHECK_EQ(csv_rows({left.view()}, ';').substr(0, 7), "a\r\n\"\"\r\n");
  CHECK_EQ(csv_rows({}, ','), "");
}
