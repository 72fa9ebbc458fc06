#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "prunenet/checkpoint/safetensors_file.h"
#include "prunenet/checkpoint/safetensors_writer.h"
#include "prunenet/probe/moments.h"
#include "prunenet/probe/options.h"
#include "prunenet/probe/text.h"

namespace prunenet {

/// All that decides what a probe measures.
struct ProbeSource {
  std::string model_sha256;  ///< of the digests of its weight files, in order
  ProbeOptions options;
  std::uint64_t seed = 0;
};

/// What a probe file says of itself.
struct ProbeFacts {
  ProbeSource source;
  std::string model_name;
  std::int64_t layers = 0;
  std::int64_t neurons = 0;      ///< I
  std::int64_t hidden = 0;       ///< d, where the probe has loss metrics
  std::int64_t text_length = 0;  ///< L, tokens of a sequence
  std::string device;            ///< that it was computed on
  std::string version = {};      ///< of prunenet that wrote it; filled in when written
};

/// The text that a model sampled, and its moments of every layer, in one safetensors file (docs/formats.md), written
/// layer by layer: complete or absent. Throws what SafetensorsWriter throws.
class ProbeWriter {
 public:
  ProbeWriter(const std::filesystem::path& path, const ProbeFacts& facts);

  /// Before all layers. Throws Error(kInvalidArgument) where it has not the declared number of sequences and tokens.
  void write(const ProbeText& text);
  /// In the order of the layers. Throws Error(kInvalidArgument) where the moments are not of the declared shape.
  void write(std::int64_t layer, const LayerMoments& moments);
  /// The metrics of all layers (loss_metric.h), after the layers, where the options ask for them. Throws likewise.
  void write(const std::vector<MatrixF>& loss_metrics);
  /// `seconds`: the time that the probe took.
  void finish(double seconds);

 private:
  SafetensorsWriter writer_;
};

/// A probe file, read layer by layer.
class ProbeFile {
 public:
  static constexpr int kFormatVersion = 2;

  /// Throws Error(kBadInput) where the file is no probe, or damaged, Error(kUnsupported) for another format version.
  [[nodiscard]] static ProbeFile open(const std::filesystem::path& path);

  [[nodiscard]] const std::filesystem::path& path() const { return file_.path(); }
  [[nodiscard]] std::uint64_t bytes() const { return file_.file_bytes(); }
  [[nodiscard]] const ProbeFacts& facts() const { return facts_; }
  /// Which it took.
  [[nodiscard]] double seconds() const { return seconds_; }

  /// What the model sampled: moments of it need no sampling again. Throws Error(kBadInput) for a negative token.
  [[nodiscard]] ProbeText text() const;
  /// Throws Error(kBadInput) where a number is not finite, or codes are none of a packed matrix.
  [[nodiscard]] LayerMoments layer(std::int64_t layer) const;

  /// Throws Error(kMismatch) naming all that differs, both values of each, and then `advice`.
  void require(const ProbeSource& wanted, const std::string& advice) const;
  /// Throws Error(kMismatch) where the model has other sizes: a file of the same digest that lies.
  void require_sizes(std::int64_t layers, std::int64_t neurons) const;

 private:
  explicit ProbeFile(SafetensorsFile file) : file_(std::move(file)) {}
  [[nodiscard]] ResponseMoments half(const char* name, std::int64_t layer) const;
  [[nodiscard]] torch::Tensor sequences(const char* half) const;
  [[nodiscard]] MatrixF matrix(const std::string& tensor) const;
  [[nodiscard]] VectorF vector(const std::string& tensor) const;
  [[nodiscard]] PackedMatrix packed(const std::string& diagonal, const std::string& codes) const;
  [[nodiscard]] const std::string& field(const char* key) const;
  void read_facts();
  void check_tensors();

  SafetensorsFile file_;
  ProbeFacts facts_;
  double seconds_ = 0.0;
};

/// Whether a safetensors file says that it is a probe. Throws what SafetensorsFile::open throws.
[[nodiscard]] bool is_probe_file(const std::filesystem::path& path);

}  // namespace prunenet
