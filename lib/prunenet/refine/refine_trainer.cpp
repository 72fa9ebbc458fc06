#include "prunenet/refine/refine_trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"
#include "prunenet/core/stopwatch.h"
#include "prunenet/policy/keep_set.h"
#include "prunenet/teach/distillation.h"
#include "prunenet/teach/student_pass.h"
#include "prunenet/train/learning_rate.h"

namespace prunenet {

namespace {

constexpr std::uint64_t kRefineStream = 31;

RefinePoint refine_point(const nlohmann::json& object) {
  const ConfigFields fields = state_fields(object);
  RefinePoint point{.step = fields.integer("step", 0, kLargestCount),
                    .training_divergence = fields.number("training_divergence", -kLargestNumber, kLargestNumber),
                    .held_out_divergence = fields.number("held_out_divergence", -kLargestNumber, kLargestNumber),
                    .score_spread = fields.number("score_spread", 0.0, kLargestNumber),
                    .seconds = fields.number("seconds", 0.0, kLargestNumber),
                    .processor_seconds = fields.number("processor_seconds", 0.0, kLargestNumber)};
  point.by_ratio = fields.numbers("by_ratio", -kLargestNumber, kLargestNumber);
  return point;
}

void check_model(const RefinedModel& model, const PolicyNetwork& network) {
  const auto layers = static_cast<std::int64_t>(model.features.size());
  if (layers != model.network.config().num_hidden_layers) {
    throw Error(ErrorKind::kMismatch, fmt::format("features of {} layers, but the model has {}", layers,
                                                  model.network.config().num_hidden_layers));
  }
  for (const torch::Tensor& features : model.features) {
    if (features.size(1) != network->feature_count()) {
      throw Error(ErrorKind::kMismatch, fmt::format("the policy reads {} features a neuron, but {} were given",
                                                    network->feature_count(), features.size(1)));
    }
    if (features.size(0) >= 2) continue;
    throw Error(ErrorKind::kInvalidArgument, "a layer of one neuron: there is nothing to choose among");
  }
  if (model.text.training.sequences() > 0 && model.text.held_out.sequences() > 0) return;
  throw Error(ErrorKind::kInvalidArgument, "there is no text to refine the policy on");
}

/// y = D (m * h) in every layer, wherever the model is.
FfnHook masking(std::vector<torch::Tensor> masks) {
  return [masks = std::move(masks)](const FfnActivations& at) {
    return at.h * masks[static_cast<std::size_t>(at.layer)].to(at.h.device());
  };
}

/// 1 for the first `kept` of a ranking [I], else 0; float [I].
torch::Tensor mask_of(const torch::Tensor& ranking, std::int64_t kept) {
  return torch::zeros({ranking.numel()}).index_fill_(0, ranking.narrow(0, 0, kept), 1.0);
}

}  // namespace

nlohmann::json to_json(const std::vector<RefinePoint>& curve) {
  nlohmann::json points = nlohmann::json::array();
  for (const RefinePoint& point : curve) {
    points.push_back({{"step", point.step},
                      {"training_divergence", point.training_divergence},
                      {"held_out_divergence", point.held_out_divergence},
                      {"by_ratio", point.by_ratio},
                      {"score_spread", point.score_spread},
                      {"seconds", point.seconds},
                      {"processor_seconds", point.processor_seconds}});
  }
  return points;
}

RefineTrainer::Learned::Learned(const PolicyNetwork& start, const std::vector<double>& budget_offsets) {
  Rng unused_initialisation(0);
  network = register_module("network", PolicyNetwork(start->feature_count(), start->options(), unused_initialisation));
  copy_parameters(*start, *network);
  const auto layers = static_cast<std::int64_t>(budget_offsets.size());
  offsets = register_parameter("offsets", torch::zeros({layers}));
  const torch::NoGradGuard no_grad;
  for (std::int64_t layer = 0; layer < layers; ++layer)
    offsets[layer] = budget_offsets[static_cast<std::size_t>(layer)];
}

RefineTrainer::RefineTrainer(std::vector<RefinedModel>& models, const PolicyNetwork& start,
                             const RefineOptions& options, const std::optional<Budget>& budget)
    : models_(models), options_(options), rng_(options.seed, kRefineStream) {
  check(options_);
  if (models_.empty()) throw Error(ErrorKind::kInvalidArgument, "refining a policy needs at least one model");
  std::size_t training_layers = 0;
  for (const RefinedModel& model : models_) {
    check_model(model, start);
    orders_.emplace_back(model.text.training.sequences(), options_.seed);
    for (std::size_t layer = 0; layer < model.features.size(); ++layer) training_layers += trains(layer) ? 1 : 0;
  }
  if (training_layers == 0) {
    throw Error(ErrorKind::kInvalidArgument, fmt::format("{} folds leave no layer to train on", options_.folds));
  }
  std::vector<double> offsets(models_.front().features.size(), 0.0);
  if (learns_budget() && models_.size() > 1) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("a budget is learned on one model, but there are {}; it serves the others of the family by "
                            "relative depth",
                            models_.size()));
  }
  if (learns_budget() && budget) offsets = budget_for_depth(*budget, static_cast<std::int64_t>(offsets.size())).offsets;
  learned_ = std::make_shared<Learned>(start, offsets);
  best_ = std::make_shared<Learned>(start, offsets);
  const std::vector<torch::Tensor> parameters =
      learns_budget() ? std::vector<torch::Tensor>{learned_->offsets} : learned_->network->parameters();
  optimizer_ = std::make_unique<torch::optim::AdamW>(
      parameters, torch::optim::AdamWOptions(rate()).weight_decay(learns_budget() ? 0.0 : options_.weight_decay));
}

