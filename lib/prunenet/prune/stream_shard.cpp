#include "prunenet/prune/stream_shard.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "prunenet/checkpoint/safetensors_writer.h"
#include "prunenet/core/file_pieces.h"
#include "prunenet/core/range_reader.h"
#include "prunenet/core/sha256.h"
#include "prunenet/prune/slice.h"

namespace prunenet {

namespace {

constexpr std::size_t kPiecesAhead = 6;

/// A stretch of the input.
struct Piece {
  FileRange range;
  std::string tensor;  ///< whose it is; empty where it is only hashed
};

void append_pieces(FileRange range, std::uint64_t step, const std::string& tensor, std::vector<Piece>& pieces) {
  for (const FileRange& piece : pieces_of(range, step)) pieces.push_back({piece, tensor});
}

/// One tensor on its way from file to file.
class TensorStream {
 public:
  TensorStream(const TensorInfo& info, const std::string& name, const std::map<std::string, Cut>& cuts,
               const BiasShifts& shifts, const Replacements& replacements)
      : info_(info), name_(name), replacements_(replacements.has(name) ? &replacements : nullptr) {
    if (const auto cut = cuts.find(name); cut != cuts.end()) slicer_.emplace(info, cut->second.axis, cut->second.keep);
    if (const auto shift = shifts.find(name); shift != shifts.end()) shift_ = shift->second;
  }

  /// Biases change as a whole.
  [[nodiscard]] std::uint64_t unit() const {
    if (shift_ != nullptr) return std::max<std::uint64_t>(1, info_.bytes);
    if (slicer_) return slicer_->unit();
    return replacements_ != nullptr ? size_of(info_.dtype) : 1;
  }

  /// What stays of the next piece: the piece itself, or what is put into `kept`.
  [[nodiscard]] std::span<const std::byte> next(std::span<const std::byte> piece, std::vector<std::byte>& kept) {
    if (replacements_ != nullptr) {
      replace(kept_of(piece, kept).size() / size_of(info_.dtype), kept);
      return kept;
    }
    return kept_of(piece, kept);
  }

 private:
  [[nodiscard]] std::span<const std::byte> kept_of(std::span<const std::byte> piece, std::vector<std::byte>& kept) {
    if (shift_ == nullptr && !slicer_) return piece;
    if (shift_ != nullptr) {
      kept = shifted(name_, {info_, {piece.begin(), piece.end()}}, *shift_).data;
    } else {
      slicer_->next(piece, kept);
    }
    return kept;
  }

  /// The next so many numbers.
  void replace(std::uint64_t count, std::vector<std::byte>& kept) {
    kept = rounded_to(info_.dtype, replacements_->numbers(name_, replaced_, count), name_, replaced_);
    replaced_ += count;
  }

  TensorInfo info_;
  std::string name_;
  std::optional<Slicer> slicer_;
  const VectorF* shift_ = nullptr;
  const Replacements* replacements_;  ///< null where the tensor has none
  std::uint64_t replaced_ = 0;        ///< numbers so far
};

/// The tensors in the order in which they are written.
std::vector<std::string> names_of(const SafetensorsLayout& layout) {
  std::vector<std::string> names;
  for (const TensorDeclaration& tensor : layout.tensors()) names.push_back(tensor.name);
  return names;
}

}  // namespace

ShardDigests stream_shard(const SafetensorsFile& input, const Shard& shard, const std::map<std::string, Cut>& cuts,
                          const BiasShifts& shifts, const Replacements& replacements, const std::filesystem::path& to,
                          const StreamOptions& options, Progress& progress) {
  const SafetensorsLayout layout(shard.tensors, shard.metadata);
  const std::vector<std::string> written = names_of(layout);
  std::map<std::string, TensorStream> streams;
  for (const std::string& name : written) {
    streams.try_emplace(name, input.tensors().at(name), name, cuts, shifts, replacements);
  }
  std::vector<std::string> lying = input.names();
  std::erase_if(lying, [&streams](const std::string& name) { return !streams.contains(name); });
  const bool in_order = lying == written;

  std::vector<Piece> pieces;
  const auto step_of = [&options](std::uint64_t unit) {
    return std::max<std::uint64_t>(1, options.piece_bytes / unit) * unit;
  };
  if (in_order) append_pieces({0, input.header_bytes()}, step_of(1), "", pieces);
  for (const std::string& name : in_order ? input.names() : written) {
    const auto stream = streams.find(name);
    const bool stays = stream != streams.end();
    append_pieces(input.range_of(name), step_of(stays ? stream->second.unit() : 1), stays ? name : "", pieces);
  }
  std::vector<FileRange> ranges(pieces.size());
  std::ranges::transform(pieces, ranges.begin(), &Piece::range);

  RangeReader reader(input.file(), std::move(ranges), options.overlap ? kPiecesAhead : 0);
  SafetensorsWriter writer(to, layout);
  Sha256 output;
  output.update(std::as_bytes(std::span(layout.header())));
  std::vector<std::byte> buffer;  // one for all tensors, of which a shard has hundreds
  for (const Piece& piece : pieces) {
    const std::span<const std::byte> bytes = reader.next();
    if (!piece.tensor.empty()) {
      const std::span<const std::byte> kept = streams.at(piece.tensor).next(bytes, buffer);
      output.update(kept);
      writer.append(piece.tensor, kept);
    }
    progress.advance(bytes.size());
  }
  writer.finish();
  return {in_order ? reader.digest() : sha256_file(input.path()), output.hex()};
}

}  // namespace prunenet
