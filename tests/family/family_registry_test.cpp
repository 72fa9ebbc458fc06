#include "prunenet/family/family_registry.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "prunenet/core/file.h"
#include "prunenet/family/llama_family.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

using testing::TemporaryDirectory;

/// A LLaMA model under another architecture's name.
Checkpoint under_the_name(const TemporaryDirectory& directory, const std::string& architecture) {
  const auto model = std::filesystem::path(PRUNENET_TEST_DATA) / "models" / "llama-grouped-tied";
  nlohmann::json config = nlohmann::json::parse(read_text_file(model / "config.json"));
  config["architectures"] = {architecture};
  testing::write_file(directory / "config.json", config.dump());
  std::filesystem::copy_file(model / "model.safetensors", directory / "model.safetensors");
  return Checkpoint::open(directory.path());
}

std::unique_ptr<Family> make_ours(const FamilyInput& input) {
  return std::make_unique<LlamaFamily>("ours", read_llama_config(input));
}

TEST(FamilyRegistry, OpensAnArchitectureThatWasAdded) {
  const TemporaryDirectory directory;
  const Checkpoint checkpoint = under_the_name(directory, "OursForCausalLM");
  FamilyRegistry families = built_in_families();
  families.add("OursForCausalLM", make_ours);
  const auto family = make_family(checkpoint, families);
  EXPECT_EQ(family->name(), "ours");
  EXPECT_EQ(family->config().architecture, "OursForCausalLM");
  EXPECT_EQ(make_family(checkpoint.config(), "here", families)->config().intermediate_size, 24);
  testing::expect_error(ErrorKind::kUnsupported, {"'OursForCausalLM'", "LlamaForCausalLM"},
                        [&] { (void)make_family(checkpoint); });
}

TEST(FamilyRegistry, NamesWhatWasAddedAmongTheKnown) {
  const TemporaryDirectory directory;
  const Checkpoint checkpoint = under_the_name(directory, "TheirsForCausalLM");
  FamilyRegistry families("architecture");
  families.add("OursForCausalLM", make_ours);
  testing::expect_error(ErrorKind::kUnsupported, {"'TheirsForCausalLM'", "known are OursForCausalLM"},
                        [&] { (void)make_family(checkpoint, families); });
}

TEST(FamilyRegistry, ChecksTensorsOfAddedAdaptersToo) {
  const TemporaryDirectory directory;
  const Checkpoint checkpoint = under_the_name(directory, "OursForCausalLM");
  FamilyRegistry families = built_in_families();
  families.add("OursForCausalLM", [](const FamilyInput& input) {
    return std::make_unique<LlamaFamily>("ours", read_llama_config(input), LlamaBiases{.ffn = true});
  });
  testing::expect_error(ErrorKind::kBadInput, {"mlp.gate_proj.bias"}, [&] { (void)make_family(checkpoint, families); });
}

TEST(FamilyRegistry, RefusesAnAdapterThatMakesNothing) {
  const TemporaryDirectory directory;
  const Checkpoint checkpoint = under_the_name(directory, "OursForCausalLM");
  FamilyRegistry families = built_in_families();
  families.add("OursForCausalLM", [](const FamilyInput&) { return std::unique_ptr<Family>(); });
  testing::expect_error(ErrorKind::kInvalidArgument, {"'OursForCausalLM'", "made none"},
                        [&] { (void)make_family(checkpoint, families); });
}

}  // namespace
}  // namespace prunenet
