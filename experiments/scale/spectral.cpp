// Rewards of one wide layer: what each way to them costs, and how far it is from the exact one. See SPECTRAL.md.
//   scale_spectral HIDDEN NEURONS TOKENS   a layer made up
//   scale_spectral FILE.safetensors        "responses" (T x I) and "down" (d x I) of a real one
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <numeric>
#include <string>
#include <vector>

#include "made_up_layer.h"
#include "prunenet/checkpoint/safetensors_file.h"
#include "prunenet/core/peak_memory.h"
#include "prunenet/core/rng.h"
#include "prunenet/spectral/packed_coupling.h"
#include "prunenet/spectral/schatten2.h"

namespace prunenet {
namespace {

constexpr double kRatio = 0.3;
constexpr Eigen::Index kDraws = 200;
constexpr Eigen::Index kWidestDiagonal = 4096;  ///< an I x I matrix of zeros is waste in a wide layer
constexpr Eigen::Index kSwapped = 4;            ///< draws whose swaps are looked at

Layer read_layer(const std::filesystem::path& path) {
  const SafetensorsFile file = SafetensorsFile::open(path);
  const auto matrix = [&file](const std::string& name) {
    const HostTensor tensor = file.read(name);
    MatrixF values(tensor.info.shape.at(0), tensor.info.shape.at(1));
    to_floats(tensor.data, tensor.info.dtype, {values.data(), static_cast<std::size_t>(values.size())});
    return values;
  };
  return {matrix("responses"), matrix("down"), {}};
}

/// 0/1 rows of removed neurons, each of one ratio: the smallest of score + Gumbel noise stay behind.
MatrixF draw(const VectorF& scores, Rng& rng) {
  const Eigen::Index neurons = scores.size();
  const auto removed_count = static_cast<Eigen::Index>(kRatio * double(neurons));
  MatrixF removed = MatrixF::Zero(kDraws, neurons);
  std::vector<double> keys(static_cast<std::size_t>(neurons));
  std::vector<Eigen::Index> order(keys.size());
  for (Eigen::Index row = 0; row < kDraws; ++row) {
    for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = scores(Eigen::Index(i)) + rng.gumbel();
    std::iota(order.begin(), order.end(), 0);
    std::nth_element(order.begin(), order.begin() + removed_count, order.end(),
                     [&keys](Eigen::Index a, Eigen::Index b) { return keys[std::size_t(a)] < keys[std::size_t(b)]; });
    for (Eigen::Index i = 0; i < removed_count; ++i) removed(row, order[std::size_t(i)]) = 1.0F;
  }
  return removed;
}

/// What a policy in training might say: the log of a neuron's own energy, standardised, with a noise of 0.6 to 0.8.
VectorF policy_scores(const VectorD& energies, double spread, Rng& rng) {
  VectorD logs = energies.array().max(1e-30).log();
  logs.array() -= logs.mean();
  logs /= std::sqrt(logs.squaredNorm() / double(logs.size()));
  for (double& value : logs) value = spread * (0.8 * value + 0.6 * rng.normal());
  return logs.cast<float>();
}

VectorD ranks(const VectorD& values) {
  std::vector<Eigen::Index> order(static_cast<std::size_t>(values.size()));
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&values](Eigen::Index a, Eigen::Index b) { return values(a) < values(b); });
  VectorD ranked(values.size());
  for (std::size_t place = 0; place < order.size(); ++place) ranked(order[place]) = double(place);
  return ranked;
}

double spearman(const VectorD& a, const VectorD& b) {
  const VectorD first = ranks(a).array() - double(a.size() - 1) / 2.0;
  const VectorD second = ranks(b).array() - double(b.size() - 1) / 2.0;
  return first.dot(second) / std::sqrt(first.squaredNorm() * second.squaredNorm());
}

struct Draws {
  std::string name;
  MatrixF removed;
};

struct Answers {
  VectorD distortions;
  MatrixD swaps;  ///< log distortions of all swaps of the first draws
};

Answers ask(const Schatten2& form, const MatrixF& removed) {
  std::vector<std::int64_t> in;
  std::vector<std::int64_t> out;
  for (Eigen::Index row = 0; row < kSwapped; ++row) {
    Eigen::Index first_removed = 0;
    Eigen::Index first_kept = 0;
    removed.row(row).maxCoeff(&first_removed);
    removed.row(row).minCoeff(&first_kept);
    in.push_back(first_removed);
    out.push_back(first_kept);
  }
  return {form(removed), form.log_swapped(removed.topRows(kSwapped), in, out)};
}

