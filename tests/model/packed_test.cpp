#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "model/tiny_models.h"
#include "support/expect_error.h"

namespace prunenet {
namespace {

torch::Tensor slice_ids(const torch::Tensor& ids, std::int64_t begin, std::int64_t end) {
  return ids.slice(0, begin, end);
}

/// States of a sequence that runs alone.
torch::Tensor alone(const CausalLm& model, const torch::Tensor& ids) {
  return model.layer_states(ids.unsqueeze(0)).back()[0];
}

TEST(Packed, ChildrenContinueTheirParentAndIgnoreTheirSiblings) {
  for (const std::string& name : testing::tiny_model_names()) {
    const CausalLm model = testing::load_tiny_model(name);
    const torch::Tensor ids = testing::random_ids(model, 1, 20)[0];
    const std::vector<Segment> segments{{0, 8, -1}, {8, 11, 0}, {11, 12, 0}, {12, 20, -1}};
    const torch::Tensor states = model.packed_states(ids, segments);
    const torch::Tensor context = slice_ids(ids, 0, 8);
    const torch::Tensor first = alone(model, torch::cat({context, slice_ids(ids, 8, 11)}));
    const torch::Tensor second = alone(model, torch::cat({context, slice_ids(ids, 11, 12)}));
    EXPECT_LT(testing::largest_difference(states.slice(0, 0, 11), first), 1e-5) << name;
    EXPECT_LT(testing::largest_difference(states.slice(0, 11, 12), second.slice(0, 8)), 1e-5) << name;
    EXPECT_LT(testing::largest_difference(states.slice(0, 12), alone(model, slice_ids(ids, 12, 20))), 1e-5) << name;
  }
}

RC_GTEST_PROP(Packed, AnyForestGivesTheStatesOfItsSequencesAlone, ()) {
  static const CausalLm model = testing::load_tiny_model();
  const auto lengths = *rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 7)).as("segment lengths");
  RC_PRE(!lengths.empty() && lengths.size() < 8U);
  std::vector<Segment> segments;
  std::int64_t rows = 0;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    std::int64_t parent = *rc::gen::inRange<std::int64_t>(-1, static_cast<std::int64_t>(i));
    if (parent >= 0 && segments[static_cast<std::size_t>(parent)].parent >= 0) parent = -1;
    segments.push_back({rows, rows + lengths[i], parent});
    rows += lengths[i];
  }
  const torch::Tensor ids = testing::random_ids(model, 1, rows, 9)[0];
  const torch::Tensor states = model.packed_states(ids, segments);
  for (const Segment& segment : segments) {
    torch::Tensor sequence = slice_ids(ids, segment.begin, segment.end);
    if (segment.parent >= 0) {
      const Segment& parent = segments[static_cast<std::size_t>(segment.parent)];
      sequence = torch::cat({slice_ids(ids, parent.begin, parent.end), sequence});
    }
    const torch::Tensor expected = alone(model, sequence).slice(0, sequence.size(0) - (segment.end - segment.begin));
    RC_ASSERT(testing::largest_difference(states.slice(0, segment.begin, segment.end), expected) < 1e-5);
  }
}

TEST(Packed, RejectsSegmentsThatDoNotFit) {
  const CausalLm model = testing::load_tiny_model();
  const torch::Tensor ids = testing::random_ids(model, 1, 6)[0];
  const auto run = [&](std::vector<Segment> segments) {
    return [&model, &ids, segments] { (void)model.packed_states(ids, segments); };
  };
  const auto kind = ErrorKind::kInvalidArgument;
  testing::expect_error(kind, {"segments cover 0 of 6"}, run({}));
  testing::expect_error(kind, {"segments cover 4 of 6"}, run({{0, 4, -1}}));
  testing::expect_error(kind, {"segment 1", "[3, 6)"}, run({{0, 4, -1}, {3, 6, -1}}));
  testing::expect_error(kind, {"segment 0", "[0, 7)"}, run({{0, 7, -1}}));
  testing::expect_error(kind, {"segment 1", "[2, 2)"}, run({{0, 2, -1}, {2, 2, -1}, {2, 6, -1}}));
  testing::expect_error(kind, {"segment 0", "parent 0"}, run({{0, 6, 0}}));
  testing::expect_error(kind, {"segment 2", "parent 1"}, run({{0, 2, -1}, {2, 4, 0}, {4, 6, 1}}));
}

}  // namespace
}  // namespace prunenet
