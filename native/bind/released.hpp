// Long work with the GIL released, which Ctrl-C stops.
#pragma once

#include <cstddef>
#include <functional>

#include <nanobind/nanobind.h>

namespace textmill {

// Runs work on a thread of its own while this one, Python's main thread, waits and lets Python handle signals every 50
// ms. Where a handler raises (KeyboardInterrupt), the work is told to stop and, once it has, the error is raised.
void run_stoppably(const std::function<void()>& work);

// Whether signals are handled by this thread.
bool in_main_thread();

// Runs work with the GIL released. `size`: about how many bytes the work goes through; what is small takes no time that
// anyone would want to stop, and starts no thread.
template <class Work>
void released(std::size_t size, Work&& work) {
  constexpr std::size_t kSmall = std::size_t{1} << 20;
  if (size >= kSmall && in_main_thread()) {
    run_stoppably(work);
    return;
  }
  nanobind::gil_scoped_release release;
  work();
}

}  // namespace textmill
