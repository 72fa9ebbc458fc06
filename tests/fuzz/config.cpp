#include "fuzz/harness.h"
#include "prunenet/checkpoint/strict_json.h"
#include "prunenet/family/family.h"

namespace prunenet {

/// A config.json, and where it says that tensors lie.
PRUNENET_FUZZ_TARGET(config) {
  const auto family = make_family(parse_json_object(input, "config.json"), "config.json");
  static_cast<void>(family->embedding_projection());
  static_cast<void>(family->output_projection());
  static_cast<void>(family->position_rows());
  for (const std::int64_t layer : {std::int64_t{0}, family->config().num_hidden_layers - 1}) {
    static_cast<void>(family->ffn_block(layer));
    static_cast<void>(family->attention_block(layer));
  }
}

}  // namespace prunenet
