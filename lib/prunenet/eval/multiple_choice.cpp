#include "prunenet/eval/multiple_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <span>

#include "prunenet/core/error.h"

namespace prunenet {

namespace {

constexpr std::int64_t kTokensPerBatch = 1024;

using Ids = std::vector<std::int64_t>;

/// One choice as tokens: the last `continuation` of them are scored.
struct Request {
  Ids ids;
  std::size_t continuation = 0;
};

/// White space as Python's str.rstrip() sees it, for text in UTF-8: the ASCII ones, NEL, NBSP and the Unicode spaces.
std::size_t trailing_space(std::string_view text) {
  constexpr std::string_view kAscii = " \t\n\r\v\f\x1c\x1d\x1e\x1f";
  constexpr std::array<std::string_view, 19> kUnicode{
      "\u0085", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006",
      "\u2007", "\u2008", "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};
  std::size_t end = text.size();
  while (end > 0) {
    const std::string_view head = text.substr(0, end);
    const auto* found = std::find_if(kUnicode.begin(), kUnicode.end(), [head](auto s) { return head.ends_with(s); });
    if (found != kUnicode.end()) {
      end -= found->size();
    } else if (kAscii.find(head.back()) != std::string_view::npos) {
      --end;
    } else {
      break;
    }
  }
  return text.size() - end;
}

std::size_t count_characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(
      utf8.begin(), utf8.end(), [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }));
}

class RequestMaker {
 public:
  RequestMaker(const CausalLm& model, const Tokenizer& tokenizer) : tokenizer_(tokenizer) {
    most_ = static_cast<std::size_t>(model.config().max_position_embeddings);
    for (const TokenId id : tokenizer.default_prefix()) prefix_.push_back(id);
    if (const auto start = tokenizer.bos_id() ? tokenizer.bos_id() : tokenizer.eos_id()) start_ = *start;
  }

  [[nodiscard]] Request make(const std::string& context, const std::string& ending) const {
    const std::size_t space = trailing_space(context);
    const std::string head = context.substr(0, context.size() - space);
    const std::string tail = context.substr(context.size() - space) + " " + ending;
    Request request;
    Ids continuation;
    if (head.empty()) {
      request.ids = {start()};
      continuation = encode(tail);
    } else {
      request.ids = with_prefix(head);
      const Ids whole = with_prefix(head + tail);
      const auto own = static_cast<std::ptrdiff_t>(std::min(request.ids.size(), whole.size()));
      continuation.assign(whole.begin() + own, whole.end());
    }
    if (request.ids.empty() || continuation.empty()) {
      throw Error(
          ErrorKind::kBadInput,
          fmt::format("'{}' has no tokens of its own after '{}'; such a choice cannot be scored", ending, head));
    }
    request.ids.insert(request.ids.end(), continuation.begin(), continuation.end());
    request.continuation = continuation.size();
    // The last token is only a target, so one more than the model's positions fits.
    if (request.ids.size() > most_ + 1) {
      request.ids.erase(request.ids.begin(), request.ids.end() - static_cast<std::ptrdiff_t>(most_ + 1));
      request.continuation = std::min(request.continuation, request.ids.size() - 1);
    }
    return request;
  }

 private:
  [[nodiscard]] Ids encode(const std::string& text) const {
    const std::vector<TokenId> ids = tokenizer_.encode(text);
    return {ids.begin(), ids.end()};
  }

  [[nodiscard]] Ids with_prefix(const std::string& text) const {
    Ids ids = prefix_;
    const Ids own = encode(text);
    ids.insert(ids.end(), own.begin(), own.end());
    return ids;
  }

  /// What stands for an empty context.
  [[nodiscard]] std::int64_t start() const {
    if (start_) return *start_;
    throw Error(ErrorKind::kUnsupported, "an empty context needs a BOS or EOS token, and the tokenizer has neither");
  }

