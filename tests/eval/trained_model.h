#pragma once

#include <filesystem>
#include <memory>

#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/family/family.h"
#include "prunenet/model/causal_lm.h"
#include "prunenet/tokenizer/tokenizer.h"

namespace prunenet::testing {

/// The small trained model of tests/data, with its tokenizer.
struct TrainedModel {
  std::filesystem::path directory = std::filesystem::path(PRUNENET_TEST_DATA) / "trained" / "small";
  Checkpoint checkpoint = Checkpoint::open(directory);
  std::unique_ptr<Family> family = make_family(checkpoint);
  SilentProgress silent;
  CausalLm model = CausalLm::load(checkpoint, *family, silent);
  std::unique_ptr<Tokenizer> tokenizer = load_tokenizer(directory);
};

}  // namespace prunenet::testing
