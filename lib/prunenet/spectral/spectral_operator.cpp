#include "prunenet/spectral/spectral_operator.h"

#include <numeric>

#include "prunenet/core/error.h"
#include "prunenet/core/named_values.h"
#include "prunenet/spectral/checks.h"
#include "prunenet/spectral/weight_operator.h"

namespace prunenet {

namespace {

constexpr NamedValues<OperatorKind, 5> kOperatorNames{{
    {OperatorKind::kResponse, "response"},
    {OperatorKind::kGate, "gate"},
    {OperatorKind::kUp, "up"},
    {OperatorKind::kDown, "down"},
    {OperatorKind::kJoint, "joint"},
}};

MatrixF joint_rows(const MatrixF& gate, const MatrixF& up, const MatrixF& down) {
  const Eigen::Index hidden = up.cols();
  const Eigen::Index parts = gate.size() == 0 ? 2 : 3;
  MatrixF rows(up.rows(), parts * hidden);
  if (parts == 3) rows.leftCols(hidden) = gate;
  rows.middleCols((parts - 2) * hidden, hidden) = up;
  rows.rightCols(hidden) = down.transpose();
  return rows;
}

}  // namespace

std::string_view to_string(OperatorKind kind) {
  return name_of(kOperatorNames, kind);
}

OperatorKind parse_operator_kind(std::string_view name) {
  return value_named(kOperatorNames, "operator", name);
}

MatrixF weight_rows(OperatorKind kind, const MatrixF& gate, const MatrixF& up, const MatrixF& down) {
  if (gate.size() != 0) spectral_checks::require_shape(gate, up.rows(), up.cols(), "gate (I x d, as up)");
  spectral_checks::require_shape(down, up.cols(), up.rows(), "down (d x I, of up's I x d)");
  switch (kind) {
    case OperatorKind::kResponse:
      throw Error(ErrorKind::kInvalidArgument,
                  "the response operator needs a second moment of responses; build a ResponseOperator");
    case OperatorKind::kGate:
      if (gate.size() == 0) {
        throw Error(ErrorKind::kInvalidArgument, "operator gate: this block has no gate; choose up, down or joint");
      }
      return gate;
    case OperatorKind::kUp:
      return up;
    case OperatorKind::kDown:
      return down.transpose();
    case OperatorKind::kJoint:
      return joint_rows(gate, up, down);
  }
  throw Error(ErrorKind::kInvalidArgument, "operator kind is none of the enumeration");
}

std::unique_ptr<SpectralOperator> make_weight_operator(OperatorKind kind, const MatrixF& gate, const MatrixF& up,
                                                       const MatrixF& down) {
  return std::make_unique<WeightOperator>(weight_rows(kind, gate, up, down).cast<double>());
}

std::vector<std::int64_t> all_neurons(std::int64_t neurons) {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(neurons));
  std::iota(indices.begin(), indices.end(), std::int64_t{0});
  return indices;
}

MatrixD removed_indicator(std::span<const std::int64_t> keep_indices, std::int64_t neurons) {
  spectral_checks::require_keep_indices(keep_indices, neurons);
  MatrixD removed = MatrixD::Ones(1, neurons);
  for (const std::int64_t index : keep_indices) removed(0, index) = 0.0;
  return removed;
}

}  // namespace prunenet
