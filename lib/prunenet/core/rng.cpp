#include "prunenet/core/rng.h"

#include <cmath>
#include <numbers>
#include <sstream>

#include "prunenet/core/error.h"

namespace prunenet {

namespace {

// SplitMix64 (Steele, Lea and Flood 2014): spreads (seed, stream) over the whole seed space.
std::uint64_t split_mix(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15ULL;
  value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  value = (value ^ (value >> 27U)) * 0x94D049BB133111EBULL;
  return value ^ (value >> 31U);
}

}  // namespace

Rng::Rng(std::uint64_t seed, std::uint64_t stream) : engine_(split_mix(split_mix(seed) ^ stream)) {}

double Rng::uniform() {
  return static_cast<double>(engine_() >> 11U) * 0x1.0p-53;
}

double Rng::gumbel() {
  // (0, 1): half a unit in from both ends, so that neither logarithm meets zero.
  const double u = (static_cast<double>(engine_() >> 11U) + 0.5) * 0x1.0p-53;
  return -std::log(-std::log(u));
}

double Rng::normal() {
  const double u = (static_cast<double>(engine_() >> 11U) + 0.5) * 0x1.0p-53;
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * uniform());
}

std::uint64_t Rng::below(std::uint64_t bound) {
  const std::uint64_t limit = bound * (~std::uint64_t{0} / bound);
  std::uint64_t value = engine_();
  while (value >= limit) value = engine_();
  return value % bound;
}

std::string Rng::state() const {
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text << engine_;
  return text.str();
}

void Rng::restore(const std::string& state) {
  std::istringstream text(state);
  text.imbue(std::locale::classic());
  text >> engine_;
  if (!text) throw Error(ErrorKind::kBadInput, "random number state is not the text of a std::mt19937_64");
}

}  // namespace prunenet
