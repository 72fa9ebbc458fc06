#include "prunenet/eval/text_windows.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <vector>

#include "prunenet/core/error.h"
#include "prunenet/core/file.h"
#include "prunenet/core/sha256.h"

namespace prunenet {

namespace {

void check(const WindowOptions& options) {
  if (options.context >= 2 && options.windows >= 0) return;
  throw Error(ErrorKind::kInvalidArgument,
              fmt::format("context {} and windows {}: a window needs at least 2 tokens, and windows cannot be negative",
                          options.context, options.windows));
}

}  // namespace

TextWindows cut_windows(const ModelConfig& config, const Tokenizer& tokenizer, const std::filesystem::path& file,
                        const WindowOptions& options) {
  check(options);
  const std::string text = read_text_file(file, kMaxDataBytes);
  const std::vector<TokenId> tokens = tokenizer.encode(text);
  TextWindows result;
  result.sha256 = sha256_hex(std::as_bytes(std::span(text)));
  result.text_tokens = static_cast<std::int64_t>(tokens.size());
  const std::int64_t context = std::min(options.context, config.max_position_embeddings);
  const std::int64_t whole = result.text_tokens / context;
  if (whole == 0) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("{}: {} tokens do not fill one window of {}; lower the context or give a longer text",
                            file.string(), result.text_tokens, context));
  }
  const std::int64_t windows = options.windows > 0 ? std::min(whole, options.windows) : whole;
  result.ids = torch::empty({windows, context}, torch::kInt64);
  std::copy_n(tokens.begin(), windows * context, result.ids.data_ptr<std::int64_t>());
  return result;
}

torch::Tensor calibration_windows(const ModelConfig& config, const Tokenizer& tokenizer,
                                  const std::filesystem::path& file, std::int64_t windows, std::int64_t context) {
  if (windows < 1 || context > config.max_position_embeddings) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("{} windows of {} tokens for calibration: there must be at least 1, of at most the model's "
                            "{} positions",
                            windows, context, config.max_position_embeddings));
  }
  const TextWindows cut = cut_windows(config, tokenizer, file, {.context = context, .windows = windows});
  if (cut.ids.size(0) < windows) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("{}: {} tokens fill {} windows of {}, but {} are asked for; ask for fewer or give a longer "
                            "text",
                            file.string(), cut.text_tokens, cut.ids.size(0), context, windows));
  }
  return cut.ids;
}

}  // namespace prunenet
