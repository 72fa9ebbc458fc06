#include "prunenet/heal/healed_downs.h"

#include <gtest/gtest.h>

#include <numeric>

#include "support/expect_error.h"
#include "support/temporary_directory.h"
#include "support/trained_model.h"

namespace prunenet {
namespace {

using testing::expect_error;

class HealedDownsTest : public ::testing::Test {
 protected:
  HealedDownsTest() {
    plan_.intermediate_size = 192;
    plan_.source = "test";
    std::vector<std::int64_t> keep(96);
    std::iota(keep.begin(), keep.end(), 96);
    plan_.keep_indices.assign(4, keep);
    options_.text.tokens = 512;
    options_.text.held_out_tokens = 128;
    options_.text.sequence_length = 64;
  }
  [[nodiscard]] HealedDowns heal() { return {small_, plan_, options_, place_ / "out", silent_}; }

  testing::TemporaryDirectory place_;
  SilentProgress silent_;
  Prunable small_{testing::trained_model("small")};
  Plan plan_;
  HealingOptions options_;
};

TEST_F(HealedDownsTest, GoIntoWhatIsPrunedAndLeaveNothingElse) {
  {
    const HealedDowns healed = heal();
    PruneOptions prune{.output = place_ / "out"};
    healed.put_into(prune);
    const PruneReport report = small_.prune(plan_, prune, silent_);
    EXPECT_EQ(report.sizes.intermediate_size_after, 96);
    ASSERT_EQ(healed.record().layers.size(), 4U);
    for (const HealingRecord::Layer& layer : healed.record().layers) {
      EXPECT_LT(layer.held_out_after, layer.held_out_before);
    }
    EXPECT_EQ(healed.record().form, "sequential");
    EXPECT_EQ(healed.record().tokens, 512);
  }
  std::vector<std::filesystem::path> left;
  for (const auto& item : std::filesystem::directory_iterator(place_.path())) left.push_back(item.path().filename());
  EXPECT_EQ(left, std::vector<std::filesystem::path>{"out"});
}

TEST_F(HealedDownsTest, OneShotWantsAProbe) {
  options_.form = HealForm::kOneShot;
  expect_error(ErrorKind::kInvalidArgument, {"one shot", "moments of a probe"}, [&] { (void)heal(); });
}

TEST(HealForms, HaveNames) {
  for (const HealForm form : {HealForm::kSequential, HealForm::kOneShot}) {
    EXPECT_EQ(parse_heal_form(to_string(form)), form);
  }
  expect_error(ErrorKind::kInvalidArgument, {"twice", "sequential", "one-shot"},
               [] { (void)parse_heal_form("twice"); });
}

}  // namespace
}  // namespace prunenet
