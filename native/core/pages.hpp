// Memory for large arrays, in large pages where the system has them: to be given small pages one by one takes longer
// than to fill them.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace textmill {

// Not set, its address a multiple of `alignment`; std::free gives it back. std::bad_alloc where there is none.
inline void* take_pages(std::size_t bytes, std::size_t alignment) {
#ifdef __linux__
  constexpr std::size_t kPage = std::size_t{1} << 21;
  if (bytes >= kPage && bytes <= SIZE_MAX - kPage) {
    const std::size_t whole = (bytes + kPage - 1) & ~(kPage - 1);
    if (void* room = std::aligned_alloc(kPage, whole)) {
      madvise(room, bytes & ~(kPage - 1), MADV_HUGEPAGE);  // not the last page, of which little may be wanted
      return room;
    }
  }
#endif
  void* room = alignment <= alignof(std::max_align_t) ? std::malloc(bytes ? bytes : 1)
                                                     : std::aligned_alloc(alignment, (bytes + alignment) / alignment * alignment);
  if (!room) throw std::bad_alloc();
  return room;
}

struct FreePages {
  void operator()(void* room) const { std::free(room); }
};
// An array of plain values, not set.
template <class T>
using PageArray = std::unique_ptr<T[], FreePages>;

template <class T>
PageArray<T> page_array(std::size_t n) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (n > SIZE_MAX / sizeof(T)) throw std::bad_alloc();
  return PageArray<T>(static_cast<T*>(take_pages(n * sizeof(T), alignof(T))));
}

// For vectors. What `resize` adds is not set.
template <class T>
struct PageAllocator {
  using value_type = T;
  PageAllocator() = default;
  template <class U>
  PageAllocator(const PageAllocator<U>&) {}
  T* allocate(std::size_t n) { return page_array<T>(n).release(); }
  void deallocate(T* room, std::size_t) { std::free(room); }
  template <class U>
  void construct(U* at) {
    ::new (static_cast<void*>(at)) U;
  }
  template <class U, class... Args>
  void construct(U* at, Args&&... args) {
    ::new (static_cast<void*>(at)) U(std::forward<Args>(args)...);
  }
  friend bool operator==(const PageAllocator&, const PageAllocator&) { return true; }
};
template <class T>
using PageVector = std::vector<T, PageAllocator<T>>;

}  // namespace textmill
