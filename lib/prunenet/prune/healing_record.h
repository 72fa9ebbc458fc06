#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace prunenet {

/// How the kept columns of the down projections were refitted, as a record tells it.
struct HealingRecord {
  /// One layer's. Errors are shares of the energy of what was fitted.
  struct Layer {
    std::optional<double> lambda;  ///< none where the projection stayed as it was cut
    double error_before = 0.0;     ///< on the fitting tokens
    double error_after = 0.0;
    double held_out_before = 0.0;
    double held_out_after = 0.0;
  };
  std::string form = {};    ///< "sequential" or "one-shot"
  double correction = 0.0;  ///< alpha
  std::int64_t tokens = 0;  ///< that were fitted
  std::int64_t held_out_tokens = 0;
  std::int64_t sequence_length = 0;
  std::vector<std::int64_t> start_tokens = {};  ///< none: BOS
  double temperature = 1.0;
  std::uint64_t seed = 0;  ///< of the text
  std::vector<Layer> layers = {};
};

}  // namespace prunenet