double RefineTrainer::rate() const {
  return learns_budget() ? options_.budget_learning_rate : options_.learning_rate;
}

Budget RefineTrainer::budget_of(const Learned& learned) const {
  Budget budget{.offsets = {}, .floor = options_.floor};
  for (std::int64_t layer = 0; layer < learned.offsets.size(0); ++layer) {
    budget.offsets.push_back(learned.offsets[layer].item<double>());
  }
  return budget;
}

Budget RefineTrainer::best_budget() const {
  return budget_of(*best_);
}

std::vector<std::int64_t> RefineTrainer::kept_counts(const RefinedModel& model, double ratio) const {
  std::vector<std::int64_t> counts;
  const std::vector<double> shares =
      learns_budget() ? kept_shares(budget_of(*learned_), ratio) : std::vector(model.features.size(), 1.0 - ratio);
  for (std::size_t layer = 0; layer < model.features.size(); ++layer) {
    counts.push_back(kept_count(model.features[layer].size(0), 1.0 - shares[layer]));
  }
  return counts;
}

bool RefineTrainer::trains(std::size_t layer) const {
  return options_.folds == 1 || static_cast<std::int64_t>(layer) % options_.folds != options_.held_out_fold;
}

std::int64_t RefineTrainer::tokens_per_step() const {
  const TextPool& pool = models_.front().text.training;
  return pool.sequences_of(options_.tokens) * pool.sequence_tokens();
}

std::vector<RefineTrainer::DrawnLayer> RefineTrainer::draw(const RefinedModel& model, double ratio) {
  std::vector<DrawnLayer> layers;
  const std::vector<std::int64_t> counts = kept_counts(model, ratio);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    DrawnLayer layer;
    layer.scores = learned_->network->forward(model.features[i]);
    const std::int64_t kept = counts[i];
    const torch::Tensor sharpened = (layer.scores.detach() / options_.exploration).contiguous();
    const RankingSamples samples = sample_rankings(
        {sharpened.data_ptr<float>(), static_cast<std::size_t>(sharpened.numel())}, /*samples=*/1, rng_);
    layer.mask = mask_of(samples.rankings[0], kept).requires_grad_(true);
    layer.keep_gradient = keep_probability_gradient(sharpened, samples, kept)[0] / options_.exploration;
    layers.push_back(std::move(layer));
  }
  return layers;
}

double RefineTrainer::divergence_of(const RefinedModel& model, const TaughtBatch& batch,
                                    const std::vector<DrawnLayer>& layers, double tokens_of_step) const {
  std::vector<torch::Tensor> masks;
  masks.reserve(layers.size());
  for (const DrawnLayer& layer : layers) masks.push_back(layer.mask);
  StudentPass pass(model.network, batch.ids, options_.gradient_checkpoints, masking(std::move(masks)));
  const DistillationLoss loss = distillation_loss(pass.states(), model.network.logit_rule(), batch.teacher, batch.next,
                                                  {.temperature = options_.temperature}, true);
  if (!std::isfinite(loss.divergence)) {
    throw Error(ErrorKind::kNumerical,
                fmt::format("the loss is {} at step {} of {}; the model's weights are damaged, or too large for single "
                            "precision",
                            loss.divergence, step_ + 1, options_.steps));
  }
  pass.backward(loss.gradient / tokens_of_step);
  return loss.divergence;
}

