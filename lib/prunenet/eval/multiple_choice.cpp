#include "prunenet/eval/multiple_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string_view>

#include "prunenet/core/error.h"
#include "prunenet/core/stopwatch.h"
#include "prunenet/eval/choice_request.h"
#include "prunenet/model/batches.h"

namespace prunenet {

namespace {

constexpr std::int64_t kTokensPerBatch = kTokensPerForward;

/// Input tokens that all requests start with, leaving each one input of its own.
std::size_t shared_length(std::span<const ChoiceRequest> requests) {
  std::size_t shared = requests.front().ids.size();
  for (const ChoiceRequest& request : requests) {
    const auto& first = requests.front().ids;
    const auto end = std::mismatch(first.begin(), first.end(), request.ids.begin(), request.ids.end()).first;
    shared = std::min({shared, static_cast<std::size_t>(end - first.begin()), request.ids.size() - 2});
  }
  return shared;
}

/// Several items in one forward pass without padding.
class PackedBatch {
 public:
  /// One item's requests. Each has at least two tokens.
  void add(std::span<const ChoiceRequest> requests) {
    const std::size_t shared = shared_length(requests);
    const auto parent_begin = static_cast<std::int64_t>(ids_.size());
    std::int64_t parent = -1;
    if (shared > 0) {
      parent = static_cast<std::int64_t>(segments_.size());
      push_segment(requests.front().ids, 0, shared, -1);
    }
    for (const ChoiceRequest& request : requests) {
      const auto begin = static_cast<std::int64_t>(ids_.size());
      push_segment(request.ids, shared, request.ids.size() - 1, parent);
      for (std::size_t target = request.ids.size() - request.continuation; target < request.ids.size(); ++target) {
        const auto source = static_cast<std::int64_t>(target) - 1;  // the state that predicts it
        const auto own = source - static_cast<std::int64_t>(shared);
        rows_.push_back(own >= 0 ? begin + own : parent_begin + source);
        targets_.push_back(request.ids[target]);
      }
      scored_.push_back(request.continuation);
    }
  }

  [[nodiscard]] std::int64_t tokens() const { return static_cast<std::int64_t>(ids_.size()); }

  [[nodiscard]] TokenBatch tokens_in_order() const { return packed_batch(as_tensor(ids_), segments_); }

  /// Log-likelihood of each request's continuation, in the order in which they were added, from the states of
  /// `tokens_in_order`.
  [[nodiscard]] std::vector<double> score(const CausalLm& model, const torch::Tensor& states) const {
    const torch::Tensor nll =
        model.nll(states.index_select(0, as_tensor(rows_).to(states.device())), as_tensor(targets_));
    std::vector<double> scores;
    std::int64_t next = 0;
    for (const std::size_t count : scored_) {
      const auto length = static_cast<std::int64_t>(count);
      scores.push_back(-nll.narrow(0, next, length).sum(torch::kFloat64).item<double>());
      next += length;
    }
    return scores;
  }

 private:
  static torch::Tensor as_tensor(const TokenIds& values) { return torch::tensor(values, torch::kInt64); }

  void push_segment(const TokenIds& ids, std::size_t from, std::size_t to, std::int64_t parent) {
    const auto begin = static_cast<std::int64_t>(ids_.size());
    ids_.insert(ids_.end(), ids.begin() + static_cast<std::ptrdiff_t>(from),
                ids.begin() + static_cast<std::ptrdiff_t>(to));
    segments_.push_back({begin, static_cast<std::int64_t>(ids_.size()), parent});
  }

  TokenIds ids_;
  std::vector<Segment> segments_;
  TokenIds rows_;  ///< of the states that predict the targets
  TokenIds targets_;
  std::vector<std::size_t> scored_;  ///< targets of each request
};

std::size_t count_characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(
      utf8.begin(), utf8.end(), [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }));
}

