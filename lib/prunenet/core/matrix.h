#pragma once

#include <Eigen/Core>

namespace prunenet {

/// Row-major, as tensors lie in a checkpoint: a weight of shape [out, in] is a MatrixF of `out` rows.
using MatrixF = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using VectorF = Eigen::VectorXf;
using MatrixD = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using VectorD = Eigen::VectorXd;

}  // namespace prunenet
