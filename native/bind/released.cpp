#include "bind/released.hpp"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

#include "core/cancel.hpp"

namespace nb = nanobind;

namespace textmill {

bool in_main_thread() {
  const nb::object main = nb::module_::import_("threading").attr("main_thread")();
  return nb::cast<unsigned long>(main.attr("ident")) == PyThread_get_thread_ident();
}

void run_stoppably(const std::function<void()>& work) {
  CancelFlag cancelled{false};
  std::mutex mutex;
  std::condition_variable ended;
  bool done = false;
  std::exception_ptr failed;
  std::optional<nb::python_error> raised;
  {
    nb::gil_scoped_release release;
    std::thread worker;
    try {
      worker = std::thread([&] {
        try {
          const CancelScope scope(&cancelled);
          work();
        } catch (...) {
          failed = std::current_exception();
        }
        const std::lock_guard lock(mutex);
        done = true;
        ended.notify_one();
      });
    } catch (const std::system_error&) {  // no more threads to be had: it can't be stopped then
      work();
      return;
    }
    std::unique_lock lock(mutex);
    while (!ended.wait_for(lock, std::chrono::milliseconds(50), [&] { return done; })) {
      if (cancelled) continue;
      lock.unlock();
      {
        nb::gil_scoped_acquire acquire;
        if (PyErr_CheckSignals() != 0) {
          raised.emplace();
          cancelled = true;
        }
      }
      lock.lock();
    }
    lock.unlock();
    worker.join();
  }
  if (raised) throw nb::python_error(std::move(*raised));
  if (failed) std::rethrow_exception(failed);
}

}  // namespace textmill
