#include <string>

#include "core/intern.hpp"
#include "tests/check.hpp"

using namespace textmill;

namespace {
std::string padded(const std::string& token) { return token + std::string(kTokenPadding, '\x7F'); }  // padding must not matter
}  // namespace

TEST(tokens_are_numbered_by_first_appearance) {
  InternTable table;
  for (int round = 0; round < 2; ++round)
    for (int i = 0; i < 5000; ++i) {
      const std::string token = std::string(static_cast<std::size_t>(i % 29 + 1), 'x') + std::to_string(i);
      const std::int32_t id = table.intern(padded(token).data(), token.size());
      if (id != i) {
        CHECK_EQ(id, i);
        return;
      }
    }
  CHECK_EQ(table.size(), 5000u);
  CHECK_EQ(table[1], "xx1");
  CHECK_EQ(table.find(padded("xx1").data(), 3), 1);
  CHECK_EQ(table.find(padded("xx1").data(), 2), -1);
  CHECK_EQ(table.find(padded("nothing").data(), 7), -1);
}

TEST(tokens_of_one_head_differ_by_what_follows) {
  InternTable table;
  const std::string tokens[] = {"abcdefgh", "abcdefghi", std::string("abcdefgh\0", 9), "abcdefgh01234567", "abcdefgh01234568", "a", std::string("a\0", 2)};
  int n = 0;
  for (const std::string& token : tokens) n += table.intern(padded(token).data(), token.size()) == n;
  CHECK_EQ(n, 7);
  CHECK_EQ(table.size(), 7u);
}

TEST(a_reserved_table_holds_the_same) {
  InternTable table;
  table.reserve(10000);
  CHECK_EQ(table.intern(padded("one").data(), 3), 0);
  table.reserve(100000);
  CHECK_EQ(table.intern(padded("two").data(), 3), 1);
  CHECK_EQ(table.intern(padded("one").data(), 3), 0);
}
