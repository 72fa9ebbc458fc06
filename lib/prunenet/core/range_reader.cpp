#include "prunenet/core/range_reader.h"

#include <fmt/format.h>

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "prunenet/core/checked.h"
#include "prunenet/core/error.h"
#include "prunenet/core/sha256.h"

namespace prunenet {

class RangeReader::State {
 public:
  State(const InputFile& file, std::vector<FileRange> ranges, std::size_t ahead)
      : file_(file), ranges_(std::move(ranges)), ahead_(ahead) {
    for (const FileRange& range : ranges_) {
      const auto end = checked_add(range.offset, range.bytes);
      if (end && *end <= file_.size()) continue;
      throw Error(ErrorKind::kInvalidArgument,
                  fmt::format("{}: {} bytes wanted at offset {}, the file has {}", file_.path().string(), range.bytes,
                              range.offset, file_.size()));
    }
    if (ahead_ > 0) thread_ = std::jthread([this](const std::stop_token& stop) { read_ahead(stop); });
  }

  std::span<const std::byte> next() {
    if (taken_ == ranges_.size()) throw Error(ErrorKind::kInvalidArgument, "every range was read");
    if (ahead_ == 0) {
      fill(ranges_[taken_], current_);
    } else {
      take();
    }
    ++taken_;
    return current_;
  }

  std::string digest() {
    if (taken_ != ranges_.size()) throw Error(ErrorKind::kInvalidArgument, "not every range was read yet");
    return digest_.hex();
  }

 private:
  using Bytes = std::vector<std::byte>;

  void fill(const FileRange& range, Bytes& bytes) {
    bytes.resize(range.bytes);
    file_.read(range.offset, bytes);
    digest_.update(bytes);
  }

  void take() {
    std::unique_lock lock(mutex_);
    spare_.push_back(std::move(current_));
    changed_.wait(lock, [this] { return !ready_.empty() || failure_; });
    if (ready_.empty()) std::rethrow_exception(failure_);
    current_ = std::move(ready_.front());
    ready_.pop_front();
    changed_.notify_all();
  }

  void read_ahead(const std::stop_token& stop) {
    try {
      for (const FileRange& range : ranges_) {
        Bytes bytes;
        {
          std::unique_lock lock(mutex_);
          if (!changed_.wait(lock, stop, [this] { return ready_.size() < ahead_; })) return;
          if (!spare_.empty()) {
            bytes = std::move(spare_.back());
            spare_.pop_back();
          }
        }
        fill(range, bytes);
        const std::lock_guard lock(mutex_);
        ready_.push_back(std::move(bytes));
        changed_.notify_all();
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      failure_ = std::current_exception();
      changed_.notify_all();
    }
  }

  const InputFile file_;
  const std::vector<FileRange> ranges_;
  const std::size_t ahead_;
  std::size_t taken_ = 0;
  Bytes current_;
  Sha256 digest_;  ///< of the thread while there is one that reads
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Bytes> ready_;
  std::vector<Bytes> spare_;  ///< memory that was used before
  std::exception_ptr failure_;
  std::jthread thread_;  ///< last: it ends before what it works on
};

RangeReader::RangeReader(const InputFile& file, std::vector<FileRange> ranges, std::size_t ahead)
    : state_(std::make_unique<State>(file, std::move(ranges), ahead)) {}
RangeReader::~RangeReader() = default;

std::span<const std::byte> RangeReader::next() {
  return state_->next();
}

std::string RangeReader::digest() {
  return state_->digest();
}

}  // namespace prunenet
