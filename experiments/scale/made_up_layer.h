// What the experiments of SPECTRAL.md share: a wide layer made up, and a clock.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "prunenet/core/matrix.h"
#include "prunenet/core/rng.h"
#include "prunenet/core/stopwatch.h"

namespace prunenet {

struct Layer {
  MatrixF responses;  ///< T x I
  MatrixF down;       ///< d x I
  MatrixF gate;       ///< I x d, of a made-up layer
};

/// Runs `work`, at least `repeats` times, and prints the time of one.
template <typename Work>
void time(const std::string& what, int repeats, const Work& work) {
  const Stopwatch watch;
  const double before = processor_seconds();
  for (int i = 0; i < repeats; ++i) work();
  const double processor = (processor_seconds() - before) / repeats;
  std::cout << fmt::format("{:<46} {:>10.4f} s  {:>10.4f} CPU s\n", what, watch.seconds() / repeats, processor)
            << std::flush;
}

inline MatrixF normal(Eigen::Index rows, Eigen::Index columns, Rng& rng) {
  return MatrixF::NullaryExpr(rows, columns, [&rng] { return static_cast<float>(rng.normal()); });
}

/// h = silu(a) b with a and b of 64 common factors and noise of their own: scales differ by orders of magnitude over
/// neurons (lognormal), tokens share directions, and a neuron in four leans to one side.
inline Layer make_layer(Eigen::Index hidden, Eigen::Index neurons, Eigen::Index tokens) {
  constexpr Eigen::Index kFactors = 64;
  Rng rng(1);
  const auto mixed = [&](double offset) {
    const MatrixF factors = normal(tokens, kFactors, rng);
    MatrixF values = normal(kFactors, neurons, rng) * 0.09F;  // half of the variance is common
    VectorF lean(neurons);
    for (float& value : lean) value = rng.uniform() < 0.25 ? static_cast<float>(offset * rng.normal()) : 0.0F;
    MatrixF product = factors * values;
    for (float& value : product.reshaped()) value += 0.7F * static_cast<float>(rng.normal());
    product.rowwise() += lean.transpose();
    return product;
  };
  Layer layer;
  layer.responses = mixed(1.0);
  layer.responses = layer.responses.unaryExpr([](float a) { return a / (1.0F + std::exp(-a)); });
  layer.responses.array() *= mixed(1.0).array();
  for (Eigen::Index i = 0; i < neurons; ++i) layer.responses.col(i) *= static_cast<float>(std::exp(rng.normal()));
  layer.down = normal(hidden, neurons, rng) * 0.02F;
  layer.gate = normal(neurons, hidden, rng) * 0.02F;
  return layer;
}

/// H = E[h h^T], I x I.
inline MatrixF second_moment_of(const MatrixF& responses) {
  MatrixF moment = MatrixF::Zero(responses.cols(), responses.cols());
  moment.selfadjointView<Eigen::Lower>().rankUpdate(responses.transpose(), 1.0F / float(responses.rows()));
  moment.triangularView<Eigen::StrictlyUpper>() = moment.transpose();
  return moment;
}

/// A program of its own: what goes wrong is one line, and exit code 1.
template <typename Run>
int run_program(const Run& run, int argc, char** argv) {
  try {
    return run(std::vector<std::string>{argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}

}  // namespace prunenet
