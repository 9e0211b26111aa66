// A test framework of thirty lines: TEST(name) { CHECK(...); CHECK_EQ(a, b); CHECK_THROWS(error, ...); }
#pragma once

#include <cstdio>
#include <functional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace check {

struct Test {
  const char* name;
  void (*run)();
};
inline std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}
inline int& failures() {
  static int n = 0;
  return n;
}
struct Register {
  Register(const char* name, void (*run)()) { tests().push_back({name, run}); }
};
inline void failed(const char* file, int line, const std::string& what) {
  ++failures();
  std::fprintf(stderr, "%s:%d: %s\n", file, line, what.c_str());
}
template <class A, class B>
void equal(const char* file, int line, const char* said, const A& a, const B& b) {
  if (a == b) return;
  std::ostringstream out;
  out << said;
  if constexpr (requires { out << a << b; }) out << ": " << a << " is not " << b;
  failed(file, line, out.str());
}

}  // namespace check

#define TEST(name)                                                \
  static void name();                                             \
  static const check::Register registered_##name(#name, &name);   \
  static void name()
#define CHECK(...) ((__VA_ARGS__) ? void() : check::failed(__FILE__, __LINE__, #__VA_ARGS__))
#define CHECK_EQ(a, ...) check::equal(__FILE__, __LINE__, #a " == " #__VA_ARGS__, a, __VA_ARGS__)
#define CHECK_THROWS(error, ...)                                                  \
  do {                                                                            \
    bool thrown = false;                                                          \
    try {                                                                         \
      __VA_ARGS__;                                                                \
    } catch (const error&) {                                                      \
      thrown = true;                                                              \
    }                                                                             \
    if (!thrown) check::failed(__FILE__, __LINE__, "wanted " #error ": " #__VA_ARGS__); \
  } while (false)
