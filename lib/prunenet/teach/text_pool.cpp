#include "prunenet/teach/text_pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "prunenet/checkpoint/safetensors_file.h"
#include "prunenet/checkpoint/safetensors_writer.h"
#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"
#include "prunenet/core/version.h"
#include "prunenet/model/batches.h"
#include "prunenet/model/kv_cache.h"
#include "prunenet/model/sample.h"
#include "prunenet/train/host_tensor.h"
#include "prunenet/train/model_files.h"

namespace prunenet {

namespace {

constexpr std::uint64_t kTaughtStream = 22;
constexpr std::uint64_t kHeldOutStream = 23;
constexpr std::int64_t kCacheBytes = std::int64_t{1} << 30U;

std::int64_t sequences_at_once(const ModelConfig& config, std::int64_t length) {
  return std::max<std::int64_t>(1, kCacheBytes / (KvCache::bytes_of_a_token(config) * length));
}

TextPool joined(const std::vector<TextPool>& pools) {
  std::vector<torch::Tensor> ids, top_ids, log_probabilities;
  TextPool all;
  for (const TextPool& pool : pools) {
    if (pool.sequences() == 0) continue;
    ids.push_back(pool.ids);
    top_ids.push_back(pool.top_ids);
    log_probabilities.push_back(pool.log_probabilities);
    all.sampled += pool.sampled;
  }
  if (ids.empty()) return all;
  all.ids = torch::cat(ids);
  all.top_ids = torch::cat(top_ids);
  all.log_probabilities = torch::cat(log_probabilities);
  return all;
}

TextPool sampled_pool(const CausalLm& teacher, const torch::Tensor& prompts, const TaughtTextOptions& options,
                      std::int64_t length, Rng& rng, Progress& progress) {
  std::vector<torch::Tensor> top_ids, log_probabilities;
  const LogitObserver see = [&](std::int64_t /*step*/, const torch::Tensor& logits) {
    const TeacherTokens said = teacher_tokens(logits, options.top_logits, options.temperature);
    top_ids.push_back(said.ids);
    log_probabilities.push_back(said.log_probabilities);
  };
  TextPool pool;
  pool.ids =
      sample(teacher, prompts, {.tokens = length - 1, .temperature = options.sampling_temperature}, rng, progress, see);
  pool.top_ids = torch::stack(top_ids, 1);
  pool.log_probabilities = torch::stack(log_probabilities, 1);
  pool.sampled = prompts.size(0);
  return pool;
}

TextPool sampled_text(const CausalLm& teacher, const TaughtTextOptions& options, std::int64_t tokens,
                      std::uint64_t stream, Progress& progress) {
  const ModelConfig& config = teacher.config();
  const std::int64_t length = std::min(options.sequence_length, config.max_position_embeddings);
  const std::int64_t sequences = (tokens + length - 2) / (length - 1);
  const torch::Tensor prompts = start_prompts(config, sequences, options.start_tokens);
  const std::int64_t at_once = sequences_at_once(config, length);
  Rng rng(options.seed, stream);
  std::vector<TextPool> pools;
  for (std::int64_t first = 0; first < sequences; first += at_once) {
    pools.push_back(sampled_pool(teacher, prompts.narrow(0, first, std::min(at_once, sequences - first)), options,
                                 length, rng, progress));
  }
  return joined(pools);
}

TextPool read_pool(const SafetensorsFile& file, const std::string& prefix) {
  TextPool pool;
  if (!file.tensors().contains(prefix + "ids")) return pool;
  pool.ids = read_tensor(file, prefix + "ids", torch::kInt64);
  pool.top_ids = read_tensor(file, prefix + "top_ids", torch::kInt32);
  pool.log_probabilities = read_tensor(file, prefix + "log_probabilities", torch::kFloat32);
  pool.sampled = read_tensor(file, prefix + "sampled", torch::kInt64).sum().item<std::int64_t>();
  const bool fits = pool.ids.dim() == 2 && pool.top_ids.dim() == 3 && pool.ids.size(0) == pool.top_ids.size(0) &&
                    pool.ids.size(1) == pool.top_ids.size(1) + 1 &&
                    pool.top_ids.sizes() == pool.log_probabilities.sizes() && pool.sampled >= 0 &&
                    pool.sampled <= pool.ids.size(0);
  if (!fits) reject(file.path().string(), fmt::format("the tensors of '{}' do not fit each other", prefix));
  return pool;
}

void put_pool(const std::string& prefix, const TextPool& pool, std::map<std::string, HostTensor>& tensors) {
  if (pool.sequences() == 0) return;
  tensors[prefix + "ids"] = to_host_tensor(pool.ids);
  tensors[prefix + "top_ids"] = to_host_tensor(pool.top_ids);
  tensors[prefix + "log_probabilities"] = to_host_tensor(pool.log_probabilities);
  tensors[prefix + "sampled"] = to_host_tensor(torch::tensor({pool.sampled}, torch::kInt64));
}

}  // namespace

TaughtBatch TextPool::batch(const torch::Tensor& indices) const {
  const torch::Tensor rows = ids.index_select(0, indices);
  const std::int64_t length = rows.size(1) - 1;
  torch::Tensor next = rows.narrow(1, 1, length).clone();
  next.masked_fill_(indices.lt(sampled).unsqueeze(1), -1);
  return {rows.narrow(1, 0, length).contiguous(),
          next.flatten(),
          {top_ids.index_select(0, indices).flatten(0, 1), log_probabilities.index_select(0, indices).flatten(0, 1)}};
}

TaughtText sample_taught_text(const CausalLm& teacher, const TaughtTextOptions& options, Progress& progress) {
  check(options, "text");
  return {sampled_text(teacher, options, options.sampled_tokens, kTaughtStream, progress),
          sampled_text(teacher, options, options.held_out_tokens, kHeldOutStream, progress)};
}

void add_outside_text(const CausalLm& teacher, const torch::Tensor& windows, const TaughtTextOptions& options,
                      TextPool& pool, Progress& progress) {
  if (pool.sequences() > 0 && windows.size(1) != pool.ids.size(1)) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("windows of {} tokens do not fit sequences of {}", windows.size(1), pool.ids.size(1)));
  }
  const torch::NoGradGuard no_grad;
  progress.begin("reading text with the teacher", "tokens", static_cast<std::uint64_t>(windows.numel()));
  std::vector<TextPool> pools{pool};
  for_each_batch(windows, kTokensPerForward, progress, [&](const torch::Tensor& ids) {
    const torch::Tensor inputs = ids.narrow(1, 0, ids.size(1) - 1).contiguous();
    const torch::Tensor states = teacher.final_states(inputs);
    TextPool part;
    part.ids = ids.clone();
    std::vector<torch::Tensor> top_ids, log_probabilities;
    for (std::int64_t row = 0; row < states.size(0); ++row) {  // a sequence at a time: never all logits of a batch
      const TeacherTokens said =
          teacher_tokens(logits_of(states[row], teacher.logit_rule()).cpu(), options.top_logits, options.temperature);
      top_ids.push_back(said.ids);
      log_probabilities.push_back(said.log_probabilities);
    }
    part.top_ids = torch::stack(top_ids);
    part.log_probabilities = torch::stack(log_probabilities);
    pools.push_back(part);
  });
  pool = joined(pools);
}

nlohmann::json text_settings(const TaughtTextOptions& options, const std::string& teacher_sha256) {
  TaughtTextOptions copy = options;
  nlohmann::json settings = {{"teacher", teacher_sha256}, {"version", version()}};
  for (const auto& [key, field] : taught_text_section("text", copy)) settings[key] = field.write();
  return settings;
}

void save_taught_text(const std::filesystem::path& path, const std::string& key, const TaughtText& text) {
  std::map<std::string, HostTensor> tensors;
  put_pool("training.", text.training, tensors);
  put_pool("held_out.", text.held_out, tensors);
  write_safetensors(path, tensors, {{"key", key}});
}

std::optional<TaughtText> load_taught_text(const std::filesystem::path& path, const std::string& key) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  const SafetensorsFile file = SafetensorsFile::open(path);
  check_key(file, key);
  return TaughtText{read_pool(file, "training."), read_pool(file, "held_out.")};
}

}  // namespace prunenet
