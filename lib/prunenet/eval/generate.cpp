#include "prunenet/eval/generate.h"

#include <torch/torch.h>

#include <span>
#include <vector>

#include "prunenet/core/rng.h"

namespace prunenet {

namespace {

/// [1, P]: the tokenizer's own prefix, then the prompt; whatever starts a text where that is nothing.
torch::Tensor encode_prompt(const Tokenizer& tokenizer, const ModelConfig& config, const std::string& prompt) {
  std::vector<std::int64_t> ids;
  for (const TokenId id : tokenizer.default_prefix()) ids.push_back(id);
  for (const TokenId id : tokenizer.encode(prompt)) ids.push_back(id);
  if (ids.empty()) return start_prompts(config, 1);
  return torch::tensor(ids, torch::kInt64).unsqueeze(0);
}

}  // namespace

std::string generate_text(const CausalLm& model, const Tokenizer& tokenizer, const std::string& prompt,
                          const SampleOptions& options, std::uint64_t seed, Progress& progress) {
  Rng rng(seed);
  const torch::Tensor start = encode_prompt(tokenizer, model.config(), prompt);
  const torch::Tensor ids = sample(model, start, options, rng, progress)[0].to(torch::kInt32);
  const std::span<const TokenId> tokens(ids.data_ptr<TokenId>(), static_cast<std::size_t>(ids.numel()));
  return tokenizer.decode(tokens, /*skip_special=*/true);
}

}  // namespace prunenet
