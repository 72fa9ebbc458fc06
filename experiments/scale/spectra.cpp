// One keep-set of a made-up wide layer: what each way to look at a spectrum costs, and how far it is from a plain SVD.
// See SPECTRAL.md.
//   scale_spectra HIDDEN NEURONS TOKENS
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "made_up_layer.h"
#include "prunenet/core/peak_memory.h"
#include "prunenet/spectral/kept_gram.h"
#include "prunenet/spectral/packed_coupling.h"
#include "prunenet/spectral/response_operator.h"
#include "prunenet/spectral/schatten2.h"
#include "prunenet/spectral/tridiagonal.h"
#include "prunenet/spectral/weight_operator.h"

extern "C" {
// NOLINTBEGIN(readability-identifier-naming): LAPACK's names
void sgesdd_(const char* jobz, const int* m, const int* n, float* a, const int* lda, float* s, float* u, const int* ldu,
             float* vt, const int* ldvt, float* work, const int* lwork, int* iwork, int* info);
void dgesdd_(const char* jobz, const int* m, const int* n, double* a, const int* lda, double* s, double* u,
             const int* ldu, double* vt, const int* ldvt, double* work, const int* lwork, int* iwork, int* info);
// NOLINTEND(readability-identifier-naming)
}

namespace prunenet {
namespace {

constexpr double kRatio = 0.3;
constexpr std::int64_t kLeading = 64;

void gesdd(int m, int n, float* a, float* s, float* work, int lwork, int* iwork, int* info) {
  const int one = 1;
  sgesdd_("N", &m, &n, a, &m, s, nullptr, &one, nullptr, &one, work, &lwork, iwork, info);
}
void gesdd(int m, int n, double* a, double* s, double* work, int lwork, int* iwork, int* info) {
  const int one = 1;
  dgesdd_("N", &m, &n, a, &m, s, nullptr, &one, nullptr, &one, work, &lwork, iwork, info);
}

/// Singular values by LAPACK's gesdd, descending: what torch.linalg.svdvals calls.
template <typename Scalar>
VectorD plain_svd(Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> matrix) {
  const int m = int(matrix.cols());  // of the transpose, which is how it lies in memory
  const int n = int(matrix.rows());
  Eigen::Matrix<Scalar, Eigen::Dynamic, 1> values(std::min(m, n));
  std::vector<int> integers(8 * std::size_t(std::min(m, n)));
  Scalar best = 0;
  int info = 0;
  gesdd(m, n, matrix.data(), values.data(), &best, -1, integers.data(), &info);
  std::vector<Scalar> work(static_cast<std::size_t>(best) + 1024);
  gesdd(m, n, matrix.data(), values.data(), work.data(), int(work.size()), integers.data(), &info);
  if (info != 0) std::cout << fmt::format("gesdd: info {}\n", info);
  return values.template cast<double>();
}

/// The leading ones of `values` against `truth`.
void print_error(const VectorD& values, const VectorD& truth) {
  const VectorD expected = truth.head(values.size());
  const VectorD differences = (values - expected).cwiseAbs();
  std::cout << fmt::format("    {} values: off by at most {:.1e} of the largest, {:.1e} of their own\n", values.size(),
                           differences.maxCoeff() / truth(0), differences.cwiseQuotient(expected).maxCoeff())
            << std::flush;
}

/// Times what gives singular values, and compares them.
template <typename Spectrum>
void judge(const std::string& what, const VectorD& truth, const Spectrum& spectrum) {
  VectorD values;
  time(what, 1, [&] { values = spectrum(); });
  print_error(values, truth);
}

VectorD roots_of(const KeptGram& gram, const std::vector<std::int64_t>& kept) {
  Eigen::MatrixXf matrix = gram(kept);
  const VectorF squares = eigenvalues(tridiagonalise(matrix));
  return squares.cast<double>().cwiseMax(0.0).cwiseSqrt().reverse().head(gram.count(std::int64_t(kept.size())));
}

void compare_gate(const MatrixF& gate, const std::vector<std::int64_t>& kept) {
  const MatrixF rows = gate(kept, Eigen::all);
  std::cout << fmt::format("gate, {} rows of {} kept\n", rows.rows(), gate.rows());
  VectorD truth;
  time("plain SVD, double", 1, [&] { truth = plain_svd<double>(rows.cast<double>()); });
  judge("plain SVD, single", truth, [&] { return plain_svd<float>(rows); });
  const WeightOperator in_double(gate.cast<double>());
  judge("whole spectrum by Gram matrix, double", truth, [&] { return in_double.spectrum(kept); });
  std::vector<KeptGram> gram;
  time("Gram matrix of all rows, single", 1, [&] { gram.push_back(KeptGram::of_rows(gate)); });
  judge("whole spectrum by Gram matrix, single", truth, [&] { return roots_of(gram.front(), kept); });
}

void compare_response(const Layer& layer, const MatrixF& moment, const std::vector<std::int64_t>& kept) {
  std::cout << fmt::format("response, {} columns of {} kept\n", kept.size(), layer.down.cols());
  VectorD truth;
  {
    // D_S X_S^T / sqrt(T), outputs of the kept neurons, has the singular values of D_S H_SS^(1/2).
    const MatrixD down = layer.down(Eigen::all, kept).cast<double>();
    const MatrixD responses = layer.responses(Eigen::all, kept).cast<double>();
    const MatrixD outputs = down * responses.transpose() / std::sqrt(double(responses.rows()));
    time("plain SVD, double", 1, [&] { truth = plain_svd<double>(outputs); });
    judge("plain SVD, single", truth, [&] { return plain_svd<float>(outputs.cast<float>()); });
  }
  {
    std::vector<KeptGram> gram;
    time("Gram matrix of all columns, single", 1, [&] { gram.push_back(KeptGram::of_response(layer.down, moment)); });
    judge("whole spectrum by Gram matrix, single", truth, [&] { return roots_of(gram.front(), kept); });
  }
  std::vector<ResponseOperator> response;
  time("response operator", 1, [&] { response.emplace_back(layer.down.cast<double>(), moment.cast<double>()); });
  LeadingSpectrum leading;
  judge(fmt::format("leading {} by Spectra", kLeading), truth, [&] {
    leading = response.front().leading_spectrum(kept, {.count = kLeading});
    return leading.leading;
  });
  std::cout << fmt::format("    {}, {} products\n",
                           leading.status == SolveStatus::kConverged ? "converged" : "not converged", leading.products)
            << std::flush;
  judge("whole spectrum by Gram matrix, double", truth, [&] { return response.front().spectrum(kept); });
}

void compare_schatten2(const Layer& layer, const MatrixF& moment, const std::vector<std::int64_t>& kept) {
  MatrixF removed = MatrixF::Ones(1, layer.down.cols());
  for (const std::int64_t neuron : kept) removed(0, neuron) = 0.0F;
  const auto energy = [&layer](const MatrixF& neurons) {
    const MatrixF masked = layer.down * neurons.row(0).asDiagonal();
    return (masked * layer.responses.transpose()).cast<double>().squaredNorm();
  };
  const double truth = energy(removed) / energy(MatrixF::Ones(1, layer.down.cols()));
  std::cout << fmt::format("schatten2 {:.6f}, from outputs of the removed and of all neurons\n", truth);
  const auto judge_form = [&](const std::string& name, const Schatten2& form) {
    VectorD value = form(removed);
    time(name, 20, [&] { value = form(removed); });
    std::cout << fmt::format("    off by {:+.1e} of it\n", value(0) / truth - 1.0);
  };
  MatrixF coupling;
  time("coupling K", 1, [&] { coupling = response_coupling(layer.down, moment); });
  judge_form("schatten2, exact", Schatten2::from_coupling(std::move(coupling)));
  PackedMatrix packed;
  time("packing", 1, [&] { packed = pack_coupling(layer.down, moment); });
  judge_form("schatten2, packed", Schatten2::from_packed(std::move(packed)));
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() != 3) {
    std::cerr << "usage: scale_spectra HIDDEN NEURONS TOKENS\n";
    return 2;
  }
  const Layer layer = make_layer(std::stol(arguments[0]), std::stol(arguments[1]), std::stol(arguments[2]));
  MatrixF moment;
  time("second moment H", 1, [&] { moment = second_moment_of(layer.responses); });
  std::vector<std::int64_t> kept;
  Rng rng(4);
  for (Eigen::Index i = 0; i < layer.down.cols(); ++i) {
    if (rng.uniform() >= kRatio) kept.push_back(i);
  }
  compare_schatten2(layer, moment, kept);
  compare_gate(layer.gate, kept);
  compare_response(layer, moment, kept);
  std::cout << fmt::format("peak memory {:.2f} GB\n", 1e-9 * double(peak_rss_bytes()));
  return 0;
}

}  // namespace
}  // namespace prunenet

int main(int argc, char** argv) {
  return prunenet::run_program(prunenet::run, argc, argv);
}
