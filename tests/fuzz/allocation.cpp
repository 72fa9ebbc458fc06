#include "fuzz/allocation.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <new>

#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define PRUNENET_WATCH_BY_SANITIZER
#if __has_include(<sanitizer/allocator_interface.h>)
#include <sanitizer/allocator_interface.h>
#else  // GCC has the functions, but not their header
extern "C" {
std::size_t __sanitizer_get_allocated_size(const volatile void* memory);
int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void*, std::size_t),
                                              void (*free_hook)(const volatile void*));
}
#endif
#else
#include <malloc.h>
#endif

namespace prunenet::testing {

namespace {

struct Count {
  bool on = false;
  std::int64_t in_use = 0;
  std::int64_t peak = 0;
};

// libtorch's own threads are not counted.
thread_local constinit Count count;

void take(std::size_t bytes) {
  if (!count.on) return;
  count.in_use += static_cast<std::int64_t>(bytes);
  count.peak = std::max(count.peak, count.in_use);
}

void give_back(std::size_t bytes) {
  if (count.on) count.in_use -= static_cast<std::int64_t>(bytes);
}

}  // namespace

AllocationWatch::AllocationWatch() {
#ifdef PRUNENET_WATCH_BY_SANITIZER
  static const int installed = __sanitizer_install_malloc_and_free_hooks(
      [](const volatile void* /*memory*/, std::size_t bytes) { take(bytes); },
      [](const volatile void* memory) { give_back(__sanitizer_get_allocated_size(memory)); });
  static_cast<void>(installed);
#endif
  count = {.on = true, .in_use = 0, .peak = 0};
}

AllocationWatch::~AllocationWatch() {
  count.on = false;
}

std::uint64_t AllocationWatch::peak() const {
  return static_cast<std::uint64_t>(count.peak);
}

#ifndef PRUNENET_WATCH_BY_SANITIZER
namespace {

void* allocate(std::size_t size, std::size_t alignment) {
  void* const memory = alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__
                           ? std::malloc(std::max<std::size_t>(size, 1))
                           : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  take(malloc_usable_size(memory));
  return memory;
}

void release(void* memory) {
  if (memory == nullptr) return;
  give_back(malloc_usable_size(memory));
  std::free(memory);
}

}  // namespace
#endif

}  // namespace prunenet::testing

#ifndef PRUNENET_WATCH_BY_SANITIZER
// The forms that the standard library's other ones call.
void* operator new(std::size_t size) {
  return prunenet::testing::allocate(size, 1);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return prunenet::testing::allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept {
  prunenet::testing::release(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  prunenet::testing::release(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  prunenet::testing::release(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  prunenet::testing::release(memory);
}
#endif
