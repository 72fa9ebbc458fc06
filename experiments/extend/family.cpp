// A model family of one's own: LLaMA under the tensor names of its first release. The program writes such a model from
// a LLaMA checkpoint, opens it by a registered adapter, prunes it, and gets what pruning the original gives.
//
//   extend_family LLAMA WORK
#include <fmt/format.h>
#include <prunenet/checkpoint/safetensors_writer.h>
#include <prunenet/prunenet.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <regex>

using namespace prunenet;

namespace {

constexpr const char* kArchitecture = "FirstLlamaForCausalLM";

class FirstLlama final : public Family {
 public:
  explicit FirstLlama(ModelConfig config) : Family(std::move(config)) {}

  [[nodiscard]] std::string name() const override { return "first-llama"; }
  [[nodiscard]] std::string embedding() const override { return "tok_embeddings.weight"; }
  [[nodiscard]] std::string output_matrix() const override { return "output.weight"; }
  [[nodiscard]] NormPlace final_norm() const override { return norm("norm"); }
  [[nodiscard]] FfnBlock ffn_block(std::int64_t layer) const override {
    const std::string prefix = fmt::format("layers.{}.", layer);
    const std::int64_t d = config().hidden_size;
    const std::int64_t neurons = config().intermediate_size;
    return {.norm = norm(prefix + "ffn_norm"),
            .gate = whole_linear(prefix + "feed_forward.w1.weight", "", neurons, d),
            .up = whole_linear(prefix + "feed_forward.w3.weight", "", neurons, d),
            .down = whole_linear(prefix + "feed_forward.w2.weight", "", d, neurons),
            .post_norm = {}};
  }
  [[nodiscard]] AttentionBlock attention_block(std::int64_t layer) const override {
    const std::string prefix = fmt::format("layers.{}.attention", layer);
    const std::int64_t d = config().hidden_size;
    const std::int64_t queries = config().num_attention_heads * config().head_dim;
    const std::int64_t keys = config().num_key_value_heads * config().head_dim;
    AttentionBlock block;
    block.norm = norm(prefix + "_norm");
    block.q = whole_linear(prefix + ".wq.weight", "", queries, d);
    block.k = whole_linear(prefix + ".wk.weight", "", keys, d);
    block.v = whole_linear(prefix + ".wv.weight", "", keys, d);
    block.o = whole_linear(prefix + ".wo.weight", "", d, queries);
    return block;
  }

 private:
  [[nodiscard]] NormPlace norm(const std::string& name) const { return {name + ".weight", "", config().hidden_size}; }
};

std::string first_name(std::string name) {
  static const std::pair<std::regex, const char*> kNames[] = {
      {std::regex("^model\\."), ""},
      {std::regex("embed_tokens"), "tok_embeddings"},
      {std::regex("^lm_head"), "output"},
      {std::regex("self_attn\\.([qkvo])_proj"), "attention.w$1"},
      {std::regex("gate_proj"), "w1"},
      {std::regex("down_proj"), "w2"},
      {std::regex("up_proj"), "w3"},
      {std::regex("mlp"), "feed_forward"},
      {std::regex("input_layernorm"), "attention_norm"},
      {std::regex("post_attention_layernorm"), "ffn_norm"}};
  for (const auto& [from, to] : kNames) name = std::regex_replace(name, from, to);
  return name;
}

void write_renamed(const Checkpoint& llama, const std::filesystem::path& directory) {
  std::filesystem::create_directories(directory);
  std::map<std::string, HostTensor> tensors;
  for (const auto& [name, info] : llama.tensors()) tensors[first_name(name)] = llama.read(name);
  write_safetensors(directory / "model.safetensors", tensors, {{"format", "pt"}});
  nlohmann::json config = llama.config();
  config["architectures"] = {kArchitecture};
  std::ofstream(directory / "config.json") << config;
}

/// Pruned by the norms of down columns, opened again, and run.
torch::Tensor losses_of_pruned(const Checkpoint& dense, const FamilyRegistry& families,
                               const std::filesystem::path& output) {
  const auto family = make_family(dense, families);
  std::vector<std::vector<float>> scores;
  for (std::int64_t layer = 0; layer < family->config().num_hidden_layers; ++layer) {
    const VectorF norms = read_ffn(dense, *family, layer).down.colwise().norm();
    scores.emplace_back(norms.begin(), norms.end());
  }
  SilentProgress progress;
  prune_checkpoint(dense, *family, make_uniform_plan(scores, 0.5, 1, "norms"), {.output = output}, progress);
  if (!verify_pruned(output, dense.directory(), {.families = families}, progress).holds()) return {};
  const Checkpoint pruned = Checkpoint::open(output);
  const torch::Tensor ids = torch::arange(32).reshape({2, 16});
  return CausalLm::load(pruned, *make_family(pruned, families), progress).token_nll(ids);
}

}  // namespace

int main(int count, char** arguments) try {
  if (count != 3) throw Error(ErrorKind::kInvalidArgument, "usage: extend_family LLAMA WORK");
  const std::filesystem::path work = arguments[2];
  FamilyRegistry families = built_in_families();
  families.add(kArchitecture,
               [](const FamilyInput& input) { return std::make_unique<FirstLlama>(read_llama_config(input)); });

  const Checkpoint llama = Checkpoint::open(arguments[1]);
  write_renamed(llama, work / "renamed");
  const Checkpoint renamed = Checkpoint::open(work / "renamed");
  const torch::Tensor plain = losses_of_pruned(llama, families, work / "pruned");
  const torch::Tensor ours = losses_of_pruned(renamed, families, work / "renamed-pruned");
  const bool equal = plain.defined() && ours.defined() && torch::equal(plain, ours);
  std::printf("%s, pruned to half: the losses of %s are %s\n", make_family(renamed, families)->name().c_str(),
              arguments[1],
              equal ? "those of the LLaMA checkpoint, pruned" : "others than those of the LLaMA checkpoint");
  return equal ? 0 : 1;
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
