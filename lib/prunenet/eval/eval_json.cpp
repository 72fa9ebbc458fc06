#include "prunenet/eval/eval_json.h"

namespace prunenet {

nlohmann::json to_json(const Perplexity& result) {
  return {{"file", result.file},
          {"sha256", result.sha256},
          {"ppl", result.ppl},
          {"nll", result.nll},
          {"windows", result.windows},
          {"context", result.context},
          {"tokens", result.tokens},
          {"text_tokens", result.text_tokens},
          {"dtype", result.dtype},
          {"seconds", result.seconds},
          {"tokens_per_second", result.tokens_per_second}};
}

nlohmann::json to_json(const MultipleChoice& result) {
  return {{"file", result.file},
          {"n", result.n},
          {"chance", result.chance},
          {"acc", result.acc},
          {"acc_norm", result.acc_norm ? nlohmann::json(*result.acc_norm) : nlohmann::json()},
          {"stderr", result.acc_stderr},
          {"acc_norm_stderr", result.acc_norm_stderr ? nlohmann::json(*result.acc_norm_stderr) : nlohmann::json()},
          {"seconds", result.seconds}};
}

}  // namespace prunenet