void print_agreement(const std::string& form, const Draws& draws, const Answers& exact, const Answers& answers) {
  const VectorD errors = answers.distortions.cwiseQuotient(exact.distortions).array() - 1.0;
  double swaps = 0.0;
  for (Eigen::Index row = 0; row < kSwapped; ++row) {
    swaps += spearman(answers.swaps.row(row).transpose(), exact.swaps.row(row).transpose()) / double(kSwapped);
  }
  std::cout << fmt::format("{:<14} {:<16} rank correlation {:.4f}, of swaps {:.4f}; error {:+.2e} +- {:.2e}\n", form,
                           draws.name, spearman(answers.distortions, exact.distortions), swaps, errors.mean(),
                           std::sqrt((errors.array() - errors.mean()).square().mean()))
            << std::flush;
}

double spread_of(const VectorD& values) {
  return std::sqrt((values.array() - values.mean()).square().mean()) / values.mean();
}

void time_rewards(const std::string& name, const Schatten2& form, const MatrixF& removed) {
  time(name + ", 1 keep-set", 8, [&] { (void)form(removed.topRows(1)); });
  time(name + ", 8 keep-sets", 4, [&] { (void)form(removed.topRows(8)); });
  time(name + ", 32 keep-sets", 2, [&] { (void)form(removed.topRows(32)); });
}

void compare_forms(const Layer& layer, const MatrixF& moment) {
  MatrixF coupling;
  time("coupling K, exact", 1, [&] { coupling = response_coupling(layer.down, moment); });
  const VectorD energies = coupling.diagonal().cast<double>();
  const Eigen::Index neurons = energies.size();
  const Schatten2 exact = Schatten2::from_coupling(std::move(coupling));
  Rng rng(2);
  const std::vector<Draws> draws{{"uniform", draw(VectorF::Zero(neurons), rng)},
                                 {"policy, spread 1", draw(policy_scores(energies, 1.0, rng), rng)},
                                 {"policy, spread 2", draw(policy_scores(energies, 2.0, rng), rng)}};
  std::vector<Answers> truths;
  for (const Draws& kind : draws) {
    truths.push_back(ask(exact, kind.removed));
    std::cout << fmt::format("{}: distortion {:.4f}, relative spread over {} keep-sets {:.2e}\n", kind.name,
                             truths.back().distortions.mean(), kDraws, spread_of(truths.back().distortions));
  }
  const auto judge = [&](const std::string& name, const Schatten2& form) {
    for (std::size_t kind = 0; kind < draws.size(); ++kind) {
      print_agreement(name, draws[kind], truths[kind], ask(form, draws[kind].removed));
    }
    time_rewards(name, form, draws[1].removed);
  };
  judge("exact", exact);
  {
    PackedMatrix packed;
    time("packing K", 1, [&] { packed = pack_coupling(layer.down, moment); });
    std::cout << fmt::format("packed: {:.1f} MB; exact: {:.1f} MB\n", 1e-6 * double(packed.codes().size()),
                             4e-6 * double(neurons) * double(neurons));
    judge("packed", Schatten2::from_packed(std::move(packed)));
  }
  {
    PackedMatrix packed_moment;
    PackedMatrix packed;
    time("packing H", 1, [&] { packed_moment = PackedMatrix::pack(moment); });
    time("packing K of a packed H", 1, [&] { packed = pack_coupling(layer.down, packed_moment); });
    judge("packed twice", Schatten2::from_packed(std::move(packed)));
  }
  if (neurons <= kWidestDiagonal) {
    judge("diagonal", Schatten2::from_coupling(MatrixF(energies.cast<float>().asDiagonal())));
  }
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() != 1 && arguments.size() != 3) {
    std::cerr << "usage: scale_spectral HIDDEN NEURONS TOKENS | FILE.safetensors\n";
    return 2;
  }
  const Layer layer = arguments.size() == 1
                          ? read_layer(arguments[0])
                          : make_layer(std::stol(arguments[0]), std::stol(arguments[1]), std::stol(arguments[2]));
  std::cout << fmt::format("d {}, I {}, T {}; {} MB of responses\n", layer.down.rows(), layer.down.cols(),
                           layer.responses.rows(), 4 * layer.responses.size() / 1'000'000);
  MatrixF moment;
  time("second moment H", 1, [&] { moment = second_moment_of(layer.responses); });
  compare_forms(layer, moment);
  std::cout << fmt::format("peak memory {:.2f} GB\n", 1e-9 * double(peak_rss_bytes()));
  return 0;
}

}  // namespace
}  // namespace prunenet

int main(int argc, char** argv) {
  return prunenet::run_program(prunenet::run, argc, argv);
}
