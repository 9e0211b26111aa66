// How long work is stopped: the caller sets a flag, loops look at it every few thousand steps and throw. Results are
// never half done: what was begun is thrown away or, where something grows (InternTable), put back.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>

namespace textmill {

class Cancelled : public std::exception {
 public:
  const char* what() const noexcept override { return "stopped"; }
};

using CancelFlag = std::atomic<bool>;

// The flag of the work that this thread does, if it has one; in_parallel hands it on to the threads it starts.
inline thread_local const CancelFlag* current_cancel_flag = nullptr;

class CancelScope {
 public:
  explicit CancelScope(const CancelFlag* flag) : before_(current_cancel_flag) { current_cancel_flag = flag; }
  ~CancelScope() { current_cancel_flag = before_; }
  CancelScope(const CancelScope&) = delete;
  CancelScope& operator=(const CancelScope&) = delete;

 private:
  const CancelFlag* before_;
};

inline void stop_if_cancelled() {
  if (current_cancel_flag && current_cancel_flag->load(std::memory_order_relaxed)) throw Cancelled();
}

// For a loop over places that rise: one comparison a step, a look at the flag every kStep places.
class CancelWatch {
 public:
  static constexpr std::size_t kStep = std::size_t{1} << 16;

  explicit CancelWatch(std::size_t first = 0) : next_(first + kStep) {}
  void at(std::size_t place) {
    if (place >= next_) [[unlikely]] look(place);
  }

 private:
  [[gnu::noinline, gnu::cold]] void look(std::size_t place) {
    stop_if_cancelled();
    next_ = place + kStep;
  }
  std::size_t next_;
};

// Puts many values behind others: fresh memory comes slowly, so this too looks at the flag.
template <class To, class From>
void append_all(To& to, const From* from, std::size_t n) {
  constexpr std::size_t kBlock = std::size_t{1} << 22;
  for (; n > kBlock; n -= kBlock, from += kBlock) {
    to.insert(to.end(), from, from + kBlock);
    stop_if_cancelled();
  }
  to.insert(to.end(), from, from + n);
}

}  // namespace textmill
