// tokenizer_ids MODEL_DIR FILE...
//
// For every file: its tokens, the SHA-256 of their ids as int32, and the best of five times to encode it. The script
// reference_ids.py prints the same of Hugging Face transformers.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "prunenet/core/error.h"
#include "prunenet/core/file.h"
#include "prunenet/core/sha256.h"
#include "prunenet/tokenizer/tokenizer.h"

namespace {

void report(const prunenet::Tokenizer& tokenizer, const std::filesystem::path& path) {
  const std::string text = prunenet::read_text_file(path);
  std::vector<prunenet::TokenId> ids;
  double best_ms = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 5; ++i) {
    const auto start = std::chrono::steady_clock::now();
    ids = tokenizer.encode(text);
    const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
    best_ms = std::min(best_ms, elapsed.count());
  }
  fmt::print("{} tokens {} sha256 {} ms {:.0f}\n", path.filename().string(), ids.size(),
             prunenet::sha256_hex(std::as_bytes(std::span(ids))), best_ms);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: tokenizer_ids MODEL_DIR FILE...\n");
    return 2;
  }
  try {
    const auto tokenizer = prunenet::load_tokenizer(argv[1]);
    for (int i = 2; i < argc; ++i) report(*tokenizer, argv[i]);
  } catch (const prunenet::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
  return 0;
}