double RefineTrainer::border_effect(const DrawnLayer& layer) {
  const torch::Tensor effect = layer.mask.grad().to(torch::kFloat64);
  const double weight = std::max(layer.keep_gradient.sum().item<double>(), 1e-30);
  return (layer.keep_gradient * effect).sum().item<double>() / weight;
}

torch::Tensor RefineTrainer::policy_loss(const std::vector<DrawnLayer>& layers) const {
  torch::Tensor objective = torch::zeros({});
  torch::Tensor penalty = torch::zeros({});
  double training_layers = 0.0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (!trains(i)) continue;
    const DrawnLayer& layer = layers[i];
    const torch::Tensor effect = layer.mask.grad().to(torch::kFloat64);
    const torch::Tensor weights = (layer.keep_gradient * (effect - border_effect(layer))).to(torch::kFloat32);
    objective = objective + (weights * layer.scores).sum();
    penalty = penalty + layer.scores.square().mean();
    training_layers += 1.0;
  }
  return objective + options_.score_penalty / training_layers * penalty;
}

torch::Tensor RefineTrainer::budget_loss(const std::vector<DrawnLayer>& layers, double ratio) const {
  const std::vector<double> shares = kept_shares(budget_of(*learned_), ratio);
  std::vector<double> slopes;   // dp/db
  std::vector<double> effects;  // of a neuron more
  double slope_sum = 0.0;
  double effect_sum = 0.0;
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    const bool free = shares[layer] > options_.floor;
    slopes.push_back(free ? shares[layer] * (1.0 - shares[layer]) : 0.0);
    effects.push_back(border_effect(layers[layer]));
    slope_sum += slopes.back();
    effect_sum += slopes.back() * effects.back();
  }
  const double mean = effect_sum / std::max(slope_sum, 1e-30);
  torch::Tensor gradient = torch::zeros({static_cast<std::int64_t>(layers.size())});
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    const auto neurons = static_cast<double>(layers[layer].mask.numel());
    gradient[static_cast<std::int64_t>(layer)] = neurons * slopes[layer] * (effects[layer] - mean);
  }
  return (gradient * learned_->offsets).sum();
}

void RefineTrainer::update(const torch::Tensor& loss) {
  optimizer_->zero_grad();
  loss.backward();
  const double norm =
      torch::nn::utils::clip_grad_norm_(optimizer_->param_groups().front().params(), options_.gradient_clip);
  const double progress = static_cast<double>(step_) / static_cast<double>(options_.steps);
  set_learning_rate(*optimizer_, cosine_rate(rate(), step_, options_.warmup_steps, progress));
  if (std::isfinite(norm)) optimizer_->step();
  if (std::isfinite(norm) && is_finite(*learned_)) return;
  throw Error(ErrorKind::kNumerical,
              fmt::format("the policy is not finite after step {} of {}, whose gradient has norm {}; lower its "
                          "learning rate ({})",
                          step_ + 1, options_.steps, norm, rate()));
}

void RefineTrainer::step(Progress& progress) {
  if (curve_.empty()) validate();
  const Stopwatch watch;
  const double processor_start = processor_seconds();
  const Rng before = rng_;
  const auto count = static_cast<std::int64_t>(models_.size());
  const RefinedModel& model = models_[static_cast<std::size_t>(step_ % count)];
  const TextPool& pool = model.text.training;
  double divergence = 0.0;
  try {
    const double ratio = options_.ratio_min + (options_.ratio_max - options_.ratio_min) * rng_.uniform();
    const std::vector<DrawnLayer> layers = draw(model, ratio);
    const std::int64_t sequences = pool.sequences_of(options_.tokens);
    const auto tokens = static_cast<double>(sequences * pool.sequence_tokens());
    const torch::Tensor numbers =
        orders_[static_cast<std::size_t>(step_ % count)].take(step_ / count * sequences, sequences);
    for (const torch::Tensor& part : numbers.split(pool.sequences_of(options_.micro_batch_tokens))) {
      divergence += divergence_of(model, pool.batch(part), layers, tokens) / tokens;
      progress.advance(static_cast<std::uint64_t>(part.numel() * pool.sequence_tokens()));
    }
    update(learns_budget() ? budget_loss(layers, ratio) : policy_loss(layers));
  } catch (...) {
    rng_ = before;
    throw;
  }
  divergence_sum_ += divergence;
  ++divergence_steps_;
  ++step_;
  seconds_ += watch.seconds();
  processor_seconds_ += processor_seconds() - processor_start;
  if (step_ % options_.validate_every == 0 || done()) validate();
}

