#pragma once

#include <filesystem>
#include <memory>

#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/family/family.h"
#include "prunenet/model/causal_lm.h"
#include "prunenet/tokenizer/tokenizer.h"
#include "support/trained_model.h"

namespace prunenet::testing {

/// The small trained model of tests/data, with its tokenizer.
struct TrainedModel {
  std::filesystem::path directory = trained_model("small");
  Checkpoint checkpoint = Checkpoint::open(directory);
  std::unique_ptr<Family> family = make_family(checkpoint);
  SilentProgress silent;
  CausalLm model = CausalLm::load(checkpoint, *family, silent);
  std::unique_ptr<Tokenizer> tokenizer = load_tokenizer(directory);
};

}  // namespace prunenet::testing
