// Threads that work in step: each does its part of a phase, and all meet before the next.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace textmill {

class Team {
 public:
  explicit Team(std::size_t size = 1) : size_(size), missing_(size) {}
  std::size_t size() const { return size_; }

  // Waits until all are here; the last to come calls last() before any goes on.
  template <class Last>
  void meet(Last&& last) {
    const std::size_t meeting = meeting_.load(std::memory_order_acquire);
    if (missing_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      last();
      missing_.store(size_, std::memory_order_relaxed);
      {
        const std::lock_guard lock(mutex_);
        meeting_.store(meeting + 1, std::memory_order_release);
      }
      met_.notify_all();
      return;
    }
    for (int i = 0; i < kLooks; ++i)
      if (meeting_.load(std::memory_order_acquire) != meeting) return;
    std::unique_lock lock(mutex_);
    met_.wait(lock, [&] { return meeting_.load(std::memory_order_acquire) != meeting; });
  }

 private:
  static constexpr int kLooks = 4000;  // some microseconds: to sleep and be woken takes longer
  const std::size_t size_;
  std::atomic<std::size_t> missing_, meeting_{0};
  std::mutex mutex_;
  std::condition_variable met_;
};

// work(member, team) on `wanted` threads or, where there are not as many to be had, on fewer; before, prepare(members).
// Whatever throws in work() leaves the others waiting: it must not.
template <class Prepare, class Work>
void in_team(std::size_t wanted, Prepare&& prepare, Work&& work) {
  std::mutex starting;
  std::unique_lock lock(starting);
  Team* team = nullptr;
  std::vector<std::thread> threads;
  try {
    threads.reserve(wanted);
    try {
      while (threads.size() + 1 < wanted)
        threads.emplace_back([&, member = threads.size() + 1] {
          { const std::lock_guard wait(starting); }  // until it is known how many they are
          if (team) work(member, *team);
        });
    } catch (const std::system_error&) {  // no more threads to be had: these do it
    }
    prepare(threads.size() + 1);
  } catch (...) {
    lock.unlock();
    for (std::thread& thread : threads) thread.join();
    throw;
  }
  Team made(threads.size() + 1);
  team = &made;
  lock.unlock();
  work(std::size_t{0}, made);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace textmill
