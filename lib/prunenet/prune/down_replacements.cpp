#include "prunenet/prune/down_replacements.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "prunenet/checkpoint/quantize.h"
#include "prunenet/core/error.h"
#include "prunenet/prune/gguf_pruned_layout.h"
#include "prunenet/prune/replacements.h"

namespace prunenet {

namespace {

StoredDown::Rounding rounding_to(Dtype dtype) {
  return [dtype](const std::string& name, std::span<const float> values) {
    return to_floats(rounded_to(dtype, values, name), dtype);
  };
}

StoredDown::Rounding rounding_to(GgufType type) {
  return [type](const std::string& name, std::span<const float> values) {
    std::vector<float> stored(values.size());
    dequantize(type, located(fmt::format("tensor '{}'", name), [&] { return quantize(type, values); }), stored);
    require_finite(stored, values, name, gguf_block(type).name);
    return stored;
  };
}

SafetensorsLayout layout_of(const std::vector<StoredDown>& downs, const Plan& plan, std::int64_t hidden_size) {
  std::vector<TensorDeclaration> tensors;
  for (std::size_t layer = 0; layer < downs.size(); ++layer) {
    std::vector<std::int64_t> shape{hidden_size, static_cast<std::int64_t>(plan.keep_indices[layer].size())};
    if (downs[layer].transposed) std::swap(shape[0], shape[1]);
    tensors.push_back({downs[layer].weight, Dtype::kF32, shape});
    if (!downs[layer].bias.empty()) tensors.push_back({downs[layer].bias, Dtype::kF32, {hidden_size}});
  }
  return SafetensorsLayout(std::move(tensors), {});
}

template <typename Values>
std::span<const float> numbers_of(const Values& values) {
  return {values.data(), static_cast<std::size_t>(values.size())};
}

/// Rows are what is quantised together, so a projection is rounded as it is stored.
MatrixF as_stored(const MatrixF& weight, bool transposed) {
  return transposed ? MatrixF(weight.transpose()) : weight;
}

}  // namespace

std::vector<StoredDown> stored_downs(const Checkpoint& checkpoint, const Family& family) {
  std::vector<StoredDown> downs;
  for (std::int64_t layer = 0; layer < family.config().num_hidden_layers; ++layer) {
    const LinearPlace place = family.ffn_block(layer).down;
    StoredDown down{.weight = place.weight, .bias = place.bias, .transposed = place.transposed};
    down.round_weight = rounding_to(checkpoint.tensors().at(place.weight).dtype);
    if (!place.bias.empty()) down.round_bias = rounding_to(checkpoint.tensors().at(place.bias).dtype);
    downs.push_back(std::move(down));
  }
  return downs;
}

std::vector<StoredDown> stored_downs(const GgufFile& file, const Family& family, const Plan& plan) {
  std::map<std::string, GgufType> types;
  for (const GgufDeclaration& tensor : lay_out_pruned_gguf(file, family, plan).tensors)
    types[tensor.name] = tensor.type;
  std::vector<StoredDown> downs;
  for (std::int64_t layer = 0; layer < family.config().num_hidden_layers; ++layer) {
    StoredDown down{.weight = fmt::format("blk.{}.ffn_down.weight", layer)};
    down.round_weight = rounding_to(types.at(down.weight));
    if (!family.ffn_block(layer).down.bias.empty()) {
      down.bias = fmt::format("blk.{}.ffn_down.bias", layer);
      down.round_bias = rounding_to(types.at(down.bias));
    }
    downs.push_back(std::move(down));
  }
  return downs;
}

std::set<std::string> tensor_names(const std::vector<StoredDown>& downs) {
  std::set<std::string> names;
  for (const StoredDown& down : downs) names.insert({down.weight, down.bias});
  names.erase("");
  return names;
}

DownReplacementWriter::DownReplacementWriter(const std::filesystem::path& file, std::vector<StoredDown> downs,
                                             const Plan& plan, std::int64_t hidden_size)
    : downs_(std::move(downs)), writer_(file, layout_of(downs_, plan, hidden_size)) {}

std::uint64_t DownReplacementWriter::bytes(const std::vector<StoredDown>& downs, const Plan& plan,
                                           std::int64_t hidden_size) {
  return layout_of(downs, plan, hidden_size).file_bytes();
}

void DownReplacementWriter::round(std::size_t layer, MatrixF& weight, VectorF& bias) const {
  const StoredDown& down = downs_.at(layer);
  const MatrixF stored = as_stored(weight, down.transposed);
  const std::vector<float> rounded = down.round_weight(down.weight, numbers_of(stored));
  weight = as_stored(Eigen::Map<const MatrixF>(rounded.data(), stored.rows(), stored.cols()), down.transposed);
  if (down.bias.empty()) return;
  const std::vector<float> rounded_bias = down.round_bias(down.bias, numbers_of(bias));
  bias = Eigen::Map<const VectorF>(rounded_bias.data(), bias.size());
}

void DownReplacementWriter::write(std::size_t layer, const MatrixF& weight, const VectorF& bias) {
  const StoredDown& down = downs_.at(layer);
  const MatrixF stored = as_stored(weight, down.transposed);
  writer_.write(down.weight, std::as_bytes(numbers_of(stored)));
  if (!down.bias.empty()) writer_.write(down.bias, std::as_bytes(numbers_of(bias)));
}

}  // namespace prunenet
