#include "prunenet/train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>

#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"
#include "prunenet/core/stopwatch.h"
#include "prunenet/train/learning_rate.h"

namespace prunenet {

namespace {

constexpr std::uint64_t kNetworkStream = 1;
constexpr std::uint64_t kTrainingStream = 2;

/// At most 27.6, the reward of losing nothing: where dead neurons go, say.
double reward_of(double distortion) {
  return -std::log(std::max(distortion, 1e-12));
}

CurvePoint curve_point(const nlohmann::json& object, std::int64_t steps) {
  const ConfigFields fields = state_fields(object);
  return {.step = fields.integer("step", 0, steps),
          .train_reward = fields.number("train_reward", -kLargestNumber, kLargestNumber),
          .validation_reward = fields.number("validation_reward", -kLargestNumber, kLargestNumber),
          .score_spread = fields.number("score_spread", 0.0, kLargestNumber),
          .seconds = fields.number("seconds", 0.0, kLargestNumber)};
}

PolicyNetwork make_network(const Environment& environment, const TrainOptions& options, const torch::Device& device) {
  Rng rng(options.seed, kNetworkStream);
  PolicyNetwork network(environment.features(0).size(1), options.network, rng);
  torch::NoGradGuard no_grad;
  torch::Tensor says_something = torch::zeros({network->feature_count()}, torch::kBool);
  for (std::int64_t layer = 0; layer < environment.num_layers(); ++layer) {
    says_something.logical_or_(environment.features(layer).ne(0.0).any(0).cpu());
  }
  // Without gradient these weights stay what they are; zero, the policy does not read what it was not trained on.
  network->first_weight().mul_(says_something);
  network->to(device);
  return network;
}

/// On the CPU by sorting one draw after the other, which is faster there than sorting all of them as a tensor.
RankingSamples draw_rankings(const torch::Tensor& scores, std::int64_t samples, Rng& rng) {
  if (!scores.is_cpu()) return sample_rankings(scores, samples, rng);
  const torch::Tensor plain = scores.detach().contiguous();
  return sample_rankings({plain.data_ptr<float>(), static_cast<std::size_t>(plain.numel())}, samples, rng);
}

std::vector<std::int64_t> training_layers(const Environment& environment, const TrainOptions& options) {
  std::vector<std::int64_t> layers;
  for (std::int64_t layer = 0; layer < environment.num_layers(); ++layer) {
    if (environment.features(layer).size(0) < 2) {
      throw Error(ErrorKind::kInvalidArgument, fmt::format("layer {} has {} neuron; there is nothing to choose among",
                                                           layer, environment.features(layer).size(0)));
    }
    if (options.folds == 1 || layer % options.folds != options.held_out_fold) layers.push_back(layer);
  }
  if (!layers.empty()) return layers;
  throw Error(ErrorKind::kInvalidArgument,
              fmt::format("{} folds of {} layers leave none to train on", options.folds, environment.num_layers()));
}

}  // namespace

nlohmann::json to_json(const std::vector<CurvePoint>& curve) {
  nlohmann::json points = nlohmann::json::array();
  for (const CurvePoint& point : curve) {
    points.push_back({{"step", point.step},
                      {"train_reward", point.train_reward},
                      {"validation_reward", point.validation_reward},
                      {"score_spread", point.score_spread},
                      {"seconds", point.seconds}});
  }
  return points;
}

Trainer::Trainer(const Environment& environment, const TrainOptions& options, const torch::Device& device)
    : environment_(environment), options_(options), rng_(options.seed, kTrainingStream) {
  check(options_);
  layers_ = training_layers(environment_, options_);
  network_ = make_network(environment_, options_, device);
  best_ = make_network(environment_, options_, torch::kCPU);
  optimizer_ = std::make_unique<torch::optim::AdamW>(
      network_->parameters(), torch::optim::AdamWOptions(options_.learning_rate).weight_decay(options_.weight_decay));
  best_reward_ = -std::numeric_limits<double>::infinity();
}

Trainer::~Trainer() = default;

std::vector<std::int64_t> Trainer::draw_layers() {
  std::vector<std::int64_t> layers = layers_;
  const std::size_t count = std::min(layers.size(), static_cast<std::size_t>(options_.layers_per_step));
  for (std::size_t i = 0; i < count; ++i) std::swap(layers[i], layers[i + rng_.below(layers.size() - i)]);
  layers.resize(count);
  return layers;
}

void Trainer::record_rewards(const std::vector<double>& distortions) {
  for (const double distortion : distortions) {
    if (!std::isfinite(distortion)) {  // an estimator may weigh it with nothing, and go on
      throw Error(ErrorKind::kNumerical,
                  fmt::format("the distortion of a keep-set is {} at step {} of {}; weights or probe are damaged",
                              distortion, step_, options_.steps));
    }
    reward_sum_ += reward_of(distortion);
  }
  reward_count_ += static_cast<std::int64_t>(distortions.size());
}

torch::Tensor Trainer::rloo_objective(std::int64_t layer, const torch::Tensor& scores, const RankingSamples& samples,
                                      std::int64_t kept) {
  const std::vector<double> distortions = environment_.distortions(layer, samples.rankings, kept);
  record_rewards(distortions);
  torch::Tensor rewards = torch::empty({options_.samples}, torch::kFloat64);
  std::transform(distortions.begin(), distortions.end(), rewards.data_ptr<double>(), reward_of);
  const torch::Tensor log_probability = plackett_luce_log_probability(scores, samples.rankings, kept);
  const torch::Tensor advantages = rloo_advantages(rewards).to(log_probability.options());
  return (advantages * log_probability).mean() / static_cast<double>(kept);
}

torch::Tensor Trainer::conditional_objective(std::int64_t layer, const torch::Tensor& scores,
                                             const RankingSamples& samples, std::int64_t kept) {
  const SwapRewards swaps = environment_.swap_rewards(layer, samples.rankings, kept);
  record_rewards(swaps.distortions);
  const torch::Tensor weights = (keep_probability_gradient(scores, samples, kept) * swaps.advantages).mean(0);
  return (weights.to(torch::kFloat32) * scores).sum();
}

torch::Tensor Trainer::layer_loss(std::int64_t layer, double ratio) {
  const torch::Tensor scores = network_->forward(environment_.features(layer));  // [I]
  const std::int64_t kept = kept_count(scores.numel(), ratio);
  const RankingSamples samples = draw_rankings(scores, options_.samples, rng_);
  const torch::Tensor objective = options_.estimator == Estimator::kRloo
                                      ? rloo_objective(layer, scores, samples, kept)
                                      : conditional_objective(layer, scores, samples, kept);
  return options_.score_penalty * scores.square().mean() - objective;
}

void Trainer::step() {
  const Stopwatch watch;
  const double progress = static_cast<double>(step_) / static_cast<double>(options_.steps);
  set_learning_rate(*optimizer_, cosine_rate(options_.learning_rate, step_, options_.warmup_steps, progress));

  const double ratio = options_.ratio_min + (options_.ratio_max - options_.ratio_min) * rng_.uniform();
  const std::vector<std::int64_t> layers = draw_layers();
  optimizer_->zero_grad();
  double total = 0.0;
  for (const std::int64_t layer : layers) {
    const torch::Tensor loss = layer_loss(layer, ratio) / static_cast<double>(layers.size());
    loss.backward();
    total += loss.item<double>();
  }
  if (!std::isfinite(total)) {
    throw Error(ErrorKind::kNumerical,
                fmt::format("the loss is {} at step {} of {}; lower 'learning_rate' ({}) or raise 'score_penalty' ({})",
                            total, step_, options_.steps, options_.learning_rate, options_.score_penalty));
  }
  const double norm = torch::nn::utils::clip_grad_norm_(network_->parameters(), options_.gradient_clip);
  if (std::isfinite(norm)) optimizer_->step();
  if (!std::isfinite(norm) || !is_finite(*network_)) {
    throw Error(ErrorKind::kNumerical,
                fmt::format("the policy is not finite after step {} of {}, whose gradient has norm {}; lower "
                            "'learning_rate' ({}) or raise 'score_penalty' ({})",
                            step_, options_.steps, norm, options_.learning_rate, options_.score_penalty));
  }
  ++step_;
  if (step_ % options_.validate_every == 0 || done()) {
    curve_.push_back(validate());
    reward_sum_ = 0.0;
    reward_count_ = 0;
    keep_if_best(curve_.back().validation_reward);
  }
  seconds_ += watch.seconds();
  if (!curve_.empty() && curve_.back().step == step_) curve_.back().seconds = seconds_;
}

CurvePoint Trainer::validate() {
  torch::NoGradGuard no_grad;
  double reward = 0.0;
  double spread = 0.0;
  for (const std::int64_t layer : layers_) {
    const torch::Tensor scores = network_->forward(environment_.features(layer));
    const torch::Tensor ranking = scores.argsort(0, /*descending=*/true).unsqueeze(0);
    for (const double ratio : options_.validation_ratios) {
      reward += reward_of(environment_.held_out_distortions(layer, ranking, kept_count(scores.numel(), ratio)).front());
    }
    spread += scores.std(/*unbiased=*/false).item<double>();
  }
  const auto layers = static_cast<double>(layers_.size());
  const auto ratios = static_cast<double>(options_.validation_ratios.size());
  return {.step = step_,
          .train_reward = reward_count_ > 0 ? reward_sum_ / static_cast<double>(reward_count_) : 0.0,
          .validation_reward = reward / (layers * ratios),
          .score_spread = spread / layers,
          .seconds = seconds_};
}

void Trainer::keep_if_best(double reward) {
  if (!(reward > best_reward_)) return;
  best_reward_ = reward;
  copy_parameters(*network_, *best_);
}

PolicyNetwork Trainer::best_policy() const {
  return best_;
}

TrainerState Trainer::state() const {
  TrainerState state;
  state.store("network.", *network_);
  state.store("best.", *best_);
  state.store_moments(*network_, *optimizer_);
  state.text = {{"random", rng_.state()},
                {"steps", std::to_string(options_.steps)},
                {"progress", nlohmann::json{{"step", step_},
                                            {"best_reward", std::isfinite(best_reward_) ? nlohmann::json(best_reward_)
                                                                                        : nlohmann::json()},
                                            {"reward_sum", reward_sum_},
                                            {"reward_count", reward_count_},
                                            {"seconds", seconds_}}
                                 .dump()},
                {"curve", to_json(curve_).dump()}};
  return state;
}

void Trainer::restore(const TrainerState& state) {
  state.require_length("steps", options_.steps);
  const nlohmann::json object = state.json_of("progress");
  const ConfigFields progress = state_fields(object);
  step_ = progress.integer("step", 0, options_.steps);
  state.load("network.", *network_);
  state.load("best.", *best_);
  state.load_moments(*network_, *optimizer_, step_);
  best_reward_ = progress.has("best_reward") ? progress.number("best_reward", -kLargestNumber, kLargestNumber)
                                             : -std::numeric_limits<double>::infinity();
  reward_sum_ = progress.number("reward_sum", -kLargestNumber, kLargestNumber);
  reward_count_ = progress.integer("reward_count", 0, kLargestCount);
  seconds_ = progress.number("seconds", 0.0, kLargestNumber);
  rng_.restore(state.text_of("random"));
  curve_.clear();
  for (const auto& point : state.json_of("curve")) curve_.push_back(curve_point(point, options_.steps));
  if (done() && curve_.empty()) reject("the training state", "is that of the last step, but has no curve");
}

}  // namespace prunenet
