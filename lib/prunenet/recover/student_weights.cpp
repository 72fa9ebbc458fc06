#include "prunenet/recover/student_weights.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/core/rng.h"

namespace prunenet {

namespace {

constexpr std::uint64_t kFactorStream = 21;

/// Uniform in +-1 / sqrt(inputs): PyTorch's default for linear maps, which PEFT gives A.
torch::Tensor first_factor(std::int64_t rank, std::int64_t inputs, Rng& rng) {
  const double bound = 1.0 / std::sqrt(static_cast<double>(inputs));
  torch::Tensor a = torch::empty({rank, inputs});
  float* values = a.data_ptr<float>();
  for (std::int64_t i = 0; i < a.numel(); ++i) values[i] = static_cast<float>(bound * (2.0 * rng.uniform() - 1.0));
  return a;
}

std::vector<Projection> existing(const std::vector<Projection>& asked_for, const ModelConfig& config) {
  std::vector<Projection> projections = asked_for;
  if (!config.gated) std::erase(projections, Projection::kGate);
  if (!projections.empty()) return projections;
  throw Error(ErrorKind::kInvalidArgument,
              fmt::format("gate_proj is the only target, and feed-forward blocks of {} have no gate; train up_proj and "
                          "down_proj",
                          config.architecture));
}

}  // namespace

torch::ScalarType scalar_type(Precision precision) {
  return precision == Precision::kBfloat16 ? torch::kBFloat16 : torch::kFloat32;
}

StudentWeights::StudentWeights(std::vector<DecoderLayerWeights> layers, const ModelConfig& config,
                               const RecoverOptions& options)
    : parameters_(std::make_shared<torch::nn::Module>()),
      trained_(existing(parse_projections(options.targets), config)),
      scale_(options.alpha / static_cast<double>(options.rank)),
      compute_(scalar_type(options.precision)) {
  const std::int64_t keys = config.num_key_value_heads * config.head_dim;
  for (DecoderLayerWeights& weights : layers) {
    const auto index = static_cast<std::int64_t>(layers_.size());
    const std::int64_t neurons = weights.down.size(1);
    const auto of_all = [&](torch::Tensor& matrix, const std::vector<std::pair<Projection, std::int64_t>>& of) {
      return split(index, std::exchange(matrix, {}), of, options);
    };
    Layer layer;
    layer.qkv = of_all(weights.qkv, {{Projection::kQ, config.num_attention_heads * config.head_dim},
                                     {Projection::kK, keys},
                                     {Projection::kV, keys}});
    layer.output = of_all(weights.o_proj, {{Projection::kO, config.hidden_size}});
    layer.gate_up = config.gated ? of_all(weights.gate_up, {{Projection::kGate, neurons}, {Projection::kUp, neurons}})
                                 : of_all(weights.gate_up, {{Projection::kUp, neurons}});
    layer.down = of_all(weights.down, {{Projection::kDown, config.hidden_size}});
    layer.frozen = std::move(weights);
    layers_.push_back(std::move(layer));
  }
}

StudentWeights::Parts StudentWeights::split(std::int64_t layer, const torch::Tensor& rows,
                                            const std::vector<std::pair<Projection, std::int64_t>>& of,
                                            const RecoverOptions& options) {
  Parts parts;
  std::int64_t begin = 0;
  for (const auto& [projection, outputs] : of) {
    Part part{projection, rows.narrow(0, begin, outputs), {}};
    begin += outputs;
    const std::string name = fmt::format("layer{}_{}", layer, to_string(projection));
    const bool trains = std::ranges::find(trained_, projection) != trained_.end();
    if (trains && options.train == Adaptation::kFull) {
      part.weight = parameters_->register_parameter(name + "_weight", part.weight.clone());
    } else if (trains) {
      const std::int64_t inputs = rows.size(1);
      Rng rng(options.seed, kFactorStream + static_cast<std::uint64_t>(layer) * kProjections.size() +
                                static_cast<std::uint64_t>(projection));
      part.lora.a =
          parameters_->register_parameter(name + "_lora_a", first_factor(options.rank, inputs, rng).to(rows.device()));
      part.lora.b =
          parameters_->register_parameter(name + "_lora_b", torch::zeros({outputs, options.rank}, rows.options()));
    }
    parts.push_back(std::move(part));
  }
  return parts;
}

torch::Tensor StudentWeights::effective(const Part& part) const {
  return part.lora.a.defined() ? torch::addmm(part.weight, part.lora.b, part.lora.a, 1.0, scale_) : part.weight;
}

torch::Tensor StudentWeights::fused(const Parts& parts) const {
  if (parts.size() == 1) return effective(parts.front()).to(compute_);
  std::vector<torch::Tensor> rows;
  rows.reserve(parts.size());
  for (const Part& part : parts) rows.push_back(effective(part).to(compute_));
  return torch::cat(rows);
}

DecoderLayerWeights StudentWeights::layer(std::int64_t layer) const {
  const Layer& source = layers_.at(static_cast<std::size_t>(layer));
  DecoderLayerWeights weights = source.frozen;
  weights.qkv = fused(source.qkv);
  weights.o_proj = fused(source.output);
  weights.gate_up = fused(source.gate_up);
  weights.down = fused(source.down);
  return weights;
}

std::int64_t StudentWeights::parameter_count() const {
  std::int64_t count = 0;
  for (const torch::Tensor& parameter : parameters_->parameters()) count += parameter.numel();
  return count;
}

const StudentWeights::Part& StudentWeights::part(std::int64_t layer, Projection projection) const {
  const Layer& source = layers_.at(static_cast<std::size_t>(layer));
  for (const Parts* parts : {&source.qkv, &source.output, &source.gate_up, &source.down}) {
    const auto found = std::ranges::find(*parts, projection, &Part::projection);
    if (found != parts->end()) return *found;
  }
  throw Error(ErrorKind::kInvalidArgument, fmt::format("layer {} has no {}", layer, to_string(projection)));
}

torch::Tensor StudentWeights::merged(std::int64_t layer, Projection projection) const {
  const torch::NoGradGuard no_grad;
  return effective(part(layer, projection)).detach();
}

LoraFactors StudentWeights::factors(std::int64_t layer, Projection projection) const {
  return part(layer, projection).lora;
}

}  // namespace prunenet
