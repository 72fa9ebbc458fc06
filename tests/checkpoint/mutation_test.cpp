// Damaged headers: any answer is right but a crash, and an error that is not one of ours.
#include <gtest/gtest.h>

#include <filesystem>

#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/checkpoint/safetensors_file.h"
#include "prunenet/core/error.h"
#include "prunenet/core/file.h"
#include "prunenet/core/rng.h"
#include "support/memory_file.h"

namespace prunenet {
namespace {

/// Changes, cuts out, doubles or cuts off a few bytes of the first `reach`.
std::string mutate(std::string bytes, std::size_t reach, Rng& rng) {
  for (std::uint64_t i = 1 + rng.below(3); i > 0 && !bytes.empty(); --i) {
    const std::size_t at = rng.below(std::min(reach, bytes.size()));
    switch (rng.below(6)) {
      case 0:
        bytes[at] = static_cast<char>(rng.below(256));
        break;
      case 1:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << rng.below(8)));
        break;
      case 2:
        bytes[at] = "{}[]\",:0-9e.\\"[rng.below(13)];
        break;
      case 3:
        bytes.erase(at, 1 + rng.below(8));
        break;
      case 4:
        bytes.insert(at, bytes.substr(at, 1 + rng.below(8)));
        break;
      default:
        bytes.resize(rng.below(10) == 0 ? at : bytes.size() - 1);
    }
  }
  return bytes;
}

struct Outcome {
  int accepted = 0;
  int rejected = 0;
};

/// Opens `rounds` mutations of a good file and reads all tensors of those that are still accepted.
template <typename File>
Outcome open_mutations(const std::filesystem::path& good, std::size_t reach, int rounds) {
  const std::string original = read_text_file(good);
  Rng rng(11);
  Outcome outcome;
  for (int round = 0; round < rounds; ++round) {
    const testing::MemoryFile mutated(mutate(original, reach, rng));
    try {
      const File file = File::open(mutated.path());
      for (const auto& [name, info] : file.tensors()) (void)file.read(name);
      ++outcome.accepted;
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
      EXPECT_LT(std::string(error.what()).size(), 1000U);
      ++outcome.rejected;
    }
  }
  return outcome;
}

const std::filesystem::path kData = std::filesystem::path(PRUNENET_TEST_DATA) / "gguf";

TEST(Mutations, Safetensors) {
  const Outcome outcome = open_mutations<SafetensorsFile>(kData / "tiny.safetensors", 900, 4000);
  EXPECT_GT(outcome.accepted, 0);  // else the mutations are too coarse to reach the later checks
  EXPECT_GT(outcome.rejected, 3000);
}

TEST(Mutations, Gguf) {
  const Outcome outcome = open_mutations<GgufFile>(kData / "tiny.gguf", 1200, 4000);
  EXPECT_GT(outcome.accepted, 0);
  EXPECT_GT(outcome.rejected, 2000);
}

}  // namespace
}  // namespace prunenet