  const Tokenizer& tokenizer_;
  Ids prefix_;
  std::optional<std::int64_t> start_;
  std::size_t most_ = 0;
};

/// Input tokens that all requests start with, leaving each one input of its own.
std::size_t shared_length(std::span<const Request> requests) {
  std::size_t shared = requests.front().ids.size();
  for (const Request& request : requests) {
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
  void add(std::span<const Request> requests) {
    const std::size_t shared = shared_length(requests);
    const auto parent_begin = static_cast<std::int64_t>(ids_.size());
    std::int64_t parent = -1;
    if (shared > 0) {
      parent = static_cast<std::int64_t>(segments_.size());
      push_segment(requests.front().ids, 0, shared, -1);
    }
    for (const Request& request : requests) {
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

  /// Log-likelihood of each request's continuation, in the order in which they were added.
  [[nodiscard]] std::vector<double> run(const CausalLm& model) const {
    const torch::Tensor states = model.packed_states(as_tensor(ids_), segments_);
    const torch::Tensor nll = model.nll(states.index_select(0, as_tensor(rows_)), as_tensor(targets_));
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
  static torch::Tensor as_tensor(const Ids& values) { return torch::tensor(values, torch::kInt64); }

  void push_segment(const Ids& ids, std::size_t from, std::size_t to, std::int64_t parent) {
    const auto begin = static_cast<std::int64_t>(ids_.size());
    ids_.insert(ids_.end(), ids.begin() + static_cast<std::ptrdiff_t>(from),
                ids.begin() + static_cast<std::ptrdiff_t>(to));
    segments_.push_back({begin, static_cast<std::int64_t>(ids_.size()), parent});
  }

  Ids ids_;
  std::vector<Segment> segments_;
  Ids rows_;  ///< of the states that predict the targets
  Ids targets_;
  std::vector<std::size_t> scored_;  ///< targets of each request
};

std::size_t best_choice(const ChoiceItem& item, const ChoiceScores& scores, bool normalised) {
  std::vector<double> values = scores.log_likelihood;
  for (std::size_t i = 0; normalised && i < values.size(); ++i) {
    values[i] /= static_cast<double>(std::max<std::size_t>(1, count_characters(item.endings[i])));
  }
  return static_cast<std::size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

double standard_error(double share, std::int64_t n) {
  return n > 1 ? std::sqrt(share * (1.0 - share) / static_cast<double>(n - 1)) : 0.0;
}

}  // namespace

std::vector<ChoiceScores> score_choices(const CausalLm& model, const Tokenizer& tokenizer,
                                        const std::vector<ChoiceItem>& items, Progress& progress) {
  const RequestMaker maker(model, tokenizer);
  std::vector<ChoiceScores> scores(items.size());
  std::size_t first = 0;
  PackedBatch batch;
  const auto flush = [&](std::size_t end) {
    const std::vector<double> values = batch.run(model);
    auto next = values.begin();
    for (std::size_t item = first; item < end; ++item) {
      const auto choices = static_cast<std::ptrdiff_t>(items[item].endings.size());
      scores[item].log_likelihood.assign(next, next + choices);
      next += choices;
    }
    progress.advance(end - first);
    first = end;
    batch = {};
  };
  for (std::size_t item = 0; item < items.size(); ++item) {
    std::vector<Request> requests;
    for (std::size_t choice = 0; choice < items[item].endings.size(); ++choice) {
      requests.push_back(maker.make(items[item].contexts[choice], items[item].endings[choice]));
    }
    batch.add(requests);
    if (batch.tokens() >= kTokensPerBatch || item + 1 == items.size()) flush(item + 1);
  }
  return scores;
}

MultipleChoice evaluate_multiple_choice(const CausalLm& model, const Tokenizer& tokenizer,
                                        const std::filesystem::path& file, std::int64_t limit, Progress& progress) {
  const torch::NoGradGuard no_grad;
  std::vector<ChoiceItem> items = read_choice_items(file);
  if (limit > 0 && static_cast<std::size_t>(limit) < items.size()) items.resize(static_cast<std::size_t>(limit));
  progress.begin("answering " + file.filename().string(), "items", items.size());
  const auto start = std::chrono::steady_clock::now();
  const std::vector<ChoiceScores> scores = score_choices(model, tokenizer, items, progress);

  MultipleChoice result;
  result.file = file.string();
  result.n = static_cast<std::int64_t>(items.size());
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  double right = 0.0;
  double right_norm = 0.0;
  bool partial = false;
  for (std::size_t i = 0; i < items.size(); ++i) {
    right += best_choice(items[i], scores[i], false) == items[i].label ? 1.0 : 0.0;
    right_norm += best_choice(items[i], scores[i], true) == items[i].label ? 1.0 : 0.0;
    partial = partial || items[i].partial;
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
