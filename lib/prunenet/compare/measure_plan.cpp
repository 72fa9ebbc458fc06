#include "prunenet/compare/measure_plan.h"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "prunenet/core/error.h"
#include "prunenet/spectral/distortion.h"
#include "prunenet/spectral/packed_coupling.h"
#include "prunenet/spectral/response_operator.h"
#include "prunenet/spectral/schatten2.h"
#include "prunenet/spectral/spectral_operator.h"

namespace prunenet {

namespace {

using nlohmann::json;

struct Question {
  std::string name;
  Distortion distortion = Distortion::kSchatten2;
  OperatorKind kind = OperatorKind::kResponse;
};

std::vector<Question> parse(const std::vector<std::string>& names) {
  std::vector<Question> questions;
  for (const std::string& name : names) {
    const std::size_t middle = name.find(" of ");
    questions.push_back({name, parse_distortion(name.substr(0, middle)), parse_operator_kind(name.substr(middle + 4))});
  }
  return questions;
}

/// One operator of one layer and the two spectra that its distortions share.
class Measured {
 public:
  Measured(std::unique_ptr<SpectralOperator> spectral_operator, const std::vector<std::int64_t>& keep)
      : operator_(std::move(spectral_operator)), keep_(keep) {}

  [[nodiscard]] const VectorD& dense() {
    if (!dense_) dense_ = operator_->spectrum(all_neurons(operator_->neurons()));
    return *dense_;
  }
  [[nodiscard]] const VectorD& pruned() {
    if (!pruned_) pruned_ = operator_->spectrum(keep_);
    return *pruned_;
  }
  [[nodiscard]] double distortion(Distortion kind) {
    if (operator_->total_energy() == 0.0) return 0.0;
    switch (kind) {
      case Distortion::kKs:
        return ks_statistic(dense(), pruned());
      case Distortion::kMirsky:
        return mirsky_distortion(dense(), pruned());
      case Distortion::kNuclear:
        return nuclear_distortion(dense(), pruned());
      case Distortion::kSchatten2:
        break;
    }
    const MatrixD removed = removed_indicator(keep_, operator_->neurons());
    return operator_->removed_energies(removed)(0) / operator_->total_energy();
  }

 private:
  std::unique_ptr<SpectralOperator> operator_;
  const std::vector<std::int64_t>& keep_;
  std::optional<VectorD> dense_;
  std::optional<VectorD> pruned_;
};

std::unique_ptr<SpectralOperator> make_operator(OperatorKind kind, const FfnWeights& weights,
                                                const ResponseMoments& moments) {
  if (kind != OperatorKind::kResponse) return make_weight_operator(kind, weights.gate, weights.up, weights.down);
  return std::make_unique<ResponseOperator>(weights.down.cast<double>(), moments.second_moment.cast<double>());
}

double of_packed(const FfnWeights& weights, const ResponseMoments& moments, const std::vector<std::int64_t>& keep) {
  PackedMatrix coupling = pack_coupling(weights.down, moments.packed);
  if (coupling.diagonal().isZero(0.0F)) return 0.0;
  const Schatten2 schatten2 = Schatten2::from_packed(std::move(coupling));
  const MatrixF removed = removed_indicator(keep, weights.up.rows()).cast<float>();
  return schatten2(removed)(0);
}

json as_json(const VectorD& values) {
  return json(std::vector<double>(values.begin(), values.end()));
}

}  // namespace

PlanMeasurement measure_plan(const Checkpoint& checkpoint, const Family& family, const Plan& plan,
                             const std::vector<ResponseMoments>& moments, const std::vector<std::string>& names,
                             Progress& progress) {
  const std::vector<Question> questions = parse(names);
  PlanMeasurement measurement;
  measurement.distortion = json::object();
  progress.begin("measuring spectra", "layers", plan.keep_indices.size());
  const auto measure_layer = [&](std::size_t layer) {
    const std::vector<std::int64_t>& keep = plan.keep_indices[layer];
    const FfnWeights weights = read_ffn(checkpoint, family, static_cast<std::int64_t>(layer));
    const bool exact = moments.at(layer).is_exact();
    std::map<OperatorKind, Measured> operators;
    const auto measured = [&](OperatorKind kind) -> Measured& {
      if (kind == OperatorKind::kGate && weights.gate.size() == 0) kind = OperatorKind::kUp;  // what is activated
      const auto found = operators.find(kind);
      if (found != operators.end()) return found->second;
      return operators.emplace(kind, Measured(make_operator(kind, weights, moments[layer]), keep)).first->second;
    };
    for (const Question& question : questions) {
      const bool on_response = question.kind == OperatorKind::kResponse;
      if (!on_response || exact) {
        measurement.distortion[question.name].push_back(measured(question.kind).distortion(question.distortion));
      } else if (question.distortion == Distortion::kSchatten2) {
        measurement.distortion[question.name].push_back(of_packed(weights, moments[layer], keep));
      }
    }
    if (layer == plan.keep_indices.size() / 2 && exact) {
      Measured& response = measured(OperatorKind::kResponse);
      measurement.spectrum = {
          {"layer", layer}, {"dense", as_json(response.dense())}, {"pruned", as_json(response.pruned())}};
    }
    progress.advance(1);
  };
  for (std::size_t layer = 0; layer < plan.keep_indices.size(); ++layer) {
    located(fmt::format("layer {}", layer), [&] { measure_layer(layer); });
  }
  return measurement;
}

}  // namespace prunenet
