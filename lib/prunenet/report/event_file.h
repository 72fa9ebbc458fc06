#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace prunenet {

/// Named numbers of one step: "held_out_divergence", 0.41.
using Scalars = std::vector<std::pair<std::string, double>>;

/// CRC-32C (Castagnoli; RFC 3720, section 12.1), as TFRecord files have it: rotated right by 15 bits, plus 0xa282ead8.
[[nodiscard]] std::uint32_t masked_crc32c(std::span<const std::byte> bytes);

/// An event file of TensorBoard, which shows the numbers of a training as curves while it runs.
///
/// The file is a TFRecord file (https://www.tensorflow.org/tutorials/load_data/tfrecord: u64 length, masked CRC-32C of
/// the length, data, masked CRC-32C of the data, little endian) of `Event` messages in protocol buffers' encoding
/// (tensorflow/core/util/event.proto: wall_time = 1, step = 2, file_version = 3, summary = 5; summary.proto: value = 1
/// with tag = 1 and simple_value = 2). It is appended to and flushed step by step: what a killed run leaves is whole.
class EventFile {
 public:
  /// Makes `directory/events.out.tfevents.SECONDS.HOST.PID.prunenet`, and the directory. `seconds`: since the epoch.
  /// Throws Error(kIo) where that cannot be.
  EventFile(const std::filesystem::path& directory, double seconds);

  /// Tags are the names; values are rounded to single precision, as TensorBoard keeps them. Throws Error(kIo), and
  /// Error(kOutOfSpace) on a full disk.
  void add(std::int64_t step, double seconds, const Scalars& scalars);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  void write_record(const std::string& data);

  std::filesystem::path path_;
  std::ofstream file_;
};

}  // namespace prunenet
