#pragma once

#include <cstdint>

namespace prunenet::testing {

/// Counts memory that this thread takes and gives back while it lives; one at a time.
/// Under AddressSanitizer that is all memory, otherwise what goes through operator new.
class AllocationWatch {
 public:
  AllocationWatch();
  ~AllocationWatch();
  AllocationWatch(const AllocationWatch&) = delete;
  AllocationWatch& operator=(const AllocationWatch&) = delete;

  /// Most bytes in use at a time since the start, beyond those in use then.
  [[nodiscard]] std::uint64_t peak() const;
};

}  // namespace prunenet::testing
