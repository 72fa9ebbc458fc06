#include "prunenet/family/gguf_store.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "prunenet/checkpoint/gguf_constants.h"
#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"
#include "prunenet/family/gguf_config.h"
#include "prunenet/family/gguf_tensors.h"

namespace prunenet {

namespace {

/// Where a checkpoint's tensor, or part of it, lies in the file.
struct Source {
  std::size_t tensor = 0;      ///< of the list
  std::size_t part = 0;        ///< of that tensor
  std::int64_t first_row = 0;  ///< of the part, in the GGUF tensor
};

class GgufStore final : public TensorStore {
 public:
  GgufStore(GgufFile file, std::vector<GgufTensor> list) : file_(std::move(file)), list_(std::move(list)) {
    for (std::size_t i = 0; i < list_.size(); ++i) {
      std::int64_t row = 0;
      for (std::size_t part = 0; part < list_[i].parts.size(); ++part) {
        const GgufRows& rows = list_[i].parts[part];
        sources_[rows.tensor].push_back({i, part, row});
        row += rows.rows;
        tensors_[rows.tensor] = info_of(rows);
      }
    }
  }

  [[nodiscard]] const std::map<std::string, TensorInfo>& tensors() const override { return tensors_; }

  [[nodiscard]] HostTensor read(const std::string& name) const override {
    const TensorInfo& info = tensors_.at(name);
    std::vector<float> values(info.bytes / sizeof(float));
    std::string loaded;  // parts of a fused tensor come from one tensor of the file, or from several
    std::vector<float> rows;
    for (const Source& source : sources_.at(name)) {
      const GgufTensor& tensor = list_[source.tensor];
      if (tensor.copy) continue;
      if (loaded != tensor.name) rows = file_.read(tensor.name);
      loaded = tensor.name;
      put(tensor.parts[source.part], source.first_row, tensor.offset, rows, values);
    }
    return {info, from_floats(values, Dtype::kF32)};
  }

 private:
  static TensorInfo info_of(const GgufRows& rows) {
    TensorInfo info{.dtype = Dtype::kF32, .shape = {rows.stored_rows}};
    if (rows.columns > 0) info.shape.insert(rows.transposed ? info.shape.begin() : info.shape.end(), rows.columns);
    info.bytes = checked_bytes(info.dtype, info.shape).value();  // that of a tensor of the file
    return info;
  }

  static void put(const GgufRows& part, std::int64_t first_row, float offset, const std::vector<float>& from,
                  std::vector<float>& to) {
    const std::int64_t columns = std::max<std::int64_t>(part.columns, 1);
    for (std::int64_t row = 0; row < part.rows; ++row) {
      const auto source = static_cast<std::size_t>((first_row + row) * columns);
      const std::int64_t stored = part.stored(row);
      for (std::int64_t column = 0; column < columns; ++column) {
        const std::int64_t target = part.transposed ? column * part.stored_rows + stored : stored * columns + column;
        to[static_cast<std::size_t>(target)] = from[source + static_cast<std::size_t>(column)] - offset;
      }
    }
  }

  GgufFile file_;
  std::vector<GgufTensor> list_;
  std::map<std::string, std::vector<Source>> sources_;
  std::map<std::string, TensorInfo> tensors_;
};

void check_against(const std::vector<GgufTensor>& list, const GgufFile& file, const GgufArchitecture& architecture) {
  std::set<std::string> known{kGgufRotaryFactors};
  for (const GgufTensor& tensor : list) {
    known.insert(tensor.name);
    const std::vector<std::int64_t>& shape = file.tensor(tensor.name).shape;
    if (shape == tensor.shape()) continue;
    throw Error(ErrorKind::kMismatch,
                fmt::format("{}: tensor {} has shape {}, but the metadata asks for {}", file.path().string(),
                            tensor.name, printable(shape), printable(tensor.shape())));
  }
  for (const std::string& name : file.names()) {
    if (known.contains(name)) continue;
    throw Error(ErrorKind::kUnsupported, fmt::format("{}: tensor {} has no place in the {} architecture",
                                                     file.path().string(), printable(name), architecture.name));
  }
}

}  // namespace

Checkpoint open_gguf_checkpoint(const std::filesystem::path& path) {
  GgufFile file = GgufFile::open(path);
  const nlohmann::json config = config_from_gguf(file, torch_name(Dtype::kF32));
  const GgufArchitecture& architecture = gguf_architecture(file.text(kGgufArchitectureKey));
  const std::unique_ptr<Family> family = make_family(config, path.string());
  std::vector<GgufTensor> list = gguf_tensors(*family, architecture);
  check_against(list, file, architecture);
  return Checkpoint::over(path, config, std::make_unique<GgufStore>(std::move(file), std::move(list)));
}

Checkpoint open_checkpoint(const std::filesystem::path& path) {
  return is_gguf_path(path) ? open_gguf_checkpoint(path) : Checkpoint::open(path);
}

}  // namespace prunenet
