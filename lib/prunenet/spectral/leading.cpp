#include "prunenet/spectral/leading.h"

#include <Spectra/SymEigsSolver.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "prunenet/core/error.h"

namespace prunenet {

namespace {

/// What Spectra asks of an operator.
class SpectraOperator {
 public:
  using Scalar = double;
  explicit SpectraOperator(const GramOperator& gram) : gram_(gram) {}
  [[nodiscard]] Eigen::Index rows() const { return gram_.side; }
  [[nodiscard]] Eigen::Index cols() const { return gram_.side; }
  void perform_op(const double* x_in, double* y_out) const {
    gram_.apply(Eigen::Map<const VectorD>(x_in, gram_.side), Eigen::Map<VectorD>(y_out, gram_.side));
  }

 private:
  const GramOperator& gram_;
};

void check_options(std::int64_t side, double trace, std::int64_t size, const LeadingOptions& options) {
  if (options.count < 1 || options.max_iterations < 1 || !(options.tolerance > 0.0)) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("leading spectrum: count {}, max_iterations {} and tolerance {} must be positive",
                            options.count, options.max_iterations, options.tolerance));
  }
  if (size < 0 || size > side) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("leading spectrum: {} singular values of a Gram operator of side {}", size, side));
  }
  if (!std::isfinite(trace) || trace < 0.0) {
    throw Error(ErrorKind::kNumerical, fmt::format("leading spectrum: the trace of the Gram operator is {}", trace));
  }
}

std::int64_t choose_basis(std::int64_t side, std::int64_t count, const LeadingOptions& options) {
  if (options.basis == 0) return std::min(side, std::max<std::int64_t>(2 * count + 1, 20));
  if (options.basis <= count || options.basis > side) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("leading spectrum: basis {} for {} values of a side of {} must "
                            "be in ({}, {}]",
                            options.basis, count, side, count, side));
  }
  return options.basis;
}

}  // namespace

LeadingSpectrum leading_singular_values(const GramOperator& gram, double trace, std::int64_t size,
                                        const LeadingOptions& options) {
  check_options(gram.side, trace, size, options);
  const std::int64_t count = std::min({options.count, size, std::max<std::int64_t>(gram.side - 1, 1)});
  LeadingSpectrum spectrum;
  spectrum.size = size;
  if (trace == 0.0 || size <= 1) {  // nothing to iterate on: the zero operator, or one value that the trace gives
    spectrum.leading = VectorD::Constant(count, std::sqrt(trace));
    return spectrum;
  }

  SpectraOperator operation(gram);
  Spectra::SymEigsSolver<SpectraOperator> solver(operation, count, choose_basis(gram.side, count, options));
  try {
    solver.init();
    solver.compute(Spectra::SortRule::LargestAlge, options.max_iterations, options.tolerance);
  } catch (const std::runtime_error&) {  // its solver of the small problem gave up: values too small, or not finite
    spectrum.tail_energy = trace;
    spectrum.status = SolveStatus::kNotConverged;
    return spectrum;
  }
  spectrum.status =
      solver.info() == Spectra::CompInfo::Successful ? SolveStatus::kConverged : SolveStatus::kNotConverged;
  spectrum.products = solver.num_operations();
  const VectorD squares = solver.eigenvalues().cwiseMax(0.0);
  spectrum.leading = squares.cwiseSqrt();
  spectrum.tail_energy = std::max(trace - squares.sum(), 0.0);
  return spectrum;
}

}  // namespace prunenet
