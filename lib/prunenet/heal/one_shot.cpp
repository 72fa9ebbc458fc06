#include "prunenet/heal/one_shot.h"

#include <fmt/format.h>

#include "prunenet/core/error.h"

namespace prunenet {

namespace {

std::vector<std::int64_t> others(const std::vector<std::int64_t>& keep, std::int64_t neurons) {
  std::vector<std::int64_t> removed;
  auto kept = keep.begin();
  for (std::int64_t neuron = 0; neuron < neurons; ++neuron) {
    if (kept != keep.end() && *kept == neuron) {
      ++kept;
    } else {
      removed.push_back(neuron);
    }
  }
  return removed;
}

}  // namespace

FitMoments moments_of_cut(const ResponseMoments& probed, const MatrixF& down, const std::vector<std::int64_t>& keep,
                          bool bias) {
  const std::vector<std::int64_t> removed = others(keep, down.cols());
  const MatrixD moment = probed.second_moment.cast<double>();
  const MatrixD all = down.cast<double>();
  const MatrixD lost = all(Eigen::all, removed);
  FitMoments moments;
  moments.tokens = 1.0;
  moments.responses = moment(keep, keep);
  moments.errors = lost * moment(removed, keep);
  moments.error = (lost * moment(removed, removed)).cwiseProduct(lost).sum();
  moments.target = (all * moment).cwiseProduct(all).sum();
  if (bias) {
    const VectorD mean = probed.mean.cast<double>();
    moments.response_sum = mean(keep);
    moments.error_sum = lost * mean(removed);
  }
  return moments;
}

void heal_in_one_shot(const Checkpoint& checkpoint, const Family& family, const Plan& plan, const ProbeFile& probe,
                      const HealOptions& options, const StoredLayer& stored, const HealSink& sink, Progress& progress) {
  const ModelConfig& config = family.config();
  check(options);
  check_plan_fits(plan, config.num_hidden_layers, config.intermediate_size);
  probe.require_sizes(config.num_hidden_layers, config.intermediate_size);
  require_tokens(plan, probe.facts().source.options.tokens);
  progress.begin("healing", "layers", static_cast<std::uint64_t>(config.num_hidden_layers));
  for (std::int64_t layer = 0; layer < config.num_hidden_layers; ++layer) {
    const LinearPlace place = family.ffn_block(layer).down;
    const MatrixF down = read_weight(checkpoint, place);
    const std::vector<std::int64_t>& keep = plan.keep_indices[static_cast<std::size_t>(layer)];
    const LayerMoments moments = probe.layer(layer);
    if (!moments.training.is_exact()) {
      throw Error(ErrorKind::kUnsupported,
                  fmt::format("{}: holds its moments in a byte a pair, too coarse to fit anything to; make it with an "
                              "exact_width of at least {}, or heal sequentially",
                              probe.path().string(), config.intermediate_size));
    }
    const VectorF bias = read_bias(checkpoint, place);
    const ChosenFit chosen = choose_fit(moments_of_cut(moments.training, down, keep, bias.size() > 0),
                                        moments_of_cut(moments.held_out, down, keep, bias.size() > 0), options.lambdas);
    sink(layer, stored(layer, healed_layer(down(Eigen::all, keep), bias, chosen)));
    progress.advance(1);
  }
}

}  // namespace prunenet
