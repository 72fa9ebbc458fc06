// What the headers call thread-safe, used by several threads at once. Every thread must see what one alone sees; run
// under the thread sanitizer (tests/run.sh --sanitize), nothing may be written while it is read.
#include <gtest/gtest.h>

#include <barrier>
#include <filesystem>
#include <functional>
#include <thread>
#include <vector>

#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/core/file.h"
#include "prunenet/family/family.h"
#include "prunenet/model/causal_lm.h"
#include "prunenet/model/runtime.h"
#include "prunenet/spectral/distortion_problem.h"
#include "prunenet/spectral/response_operator.h"
#include "prunenet/tokenizer/tokenizer.h"
#include "spectral/random_block.h"

namespace prunenet {
namespace {

constexpr int kThreads = 4;
constexpr int kRounds = 3;

std::filesystem::path data(const char* name) {
  return std::filesystem::path(PRUNENET_TEST_DATA) / name;
}

/// `ask` gives the same answer to every thread, several times over, as it gave before there were any.
template <typename Ask>
void expect_same_in_all_threads(Ask ask) {
  const auto alone = ask();
  std::vector<int> equal(kThreads, 0);
  std::barrier together(kThreads);
  std::vector<std::jthread> threads;
  threads.reserve(kThreads);
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      together.arrive_and_wait();
      for (int round = 0; round < kRounds; ++round) equal[thread] += ask() == alone ? 1 : 0;
    });
  }
  threads.clear();  // joins
  EXPECT_EQ(equal, std::vector<int>(kThreads, kRounds));
}

TEST(Threads, ReadTensorsOfOneCheckpoint) {
  const Checkpoint checkpoint = Checkpoint::open(data("trained/small"));
  expect_same_in_all_threads([&] {
    double sum = 0.0;
    for (const auto& [name, info] : checkpoint.tensors()) sum += checkpoint.read_matrix(name).cast<double>().sum();
    return sum;
  });
}

TEST(Threads, ReadTensorsOfOneGgufFile) {
  const GgufFile file = GgufFile::open(data("gguf/tiny.gguf"));
  expect_same_in_all_threads([&] {
    std::vector<std::vector<float>> values;
    for (const std::string& name : file.names()) values.push_back(file.read(name));
    return values;
  });
}

TEST(Threads, EncodeWithOneTokenizer) {
  const std::string text = read_text_file(data("texts/heldout.txt")).substr(0, 4000);
  const auto tokenizer = load_tokenizer(data("trained/small"));
  expect_same_in_all_threads([&] {
    const std::vector<TokenId> ids = tokenizer->encode(text);
    return std::pair(ids, tokenizer->decode(ids));
  });
}

TEST(Threads, AskOneDistortionProblem) {
  testing::RandomBlock block(31, 12, 24, 60);
  const auto response = std::make_shared<ResponseOperator>(block.down, block.second_moment);
  const DistortionProblem problem(response, Distortion::kMirsky);
  const std::vector<std::int64_t> keep = testing::random_keep(block.rng, 24);
  expect_same_in_all_threads([&] { return problem.distortion(keep); });
}

TEST(Threads, RunOneNetwork) {
  set_threads(1);
  const Checkpoint checkpoint = Checkpoint::open(data("trained/small"));
  const auto family = make_family(checkpoint);
  SilentProgress silent;
  const CausalLm network = CausalLm::load(checkpoint, *family, silent);
  const torch::Tensor ids = torch::arange(24).view({1, 24});
  expect_same_in_all_threads([&] {
    const torch::NoGradGuard no_grad;
    const torch::Tensor losses = network.token_nll(ids).contiguous();
    return std::vector<float>(losses.data_ptr<float>(), losses.data_ptr<float>() + losses.numel());
  });
}

}  // namespace
}  // namespace prunenet