std::size_t best_choice(const ChoiceItem& item, const ChoiceScores& scores, bool normalised) {
  std::vector<double> values = scores.log_likelihood;
  for (std::size_t i = 0; normalised && i < values.size(); ++i) {
    values[i] /= static_cast<double>(std::max<std::size_t>(1, count_characters(item.endings[i])));
  }
  return static_cast<std::size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

void require_finite(const ChoiceScores& scores, std::size_t item) {
  for (std::size_t choice = 0; choice < scores.log_likelihood.size(); ++choice) {
    const double value = scores.log_likelihood[choice];
    if (std::isfinite(value)) continue;
    throw Error(ErrorKind::kNumerical,
                fmt::format("item {}: the log-likelihood of choice {} is {}; the model's weights are damaged, or too "
                            "large for single precision",
                            item + 1, choice + 1, value));
  }
}

/// Lets a pass be interrupted; what is counted here are items.
class PassOfItems final : public Progress {
 public:
  explicit PassOfItems(Progress& progress) : progress_(progress) {}
  void begin(std::string_view /*stage*/, std::string_view /*unit*/, std::uint64_t /*total*/) override {}
  void advance(std::uint64_t /*tokens*/) override { progress_.advance(0); }
  void status(std::string_view text) override { progress_.status(text); }
  void note(std::string_view text) override { progress_.note(text); }
  void warn(std::string_view text) override { progress_.warn(text); }

 private:
  Progress& progress_;
};

/// Log-likelihoods of all requests in the order in which they were added.
std::vector<double> run(const CausalLm& model, std::span<const PackedBatch> batches, Progress& progress) {
  std::vector<TokenBatch> tokens;
  tokens.reserve(batches.size());
  for (const PackedBatch& batch : batches) tokens.push_back(batch.tokens_in_order());
  PassOfItems pass_progress(progress);
  const std::vector<torch::Tensor> states = model.states_by_layer(tokens, {}, pass_progress);
  std::vector<double> scores;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    const std::vector<double> of_batch = batches[i].score(model, states[i]);
    scores.insert(scores.end(), of_batch.begin(), of_batch.end());
  }
  return scores;
}

double standard_error(double share, std::int64_t n) {
  return n > 1 ? std::sqrt(share * (1.0 - share) / static_cast<double>(n - 1)) : 0.0;
}

}  // namespace

std::vector<ChoiceScores> score_choices(const CausalLm& model, const Tokenizer& tokenizer,
                                        const std::vector<ChoiceItem>& items, Progress& progress) {
  const ChoiceRequestMaker maker(tokenizer, model.config().max_position_embeddings);
  std::vector<ChoiceScores> scores(items.size());
  std::vector<PackedBatch> batches(1);
  std::int64_t tokens = 0;  // of all batches but the last
  std::size_t first = 0;
  const auto flush = [&](std::size_t end) {
    const std::vector<double> values = run(model, batches, progress);
    auto next = values.begin();
    for (std::size_t item = first; item < end; ++item) {
      const auto choices = static_cast<std::ptrdiff_t>(items[item].endings.size());
      scores[item].log_likelihood.assign(next, next + choices);
      require_finite(scores[item], item);
      next += choices;
    }
    progress.advance(end - first);
    first = end;
    batches.assign(1, {});
    tokens = 0;
  };
  for (std::size_t item = 0; item < items.size(); ++item) {
    std::vector<ChoiceRequest> requests;
    for (std::size_t choice = 0; choice < items[item].endings.size(); ++choice) {
      requests.push_back(maker.make(items[item].contexts[choice], items[item].endings[choice]));
      if (requests.back().continuation == 0) {
        throw Error(
            ErrorKind::kBadInput,
            fmt::format("item {}: choice {} adds no tokens to its context; remove the item", item + 1, choice + 1));
      }
    }
    batches.back().add(requests);
    const std::int64_t filled = batches.back().tokens();
    if (item + 1 == items.size() || (filled >= kTokensPerBatch && tokens + filled >= model.tokens_per_pass())) {
      flush(item + 1);
    } else if (filled >= kTokensPerBatch) {
      tokens += filled;
      batches.emplace_back();
    }
  }
  return scores;
}

MultipleChoice evaluate_multiple_choice(const CausalLm& model, const Tokenizer& tokenizer,
                                        const std::filesystem::path& file, std::int64_t limit, Progress& progress) {
  const torch::NoGradGuard no_grad;
  std::vector<ChoiceItem> items = read_choice_items(file);
  if (limit > 0 && static_cast<std::size_t>(limit) < items.size()) items.resize(static_cast<std::size_t>(limit));
  progress.begin("answering " + file.filename().string(), "items", items.size());
  const Stopwatch watch;
  const std::vector<ChoiceScores> scores = score_choices(model, tokenizer, items, progress);

  MultipleChoice result;
  result.file = file.string();
  result.n = static_cast<std::int64_t>(items.size());
  result.seconds = watch.seconds();
  double right = 0.0;
  double right_norm = 0.0;
  bool partial = false;
  for (std::size_t i = 0; i < items.size(); ++i) {
    right += best_choice(items[i], scores[i], false) == items[i].label ? 1.0 : 0.0;
    right_norm += best_choice(items[i], scores[i], true) == items[i].label ? 1.0 : 0.0;
    partial = partial || items[i].partial;
    result.chance += 1.0 / static_cast<double>(items[i].endings.size() * items.size());
  }
  result.acc = right / static_cast<double>(result.n);
  result.acc_stderr = standard_error(result.acc, result.n);
  if (!partial) {
    result.acc_norm = right_norm / static_cast<double>(result.n);
    result.acc_norm_stderr = standard_error(*result.acc_norm, result.n);
  }
  return result;
}

}  // namespace prunenet
