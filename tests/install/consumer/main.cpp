// A program of somebody else: ranks the neurons of a small random block by what the library's policy tools draw, makes
// a plan of it, and asks how far the pruned response is from the whole one.
#include <prunenet/core/rng.h>
#include <prunenet/plan/plan.h>
#include <prunenet/policy/keep_set.h>
#include <prunenet/spectral/distortion_problem.h>
#include <prunenet/spectral/response_operator.h>

#include <cstdlib>
#include <iostream>

int main() {
  constexpr std::int64_t kNeurons = 24;
  prunenet::Rng rng(1);
  const auto normal = [&rng] { return rng.normal(); };
  const prunenet::MatrixD down = prunenet::MatrixD::NullaryExpr(8, kNeurons, normal);
  const prunenet::MatrixD responses = prunenet::MatrixD::NullaryExpr(64, kNeurons, normal);

  std::vector<float> scores(kNeurons, 0.0F);
  const prunenet::RankingSamples samples = prunenet::sample_rankings(scores, 1, rng);
  for (std::int64_t rank = 0; rank < kNeurons; ++rank) {
    scores[static_cast<std::size_t>(samples.rankings[0][rank].item<std::int64_t>())] = static_cast<float>(-rank);
  }
  const prunenet::Plan plan = prunenet::make_uniform_plan({scores}, 0.25, 2, "consumer");

  const auto response = std::make_shared<prunenet::ResponseOperator>(down, responses.transpose() * responses / 64.0);
  const double mirsky =
      prunenet::DistortionProblem(response, prunenet::Distortion::kMirsky).distortion(plan.keep_indices.front());
  std::cout << "width " << plan.uniform_width() << " of " << kNeurons << ", mirsky distortion " << mirsky << '\n';
  return plan.uniform_width() == 18 && mirsky > 0.0 && mirsky < 1.0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
