#include "prunenet/features/coupling_features.h"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <utility>

#include "prunenet/core/error.h"

namespace prunenet {

namespace {

constexpr double kRidge = 0.1;

/// Diagonal of (K~ + ridge)^-1, from the columns of the inverse of the Cholesky factor.
VectorD inverse_diagonal(const MatrixD& unit_coupling) {
  Eigen::MatrixXd regular = unit_coupling;
  regular.diagonal().array() += kRidge;
  const Eigen::LLT<Eigen::Ref<Eigen::MatrixXd>> factor(regular);  // in place
  if (factor.info() != Eigen::Success) {
    throw Error(ErrorKind::kNumerical, fmt::format("the coupling of {} neurons plus {} is not positive definite; the "
                                                   "weights are damaged",
                                                   regular.rows(), kRidge));
  }
  Eigen::MatrixXd inverse = Eigen::MatrixXd::Identity(regular.rows(), regular.cols());
  factor.matrixL().solveInPlace(inverse);
  return inverse.colwise().squaredNorm().transpose();
}

}  // namespace

void add_coupling_features(const std::string& name, const LayerView& view, MatrixD second_moment, FeatureTable& table) {
  MatrixD coupling = std::move(second_moment);
  coupling.array() *= MatrixD(view.down * view.down.transpose()).array();
  const VectorD energy = coupling.diagonal();
  const VectorD size = energy.array().max(1e-20).sqrt();
  const VectorD inverse_size = size.cwiseInverse();
  coupling = inverse_size.asDiagonal() * coupling * inverse_size.asDiagonal();

  const VectorD unexplained = inverse_diagonal(coupling).array().max(1e-6).inverse();
  table.add(name + ".log_unexplained", safe_log(unexplained));
  table.add(name + ".log_loss", safe_log(energy) + safe_log(unexplained));
  table.add(name + ".alignment", coupling.rowwise().sum());
  table.add(name + ".log_crowding", safe_log(coupling.cwiseAbs().rowwise().sum()));
  const VectorD with_all = (coupling * size).cwiseAbs().cwiseQuotient(size);
  table.add(name + ".log_joint_write", safe_log(energy) + safe_log(with_all));
}

}  // namespace prunenet
