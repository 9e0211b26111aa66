#include <cstring>
#include <exception>

#include "tests/check.hpp"

// Runs all tests, or those whose name holds the first argument.
int main(int n_arguments, char** arguments) {
  int run = 0;
  for (const check::Test& test : check::tests()) {
    if (n_arguments > 1 && !std::strstr(test.name, arguments[1])) continue;
    ++run;
    const int before = check::failures();
    try {
      test.run();
    } catch (const std::exception& error) {
      check::failed(test.name, 0, std::string("threw ") + error.what());
    }
    if (check::failures() != before) std::fprintf(stderr, "FAILED %s\n", test.name);
  }
  std::printf("%d tests, %d failed checks\n", run, check::failures());
  return check::failures() || !run;
}
