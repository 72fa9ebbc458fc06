#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "prunenet/checkpoint/model_writer.h"
#include "prunenet/checkpoint/safetensors_writer.h"
#include "prunenet/core/rng.h"
#include "prunenet/plan/plan.h"
#include "support/temporary_directory.h"

namespace prunenet::testing {

/// A LLaMA checkpoint of random bytes: pruning does not look at values.
struct TinyLlama {
  std::int64_t layers = 2;
  std::int64_t hidden = 4;        ///< d
  std::int64_t intermediate = 6;  ///< I
  std::int64_t vocabulary = 5;
  Dtype dtype = Dtype::kBF16;
  bool tied = false;
  bool mlp_bias = false;
  bool stores_tied_copy = false;                          ///< lm_head.weight beside a tied embedding
  std::uint64_t max_shard_bytes = kDefaultShardBytes;     ///< small: several shards
  std::string config_extra = R"("zeta": 1, "alpha": 2)";  ///< keys whose order must survive

  [[nodiscard]] std::vector<TensorDeclaration> tensors() const {
    std::vector<TensorDeclaration> all;
    const auto add = [&](const std::string& name, std::vector<std::int64_t> shape) {
      all.push_back({name, dtype, std::move(shape)});
    };
    add("model.embed_tokens.weight", {vocabulary, hidden});
    for (std::int64_t layer = 0; layer < layers; ++layer) {
      const std::string prefix = "model.layers." + std::to_string(layer) + ".";
      for (const char* norm : {"input_layernorm", "post_attention_layernorm"}) add(prefix + norm + ".weight", {hidden});
      for (const char* projection : {"q", "k", "v", "o"}) {
        add(prefix + "self_attn." + projection + "_proj.weight", {hidden, hidden});
      }
      for (const char* projection : {"gate", "up"}) {
        add(prefix + "mlp." + projection + "_proj.weight", {intermediate, hidden});
        if (mlp_bias) add(prefix + "mlp." + projection + "_proj.bias", {intermediate});
      }
      add(prefix + "mlp.down_proj.weight", {hidden, intermediate});
      if (mlp_bias) add(prefix + "mlp.down_proj.bias", {hidden});
    }
    add("model.norm.weight", {hidden});
    if (!tied || stores_tied_copy) add("lm_head.weight", {vocabulary, hidden});
    return all;
  }

  void write(const std::filesystem::path& directory) const {
    std::filesystem::create_directories(directory);
    Rng rng(5);
    std::map<std::string, std::vector<std::byte>> data;
    for (const TensorDeclaration& tensor : tensors()) {
      std::vector<std::byte>& bytes = data[tensor.name];
      for (std::uint64_t i = bytes_of(tensor); i > 0; --i) bytes.push_back(static_cast<std::byte>(rng.below(256)));
    }
    if (stores_tied_copy) data["lm_head.weight"] = data["model.embed_tokens.weight"];
    SilentProgress silent;
    write_shards(
        directory, split_into_shards(tensors(), max_shard_bytes),
        [&](const std::string& name) { return data.at(name); }, silent);
    write_file(directory / "config.json", config());
    write_file(directory / "tokenizer.json", R"({"version": "1.0"})");
    write_file(directory / "LICENSE", "free");
  }

  [[nodiscard]] std::string config() const {
    const auto number = [](std::int64_t value) { return std::to_string(value); };
    return R"({"architectures": ["LlamaForCausalLM"], )" + config_extra + R"(, "vocab_size": )" + number(vocabulary) +
           R"(, "hidden_size": )" + number(hidden) + R"(, "intermediate_size": )" + number(intermediate) +
           R"(, "num_hidden_layers": )" + number(layers) +
           R"(, "num_attention_heads": 2, "max_position_embeddings": 16, "rms_norm_eps": 1e-05, "mlp_bias": )" +
           (mlp_bias ? "true" : "false") + R"(, "tie_word_embeddings": )" + (tied ? "true" : "false") + "}";
  }
};

/// A plan for it: another keep-set for each of its two layers, of 4 of 6 neurons.
inline Plan four_of_six() {
  Plan plan;
  plan.source = "test";
  plan.intermediate_size = 6;
  plan.requested_ratio = 0.3;
  plan.keep_indices = {{0, 2, 3, 5}, {1, 2, 3, 4}};
  return plan;
}

}  // namespace prunenet::testing
