#include "prunenet/train/prunenet_trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>
#include <tuple>

#include "prunenet/core/error.h"
#include "prunenet/core/stopwatch.h"
#include "prunenet/policy/network.h"
#include "prunenet/spectral/distortion.h"
#include "prunenet/spectral/spectral_operator.h"
#include "prunenet/spectral/weight_operator.h"
#include "prunenet/train/prunenet_step.h"

namespace prunenet {

namespace {

constexpr std::uint64_t kPolicyStream = 1;
constexpr std::uint64_t kEpisodeStream = 2;

EpisodePoint episode_point(const nlohmann::json& object, std::int64_t episodes) {
  const ConfigFields fields = state_fields(object);
  EpisodePoint point{.episode = fields.integer("episode", 1, episodes),
                     .mean_ks = fields.number("mean_ks", 0.0, 1.0),
                     .mean_reward = fields.number("mean_reward", -kLargestNumber, kLargestNumber),
                     .skipped = fields.integer("skipped_steps", 0, std::numeric_limits<std::int64_t>::max() / episodes),
                     .seconds = fields.number("seconds", 0.0, kLargestNumber)};
  if (fields.has("loss")) point.loss = fields.number("loss", -kLargestNumber, kLargestNumber);
  return point;
}

PrunenetNetwork make_network(const NeuronRows& rows, std::uint64_t seed) {
  Rng rng(seed, kPolicyStream);
  return PrunenetNetwork(rows.hidden_size(), rows.intermediate_size(), rng);
}

double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

}  // namespace

nlohmann::json to_json(const std::vector<EpisodePoint>& curve) {
  nlohmann::json points = nlohmann::json::array();
  for (const EpisodePoint& point : curve) {
    points.push_back({{"episode", point.episode},
                      {"mean_ks", point.mean_ks},
                      {"mean_reward", point.mean_reward},
                      {"loss", point.loss ? nlohmann::json(*point.loss) : nlohmann::json()},
                      {"skipped_steps", point.skipped},
                      {"seconds", point.seconds}});
  }
  return points;
}

PrunenetTrainer::PrunenetTrainer(const NeuronRows& rows, const PrunenetOptions& options)
    : rows_(rows),
      options_(options),
      kept_count_(published_kept_count(rows.intermediate_size(), options.ratio)),
      rng_(options.seed, kEpisodeStream),
      dense_spectra_(static_cast<std::size_t>(rows.num_layers())),
      reward_sums_(static_cast<std::size_t>(rows.num_layers())) {
  check(options_);
  network_ = make_network(rows, options.seed);
  best_ = make_network(rows, options.seed);
  optimizer_ = std::make_unique<torch::optim::AdamW>(
      network_->parameters(), torch::optim::AdamWOptions(options_.learning_rate).weight_decay(options_.weight_decay));
}

PrunenetTrainer::Draw PrunenetTrainer::draw(std::int64_t layer) {
  const MatrixF rows = rows_.rows(layer);
  Draw result;
  result.kept = located(fmt::format("episode {}, layer {}", completed_episodes() + 1, layer),
                        [&] { return draw_keep_set(network_, to_tensor(rows), kept_count_, options_.faithful, rng_); });
  const WeightOperator weights(rows.cast<double>());
  VectorD& dense = dense_spectra_[static_cast<std::size_t>(layer)];
  if (dense.size() == 0) dense = weights.spectrum(all_neurons(weights.neurons()));
  const torch::Tensor ascending = std::get<0>(result.kept.sort());
  result.ks = ks_statistic(
      dense, weights.spectrum({ascending.data_ptr<std::int64_t>(), static_cast<std::size_t>(kept_count_)}));
  return result;
}

/// Faithful: the discounted rewards. Corrected: those of the advantages, each reward minus a baseline that does not
/// depend on it: the layer's mean reward in earlier episodes, and in the first one the mean of the other layers.
std::vector<double> PrunenetTrainer::weights_of(const std::vector<double>& rewards) const {
  if (options_.faithful) return discounted(rewards, options_.discount);
  const auto others = static_cast<double>(rewards.size() - 1);
  const auto episodes = static_cast<double>(curve_.size());
  const double total = sum(rewards);
  std::vector<double> advantages(rewards.size());
  for (std::size_t layer = 0; layer < rewards.size(); ++layer) {
    double baseline = 0.0;
    if (!curve_.empty()) {
      baseline = reward_sums_[layer] / episodes;
    } else if (others > 0.0) {
      baseline = (total - rewards[layer]) / others;
    }
    advantages[layer] = rewards[layer] - baseline;
  }
  return discounted(advantages, options_.discount);
}

void PrunenetTrainer::update(const std::vector<Draw>& draws, const std::vector<double>& weights, EpisodePoint& point,
                             Progress& progress) {
  double total = 0.0;
  std::int64_t taken = 0;
  for (std::size_t layer = 0; layer < draws.size(); ++layer) {
    LayerUpdate update{.rows = to_tensor(rows_.rows(static_cast<std::int64_t>(layer))),
                       .kept = draws[layer].kept,
                       .weight = weights[layer],
                       .noise = {}};
    if (options_.faithful) update.noise = concrete_noise(rows_.intermediate_size(), rng_);
    const StepOutcome outcome = prunenet_step(network_, *optimizer_, update, options_);
    if (outcome.skipped && !options_.faithful) {
      throw Error(ErrorKind::kNumerical,
                  fmt::format("episode {}, layer {}: the loss is {}, or its gradient not finite; lower "
                              "'prunenet.learning_rate' ({})",
                              point.episode, layer, outcome.loss, options_.learning_rate));
    }
    if (!outcome.skipped) {
      ++taken;
      total += outcome.loss;
    }
    progress.advance(1);
  }
  steps_taken_ += taken;
  point.skipped = static_cast<std::int64_t>(draws.size()) - taken;
  if (taken > 0) point.loss = total / static_cast<double>(taken);
}

void PrunenetTrainer::episode(Progress& progress) {
  const Stopwatch watch;
  EpisodePoint point;
  point.episode = completed_episodes() + 1;
  std::vector<Draw> draws;
  std::vector<double> rewards;
  for (std::int64_t layer = 0; layer < rows_.num_layers(); ++layer) {
    draws.push_back(draw(layer));
    rewards.push_back(ks_reward(draws.back().ks));
    point.mean_ks += draws.back().ks;
    progress.advance(1);
  }
  update(draws, weights_of(rewards), point, progress);

  const auto layers = static_cast<double>(draws.size());
  const double total = sum(rewards);
  point.mean_ks /= layers;
  point.mean_reward = total / layers;
  std::transform(rewards.begin(), rewards.end(), reward_sums_.begin(), reward_sums_.begin(), std::plus<>());
  if (total > best_reward_) {  // the policy after the updates, whose own keep-sets nobody has seen: as published
    if (!is_finite(*network_)) {
      throw Error(
          ErrorKind::kNumerical,
          fmt::format("episode {}: the policy is not finite after its step; lower 'prunenet.learning_rate' ({})",
                      point.episode, options_.learning_rate));
    }
    best_reward_ = total;
    best_episode_ = point.episode;
    copy_parameters(*network_, *best_);
  }
  seconds_ += watch.seconds();
  point.seconds = seconds_;
  curve_.push_back(point);
}

TrainerState PrunenetTrainer::state() const {
  TrainerState state;
  state.store("network.", *network_);
  state.store("best.", *best_);
  state.store_moments(*network_, *optimizer_);
  state.text = {{"random", rng_.state()},
                {"episodes", std::to_string(options_.episodes)},
                {"progress", nlohmann::json{{"steps_taken", steps_taken_},
                                            {"best_episode", best_episode_},
                                            {"best_reward", best_reward_},
                                            {"reward_sums", reward_sums_},
                                            {"seconds", seconds_}}
                                 .dump()},
                {"curve", to_json(curve_).dump()}};
  return state;
}

void PrunenetTrainer::restore(const TrainerState& state) {
  state.require_length("episodes", options_.episodes);
  const nlohmann::json object = state.json_of("progress");
  const ConfigFields progress = state_fields(object);
  steps_taken_ = progress.integer("steps_taken", 0, kLargestCount);
  best_episode_ = progress.integer("best_episode", 0, options_.episodes);
  best_reward_ = progress.number("best_reward", -kLargestNumber, kLargestNumber);
  reward_sums_ = progress.numbers("reward_sums", -kLargestNumber, kLargestNumber);
  if (static_cast<std::int64_t>(reward_sums_.size()) != rows_.num_layers()) {
    progress.reject("reward_sums",
                    fmt::format("has {} entries for {} layers", reward_sums_.size(), rows_.num_layers()));
  }
  seconds_ = progress.number("seconds", 0.0, kLargestNumber);
  state.load("network.", *network_);
  state.load("best.", *best_);
  state.load_moments(*network_, *optimizer_, steps_taken_);
  rng_.restore(state.text_of("random"));
  curve_.clear();
  for (const auto& point : state.json_of("curve")) curve_.push_back(episode_point(point, options_.episodes));
}

}  // namespace prunenet
