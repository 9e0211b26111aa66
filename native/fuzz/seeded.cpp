// In the place of libFuzzer where there is no clang: seeded random inputs. A target runs for [seconds] [seed].
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "fuzz/input.hpp"

int main(int n_arguments, char** arguments) {
  const double seconds = n_arguments > 1 ? std::atof(arguments[1]) : 2;
  std::mt19937 random(n_arguments > 2 ? static_cast<unsigned>(std::atoi(arguments[2])) : 1);
  const std::vector<std::string> pieces = {
      "<", ">", "</", "<!--", "-->", "<!-->", "<script>", "</script>", "<style ", "</style", "<p>", "<a href=", "&", "&amp;", "&am", "&#",
      "&#x", "&#65;", "&#xD800;", ";", "&CounterClockwiseContourIntegral;", "http://", "https://", "www.", "@", "@a", " ", "\n", "word", "ab",
      "Z", "_", "0", "\xC3\x89", "\xC4\xB0", "\xCE\xA3", "\xCC\x81", "\xC2\xAD", "\xE2\x80\x8D", "\xF0\x9D\x92\xB3", "\xF0\x9F\x98\x80", "\xC3",
      "\xE2\x82", "\xF0\x9F", "\x80", "\xFF", "\xFE", std::string(1, '\0'), "#", "#Ab", "a@b.co", "[1]", "[", "]", "1", "\r", "\x1F", "\xC2\x85", "\xE2\x80\x8B",
      "\xCC\xA3", "\xE1\x84\x80", "\xE1\x85\xA1", "\xE1\x86\xA8", "\xE0\xBD\xB3", "\xEF\xB7\xBA", "\xEF\xB8\x8F", "\xE2\x83\xA3",
      "\xF0\x9F\x91\xA9", "\xF0\x9F\x87\xAB", "\xF3\xA0\x81\xA7", "\xC3\x9F", "\xC2\xBD", "\xEF\xBF\xBD", "\xED\xA0\x80", "\xE2\x80\xA8",
      ":-)", "8-D", "<3", "a.co/b", "(a(b)c)", "...", "'", "-", "--", "555-123-4567", "I.B.M.", "!?", "\"", "``", "can't", "$1,000.50"};
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  long runs = 0;
  for (; std::chrono::steady_clock::now() < end; ++runs) {
    std::string input;
    for (int k = 0; k < 6; ++k) input.push_back(static_cast<char>(random()));
    for (unsigned n = random() % 60; n > 0; --n) {
      if (random() % 8 == 0) input.push_back(static_cast<char>(random()));
      else for (unsigned k = random() % 16 ? 1 : random() % 40; k > 0; --k) input += pieces[random() % pieces.size()];
    }
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  }
  std::printf("%ld inputs, no law broken\n", runs);
}
