#include "prunenet/train/prunenet_options.h"

#include <fmt/format.h>

#include "prunenet/core/error.h"

namespace prunenet {

void check(const PrunenetOptions& options) {
  const auto require = [](bool holds, const char* field, double value, const char* range) {
    if (holds) return;
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("option 'prunenet.{}' is {}, but must be {}", field, value, range));
  };
  require(options.ratio > 0.0 && options.ratio <= 0.95, "ratio", options.ratio, "above 0 and at most 0.95");
  require(options.episodes >= 1, "episodes", static_cast<double>(options.episodes), "at least 1");
  require(options.learning_rate > 0.0 && options.learning_rate <= 1e36, "learning_rate", options.learning_rate,
          "above 0 and at most 1e36");
  require(options.weight_decay >= 0.0, "weight_decay", options.weight_decay, "at least 0");
  require(options.discount > 0.0 && options.discount <= 1.0, "discount", options.discount, "above 0 and at most 1");
  require(options.gradient_clip > 0.0, "gradient_clip", options.gradient_clip, "above 0");
}

}  // namespace prunenet
