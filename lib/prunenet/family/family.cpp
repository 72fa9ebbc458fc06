#include "prunenet/family/family.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "prunenet/checkpoint/file_names.h"
#include "prunenet/checkpoint/printable.h"
#include "prunenet/core/error.h"
#include "prunenet/family/adapters.h"

namespace prunenet {

namespace {

std::string config_path(const Checkpoint& checkpoint) {
  return (checkpoint.directory() / kConfigFile).string();
}

std::string read_architecture(const Checkpoint& checkpoint) {
  const auto found = checkpoint.config().find("architectures");
  const bool readable =
      found != checkpoint.config().end() && found->is_array() && found->size() == 1 && found->front().is_string();
  if (!readable) {
    throw Error(ErrorKind::kBadInput,
                fmt::format("{}: architectures is not a list of one name", config_path(checkpoint)));
  }
  return found->front().get<std::string>();
}

using Shape = std::vector<std::int64_t>;

/// Checks tensors and remembers which have a use.
class TensorCheck {
 public:
  explicit TensorCheck(const Checkpoint& checkpoint) : checkpoint_(checkpoint) {}

  void tensor(const std::string& name, const Shape& shape) const {
    if (name.empty()) return;
    const auto found = checkpoint_.tensors().find(name);
    if (found == checkpoint_.tensors().end()) {
      throw Error(ErrorKind::kBadInput, fmt::format("{}: tensor {} is missing; config.json asks for one of shape [{}]",
                                                    checkpoint_.directory().string(), name, fmt::join(shape, ", ")));
    }
    if (found->second.shape != shape) {
      throw Error(ErrorKind::kMismatch, fmt::format("{}: tensor {} has shape [{}], but config.json asks for [{}]",
                                                    checkpoint_.directory().string(), name,
                                                    fmt::join(found->second.shape, ", "), fmt::join(shape, ", ")));
    }
  }

  void linear(const LinearPlace& place) const {
    tensor(place.weight,
           place.transposed ? Shape{place.inputs, place.stored_outputs} : Shape{place.stored_outputs, place.inputs});
    tensor(place.bias, {place.stored_outputs});
  }

  void norm(const NormPlace& place) const {
    tensor(place.gain, {place.size});
    tensor(place.bias, {place.size});
  }

 private:
  const Checkpoint& checkpoint_;
};

void check_tensors(const Checkpoint& checkpoint, const Family& family) {
  const ModelConfig& config = family.config();
  const TensorCheck check(checkpoint);
  const LinearPlace projection = family.embedding_projection();
  const std::int64_t word_size = projection.exists() ? projection.inputs : config.hidden_size;
  check.tensor(family.embedding(), {config.vocab_size, word_size});
  check.linear(projection);
  check.tensor(family.position_embedding(),
               {config.max_position_embeddings + config.position_offset, config.hidden_size});
  for (std::int64_t layer = 0; layer < config.num_hidden_layers; ++layer) {
    const AttentionBlock attention = family.attention_block(layer);
    const FfnBlock ffn = family.ffn_block(layer);
    for (const LinearPlace& place : {attention.q, attention.k, attention.v, attention.o, ffn.gate, ffn.up, ffn.down}) {
      check.linear(place);
    }
    for (const NormPlace& place :
         {attention.norm, attention.q_norm, attention.k_norm, attention.post_norm, ffn.norm, ffn.post_norm}) {
      check.norm(place);
    }
  }
  check.norm(family.final_norm());
  check.linear(family.output_reduction());
  check.linear(family.output_projection());
}

}  // namespace

std::unique_ptr<Family> make_family(const Checkpoint& checkpoint) {
  const std::string architecture = read_architecture(checkpoint);
  std::vector<std::string_view> known;
  for (const Adapter& adapter : kAdapters) {
    known.push_back(adapter.architecture);
    if (adapter.architecture != architecture) continue;
    const ConfigFields fields(checkpoint.config(), config_path(checkpoint));
    auto family = adapter.make({fields, checkpoint, architecture});
    check_tensors(checkpoint, *family);
    return family;
  }
  throw Error(ErrorKind::kUnsupported,
              fmt::format("{}: architecture '{}' is not known; known are {}", config_path(checkpoint),
                          printable(architecture), fmt::join(known, ", ")));
}

MatrixF read_weight(const Checkpoint& checkpoint, const LinearPlace& place) {
  MatrixF stored = place.transposed
                       ? MatrixF(checkpoint.read_matrix(place.weight, place.inputs, place.stored_outputs).transpose())
                       : checkpoint.read_matrix(place.weight, place.stored_outputs, place.inputs);
  if (place.outputs == place.stored_outputs) return stored;
  MatrixF weight(place.outputs, place.inputs);
  for (std::int64_t row = 0; row < place.outputs; ++row) weight.row(row) = stored.row(place.pattern.stored(row));
  return weight;
}

VectorF read_bias(const Checkpoint& checkpoint, const LinearPlace& place) {
  if (place.bias.empty()) return {};
  const MatrixF stored = checkpoint.read_matrix(place.bias, 1, place.stored_outputs);
  VectorF bias(place.outputs);
  for (std::int64_t row = 0; row < place.outputs; ++row) bias(row) = stored(0, place.pattern.stored(row));
  return bias;
}

FfnWeights read_ffn(const Checkpoint& checkpoint, const Family& family, std::int64_t layer) {
  const FfnBlock block = family.ffn_block(layer);
  FfnWeights weights;
  if (block.gate.exists()) weights.gate = read_weight(checkpoint, block.gate);
  weights.up = read_weight(checkpoint, block.up);
  weights.down = read_weight(checkpoint, block.down);
  return weights;
}

std::int64_t parameters_per_neuron(const FfnBlock& block) {
  std::int64_t count = block.down.outputs;
  for (const LinearPlace& place : {block.gate, block.up}) {
    if (place.exists()) count += place.inputs + (place.bias.empty() ? 0 : 1);
  }
  return count;
}

}  // namespace prunenet
