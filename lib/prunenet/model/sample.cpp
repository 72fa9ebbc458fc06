#include "prunenet/model/sample.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "prunenet/core/error.h"

namespace prunenet {

namespace {

void check(const CausalLm& model, const torch::Tensor& prompts, const SampleOptions& options) {
  if (!std::isfinite(options.temperature) || options.temperature < 0.0) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("temperature {} is not a finite number of at least 0", options.temperature));
  }
  if (options.tokens < 1 || prompts.dim() != 2) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("{} tokens after prompts of rank {} were asked for; at least one token after rank 2 can be",
                            options.tokens, prompts.dim()));
  }
  const std::int64_t positions = model.config().max_position_embeddings;
  if (prompts.size(1) > positions || options.tokens > positions - prompts.size(1) + 1) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("{} tokens after prompts of {} do not fit the model's {} positions", options.tokens,
                            prompts.size(1), positions));
  }
}

/// The smallest index whose cumulative share of sum(exp(logit - max)) exceeds u, for u in [0, 1).
std::int64_t inverse_cdf(const float* weights, std::int64_t size, double u) {
  double total = 0.0;
  for (std::int64_t i = 0; i < size; ++i) total += static_cast<double>(weights[i]);
  const double threshold = u * total;
  double cumulative = 0.0;
  std::int64_t last_possible = 0;
  for (std::int64_t i = 0; i < size; ++i) {
    if (weights[i] <= 0.0F) continue;
    last_possible = i;
    cumulative += static_cast<double>(weights[i]);
    if (cumulative > threshold) return i;
  }
  return last_possible;  // rounding left the last step short of the threshold
}

void require_finite(const torch::Tensor& logits) {
  const torch::Tensor bad = logits.isfinite().logical_not().nonzero();
  if (bad.numel() == 0) return;
  const auto row = bad[0][0].item<std::int64_t>();
  const auto token = bad[0][1].item<std::int64_t>();
  throw Error(ErrorKind::kNumerical,
              fmt::format("the logit of token {} in sequence {} is {} over the temperature; the model's weights are "
                          "damaged or too large for single precision, or the temperature is too small",
                          token, row, logits[row][token].item<float>()));
}

/// logits [B, V] -> [B]
torch::Tensor draw(const torch::Tensor& logits, double temperature, Rng& rng) {
  const torch::Tensor scaled = temperature == 0.0 ? logits : logits / temperature;
  require_finite(scaled);
  if (temperature == 0.0) return scaled.argmax(1);
  const torch::Tensor weights = torch::softmax(scaled, 1).contiguous();
  torch::Tensor ids = torch::empty({logits.size(0)}, torch::kInt64);
  for (std::int64_t row = 0; row < logits.size(0); ++row) {
    ids[row] = inverse_cdf(weights.data_ptr<float>() + row * logits.size(1), logits.size(1), rng.uniform());
  }
  return ids;
}

/// Keeps the sequences that have ended on their end token.
class EndTokens {
 public:
  EndTokens(const ModelConfig& config, std::int64_t batch)
      : ends_(config.eos_token_ids), ended_with_(static_cast<std::size_t>(batch), -1) {}

  void apply(torch::Tensor& ids) {
    auto values = ids.accessor<std::int64_t, 1>();
    for (std::size_t row = 0; row < ended_with_.size(); ++row) {
      auto& value = values[static_cast<std::int64_t>(row)];
      if (ended_with_[row] >= 0) {
        value = ended_with_[row];
      } else if (std::find(ends_.begin(), ends_.end(), value) != ends_.end()) {
        ended_with_[row] = value;
      }
    }
  }
  [[nodiscard]] bool all_ended() const {
    return std::all_of(ended_with_.begin(), ended_with_.end(), [](std::int64_t id) { return id >= 0; });
  }

 private:
  std::vector<std::int64_t> ends_;
  std::vector<std::int64_t> ended_with_;  ///< -1 while a sequence goes on
};

}  // namespace

torch::Tensor sample(const CausalLm& model, const torch::Tensor& prompts, const SampleOptions& options, Rng& rng,
                     Progress& progress, const LogitObserver& see) {
  const torch::NoGradGuard no_grad;
  check(model, prompts, options);
  const std::int64_t batch = prompts.size(0);
  progress.begin("sampling", "tokens", static_cast<std::uint64_t>(batch * options.tokens));
  // The last token drawn is never run through the model.
  KvCache cache(model.config(), batch, prompts.size(1) + options.tokens - 1, model.device());
  EndTokens ends(model.config(), batch);
  std::vector<torch::Tensor> columns{prompts};
  torch::Tensor input = prompts;
  for (std::int64_t step = 0; step < options.tokens; ++step) {
    const torch::Tensor logits = model.next_logits(input, cache);
    torch::Tensor next = draw(logits, options.temperature, rng);
    if (see) see(step, logits);
    if (options.stop_at_eos) ends.apply(next);
    input = next.unsqueeze(1);
    columns.push_back(input);
    progress.advance(static_cast<std::uint64_t>(batch));
    if (options.stop_at_eos && ends.all_ended()) break;
  }
  return torch::cat(columns, 1);
}

torch::Tensor start_prompts(const ModelConfig& config, std::int64_t batch, std::span<const std::int64_t> tokens) {
  if (!tokens.empty()) {
    const torch::Tensor cycle = torch::tensor(at::IntArrayRef(tokens.data(), tokens.size()), torch::kInt64);
    const torch::Tensor turn = torch::arange(batch, torch::kInt64).remainder(cycle.numel());
    return cycle.index_select(0, turn).unsqueeze(1);
  }
  std::optional<std::int64_t> start = config.bos_token_id;
  if (!start && !config.eos_token_ids.empty()) start = config.eos_token_ids.front();
  if (!start) {
    throw Error(ErrorKind::kUnsupported,
                "config.json names neither bos_token_id nor eos_token_id, so there is no token to start a text from");
  }
  return torch::full({batch, 1}, *start, torch::kInt64);
}

}  // namespace prunenet
