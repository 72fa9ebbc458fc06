#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace prunenet {

/// Seeded random numbers that are the same on every platform: std::mt19937_64 is fixed by the standard, the
/// distributions below are ours because the standard's are not.
class Rng {
 public:
  /// Streams of one seed are independent: use one a purpose (probe, training, validation, ...).
  explicit Rng(std::uint64_t seed, std::uint64_t stream = 0);

  /// Uniform in [0, 1), 53 bits.
  double uniform();
  /// Standard Gumbel, -log(-log u): arg max over i of (logit_i + gumbel) samples softmax(logit).
  double gumbel();
  /// Standard normal (Box-Muller, one value a call).
  double normal();
  /// Uniform integer in [0, bound), bound > 0, without modulo bias.
  std::uint64_t below(std::uint64_t bound);
  /// 64 uniform bits.
  std::uint64_t bits() { return engine_(); }

  /// Exact state as text, for resumable training; `restore` takes it back. Throws Error(kBadInput) on other text.
  [[nodiscard]] std::string state() const;
  /// Goes on where `state` was taken. Throws Error(kBadInput) where it is none.
  void restore(const std::string& state);

 private:
  std::mt19937_64 engine_;
};

}  // namespace prunenet
