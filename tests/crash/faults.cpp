#include "faults.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>

namespace prunenet::testing {
namespace {

// The replaced functions can reach nothing else.
struct State {
  Fault fault = Fault::kNone;
  std::uint64_t nth = 0;
  CallCounts* counts = nullptr;
};
State state;

/// A file of a disk: what libraries read of the kernel does not fail in this way.
bool is_regular(int descriptor) {
  const int before = errno;
  struct stat status {};
  struct statfs system {};
  const bool regular = ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) &&
                       ::fstatfs(descriptor, &system) == 0 && system.f_type != PROC_SUPER_MAGIC &&
                       system.f_type != SYSFS_MAGIC;
  errno = before;
  return regular;
}

int signal_of(Fault fault) {
  switch (fault) {
    case Fault::kKill:
      return SIGKILL;
    case Fault::kInterrupt:
      return SIGINT;
    case Fault::kTerminate:
      return SIGTERM;
    case Fault::kHangUp:
      return SIGHUP;
    default:
      return 0;
  }
}

/// Counts a call that changes files. False where it must fail.
bool may_change(bool takes_space) {
  if (state.counts == nullptr) return true;
  const std::uint64_t call = ++state.counts->changes;
  if (const int signal = signal_of(state.fault); signal != 0 && call == state.nth) ::raise(signal);
  if (state.fault != Fault::kDiskFull || call < state.nth || !takes_space) return true;
  errno = ENOSPC;
  return false;
}

bool is_about_to_die() {
  return state.counts != nullptr && state.fault == Fault::kKill && state.counts->changes + 1 == state.nth;
}

bool may_read(int descriptor) {
  if (state.counts == nullptr || !is_regular(descriptor)) return true;
  if (++state.counts->reads != state.nth || state.fault != Fault::kReadError) return true;
  errno = EIO;
  return false;
}

/// The function that is replaced.
template <typename Function>
Function* original(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

void meet_fault(Fault fault, std::uint64_t nth, CallCounts& counts) {
  state = {fault, nth, &counts};
}

}  // namespace prunenet::testing

using prunenet::testing::is_about_to_die;
using prunenet::testing::is_regular;
using prunenet::testing::may_change;
using prunenet::testing::may_read;
using prunenet::testing::original;

extern "C" {

int open(const char* path, int flags, ...) {
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0) {
    va_list arguments;
    va_start(arguments, flags);
    mode = va_arg(arguments, mode_t);
    va_end(arguments);
    if (!may_change(true)) return -1;
  }
  static auto* const real = original<int(const char*, int, mode_t)>("open");
  return real(path, flags, mode);
}

ssize_t write(int descriptor, const void* bytes, size_t count) {
  static auto* const real = original<ssize_t(int, const void*, size_t)>("write");
  if (!is_regular(descriptor)) return real(descriptor, bytes, count);
  if (is_about_to_die()) real(descriptor, bytes, count / 2);
  return may_change(true) ? real(descriptor, bytes, count) : -1;
}

ssize_t writev(int descriptor, const iovec* pieces, int count) {
  static auto* const real = original<ssize_t(int, const iovec*, int)>("writev");
  return !is_regular(descriptor) || may_change(true) ? real(descriptor, pieces, count) : -1;
}

ssize_t read(int descriptor, void* bytes, size_t count) {
  static auto* const real = original<ssize_t(int, void*, size_t)>("read");
  return may_read(descriptor) ? real(descriptor, bytes, count) : -1;
}

ssize_t pread(int descriptor, void* bytes, size_t count, off_t offset) {
  static auto* const real = original<ssize_t(int, void*, size_t, off_t)>("pread");
  return may_read(descriptor) ? real(descriptor, bytes, count, offset) : -1;
}

int fsync(int descriptor) {
  static auto* const real = original<int(int)>("fsync");
  return may_change(true) ? real(descriptor) : -1;
}

int mkdir(const char* path, mode_t mode) {
  static auto* const real = original<int(const char*, mode_t)>("mkdir");
  return may_change(true) ? real(path, mode) : -1;
}

int rename(const char* from, const char* to) {
  static auto* const real = original<int(const char*, const char*)>("rename");
  return may_change(false) ? real(from, to) : -1;
}

int renameat2(int from_directory, const char* from, int to_directory, const char* to, unsigned int flags) {
  static auto* const real = original<int(int, const char*, int, const char*, unsigned int)>("renameat2");
  return may_change(false) ? real(from_directory, from, to_directory, to, flags) : -1;
}

int unlink(const char* path) {
  static auto* const real = original<int(const char*)>("unlink");
  return may_change(false) ? real(path) : -1;
}

int unlinkat(int directory, const char* path, int flags) {
  static auto* const real = original<int(int, const char*, int)>("unlinkat");
  return may_change(false) ? real(directory, path, flags) : -1;
}

int remove(const char* path) {
  static auto* const real = original<int(const char*)>("remove");
  return may_change(false) ? real(path) : -1;
}

int rmdir(const char* path) {
  static auto* const real = original<int(const char*)>("rmdir");
  return may_change(false) ? real(path) : -1;
}

}  // extern "C"
