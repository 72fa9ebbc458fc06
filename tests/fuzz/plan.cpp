#include "prunenet/plan/plan.h"

#include "fuzz/harness.h"
#include "prunenet/checkpoint/strict_json.h"

namespace prunenet {

/// A plan; written and read again it is the same.
PRUNENET_FUZZ_TARGET(plan) {
  const Plan plan = plan_from_json(parse_json_object(input, "plan"));
  static_cast<void>(plan.achieved_ratio());
  static_cast<void>(plan.is_uniform());
  if (plan_from_json(to_json(plan)).keep_indices != plan.keep_indices) throw std::logic_error("another plan");
}

}  // namespace prunenet