double RefineTrainer::held_out_divergence(const RefinedModel& model, double ratio) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> masks;
  const std::vector<std::int64_t> counts = kept_counts(model, ratio);
  for (std::size_t layer = 0; layer < counts.size(); ++layer) {
    const torch::Tensor scores = learned_->network->forward(model.features[layer]);
    masks.push_back(mask_of(scores.argsort(0, /*descending=*/true), counts[layer]));
  }
  const FfnHook hook = masking(std::move(masks));
  const TextPool& pool = model.text.held_out;
  double divergence = 0.0;
  for (const torch::Tensor& part :
       torch::arange(pool.sequences(), torch::kInt64).split(pool.sequences_of(options_.micro_batch_tokens))) {
    const TaughtBatch batch = pool.batch(part);
    divergence +=
        distillation_loss(model.network.final_states(batch.ids, hook).flatten(0, 1), model.network.logit_rule(),
                          batch.teacher, batch.next, {.temperature = options_.temperature}, false)
            .divergence;
  }
  return divergence / static_cast<double>(pool.tokens());
}

void RefineTrainer::validate() {
  const Stopwatch watch;
  const double processor_start = processor_seconds();
  RefinePoint point{.step = step_};
  if (divergence_steps_ > 0) point.training_divergence = divergence_sum_ / static_cast<double>(divergence_steps_);
  for (const double ratio : options_.validation_ratios) {
    double sum = 0.0;
    for (const RefinedModel& model : models_) sum += held_out_divergence(model, ratio);
    point.by_ratio.push_back(sum / static_cast<double>(models_.size()));
    point.held_out_divergence += point.by_ratio.back() / static_cast<double>(options_.validation_ratios.size());
  }
  std::size_t layers = 0;
  for (const RefinedModel& model : models_) {
    const torch::NoGradGuard no_grad;
    for (const torch::Tensor& features : model.features) {
      point.score_spread += learned_->network->forward(features).std(/*unbiased=*/false).item<double>();
    }
    layers += model.features.size();
  }
  point.score_spread /= static_cast<double>(layers);
  seconds_ += watch.seconds();
  processor_seconds_ += processor_seconds() - processor_start;
  point.seconds = seconds_;
  point.processor_seconds = processor_seconds_;
  if (point.held_out_divergence < best_divergence_) {
    best_divergence_ = point.held_out_divergence;
    copy_parameters(*learned_, *best_);
  }
  curve_.push_back(std::move(point));
  divergence_sum_ = 0.0;
  divergence_steps_ = 0;
}

TrainerState RefineTrainer::state() const {
  TrainerState state;
  state.store("", *learned_);
  state.store("best.", *best_);
  state.store_moments(*learned_, *optimizer_);
  state.text = {{"random", rng_.state()},
                {"steps", std::to_string(options_.steps)},
                {"progress", nlohmann::json{{"step", step_},
                                            {"best_divergence", best_divergence_},
                                            {"divergence_sum", divergence_sum_},
                                            {"divergence_steps", divergence_steps_},
                                            {"seconds", seconds_},
                                            {"processor_seconds", processor_seconds_}}
                                 .dump()},
                {"curve", to_json(curve_).dump()}};
  return state;
}

void RefineTrainer::restore(const TrainerState& state) {
  state.require_length("steps", options_.steps);
  const nlohmann::json object = state.json_of("progress");
  const ConfigFields progress = state_fields(object);
  step_ = progress.integer("step", 0, options_.steps);
  state.load("", *learned_);
  state.load("best.", *best_);
  state.load_moments(*learned_, *optimizer_, step_);
  best_divergence_ = progress.number("best_divergence", -kLargestNumber, kLargestNumber);
  divergence_sum_ = progress.number("divergence_sum", -kLargestNumber, kLargestNumber);
  divergence_steps_ = progress.integer("divergence_steps", 0, kLargestCount);
  seconds_ = progress.number("seconds", 0.0, kLargestNumber);
  processor_seconds_ = progress.number("processor_seconds", 0.0, kLargestNumber);
  rng_.restore(state.text_of("random"));
  curve_.clear();
  for (const auto& point : state.json_of("curve")) curve_.push_back(refine_point(point));
  if (curve_.empty()) reject("the training state", "has no curve");
}

}  // namespace prunenet
