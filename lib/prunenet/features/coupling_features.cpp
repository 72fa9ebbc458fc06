#include "prunenet/features/coupling_features.h"

#include <fmt/format.h>

#include <Eigen/Cholesky>

#include "prunenet/core/error.h"

namespace prunenet {

namespace {

constexpr float kRidge = 0.1F;

/// Diagonal of (K~ + ridge)^-1, from the columns of the inverse of the Cholesky factor.
VectorF inverse_diagonal(const MatrixF& unit_coupling) {
  Eigen::MatrixXf regular = unit_coupling;
  regular.diagonal().array() += kRidge;
  const Eigen::LLT<Eigen::MatrixXf> factor(regular);
  if (factor.info() != Eigen::Success) {
    throw Error(ErrorKind::kNumerical, fmt::format("the coupling of {} neurons plus {} is not positive definite; the "
                                                   "weights are damaged",
                                                   regular.rows(), kRidge));
  }
  Eigen::MatrixXf inverse = Eigen::MatrixXf::Identity(regular.rows(), regular.cols());
  factor.matrixL().solveInPlace(inverse);
  return inverse.colwise().squaredNorm().transpose();
}

}  // namespace

void add_coupling_features(const std::string& name, const LayerView& view, const MatrixF& second_moment,
                           FeatureTable& table) {
  MatrixF coupling = view.down * view.down.transpose();
  coupling.array() *= second_moment.array();
  const VectorF energy = coupling.diagonal();
  const VectorF size = energy.array().max(1e-20F).sqrt();
  const VectorF inverse_size = size.cwiseInverse();
  coupling = inverse_size.asDiagonal() * coupling * inverse_size.asDiagonal();

  const VectorF unexplained = inverse_diagonal(coupling).array().max(1e-6F).inverse();
  table.add(name + ".log_unexplained", safe_log(unexplained));
  table.add(name + ".log_loss", safe_log(energy) + safe_log(unexplained));
  table.add(name + ".alignment", coupling.rowwise().sum());
  table.add(name + ".log_crowding", safe_log(coupling.cwiseAbs().rowwise().sum()));
  const VectorF with_all = (coupling * size).cwiseAbs().cwiseQuotient(size);
  table.add(name + ".log_joint_write", safe_log(energy) + safe_log(with_all));
}

}  // namespace prunenet
