#include "prunenet/family/family_registry.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "prunenet/family/llama_family.h"
#include "support/added_family.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

using testing::copy_as;
using testing::families_with_ours;
using testing::kOurArchitecture;
using testing::TemporaryDirectory;

/// A LLaMA model under another architecture's name.
Checkpoint under_the_name(const TemporaryDirectory& directory, const char* architecture) {
  copy_as(architecture, std::filesystem::path(PRUNENET_TEST_DATA) / "models" / "llama-grouped-tied",
          directory / "model");
  return Checkpoint::open(directory / "model");
}

TEST(FamilyRegistry, OpensAnArchitectureThatWasAdded) {
  const TemporaryDirectory directory;
  const Checkpoint checkpoint = under_the_name(directory, kOurArchitecture);
  const FamilyRegistry families = families_with_ours();
  const auto family = make_family(checkpoint, families);
  EXPECT_EQ(family->name(), "ours");
  EXPECT_EQ(family->config().architecture, kOurArchitecture);
  EXPECT_EQ(make_family(checkpoint.config(), "here", families)->config().intermediate_size, 24);
  testing::expect_error(ErrorKind::kUnsupported, {"'OursForCausalLM'", "LlamaForCausalLM"},
                        [&] { (void)make_family(checkpoint); });
}

TEST(FamilyRegistry, NamesWhatWasAddedAmongTheKnown) {
  const TemporaryDirectory directory;
  const Checkpoint checkpoint = under_the_name(directory, "TheirsForCausalLM");
  FamilyRegistry families("architecture");
  families.add(kOurArchitecture, [](const FamilyInput& input) {
    return std::make_unique<LlamaFamily>("ours", read_llama_config(input));
  });
  testing::expect_error(ErrorKind::kUnsupported, {"'TheirsForCausalLM'", "known are OursForCausalLM"},
                        [&] { (void)make_family(checkpoint, families); });
}

TEST(FamilyRegistry, ChecksTensorsOfAddedAdaptersToo) {
  const TemporaryDirectory directory;
  const Checkpoint checkpoint = under_the_name(directory, kOurArchitecture);
  FamilyRegistry families = built_in_families();
  families.add(kOurArchitecture, [](const FamilyInput& input) {
    return std::make_unique<LlamaFamily>("ours", read_llama_config(input), LlamaBiases{.ffn = true});
  });
  testing::expect_error(ErrorKind::kBadInput, {"mlp.gate_proj.bias"}, [&] { (void)make_family(checkpoint, families); });
}

TEST(FamilyRegistry, RefusesAnAdapterThatMakesNothing) {
  const TemporaryDirectory directory;
  const Checkpoint checkpoint = under_the_name(directory, kOurArchitecture);
  FamilyRegistry families = built_in_families();
  families.add(kOurArchitecture, [](const FamilyInput&) { return std::unique_ptr<Family>(); });
  testing::expect_error(ErrorKind::kInvalidArgument, {"'OursForCausalLM'", "was not made"},
                        [&] { (void)make_family(checkpoint, families); });
}

}  // namespace
}  // namespace prunenet
