#include "prunenet/train/tensor_schatten2.h"

#include <fmt/format.h>

#include "prunenet/core/error.h"
#include "prunenet/policy/network.h"

namespace prunenet {

namespace {

class TensorSchatten2 final : public KeepSetDistortion {
 public:
  TensorSchatten2(const MatrixF& coupling, const torch::Device& device) : coupling_(to_tensor(coupling).to(device)) {
    const torch::Tensor everything = torch::ones({1, coupling_.size(1)}, coupling_.options());
    total_energy_ = energies(everything, product(everything)).item<double>();
    diagonal_ = coupling_.diagonal().to(torch::kFloat64).unsqueeze(0);
    if (total_energy_ > 0.0) return;
    throw Error(ErrorKind::kNumerical,
                fmt::format("the response of {} neurons has no energy ({}); there is nothing to distort",
                            coupling_.size(1), total_energy_));
  }

  std::vector<double> operator()(const torch::Tensor& rankings, std::int64_t kept) const override {
    const torch::NoGradGuard no_grad;
    const torch::Tensor removed = removed_indicators(rankings, kept);
    return to_vector(energies(removed, product(removed)) / total_energy_);
  }

  SwapRewards swaps(const torch::Tensor& rankings, std::int64_t kept) const override {
    const torch::NoGradGuard no_grad;
    const torch::Tensor removed = removed_indicators(rankings, kept);  // [M, I]
    const torch::Tensor coupled = product(removed);
    const torch::Tensor values = energies(removed, coupled) / total_energy_;  // [M]
    const torch::Tensor energy = (coupled * removed).sum(1, /*keepdim=*/true);
    // Where i is kept, the first of the removed is taken back for it; where it is removed, the last of the kept goes.
    const torch::Tensor back = swapped(coupled, energy, rankings.narrow(1, kept, 1), 1.0);
    const torch::Tensor gone = swapped(coupled, energy, rankings.narrow(1, kept - 1, 1), -1.0);
    const torch::Tensor is_removed = removed > 0.5;
    const torch::Tensor change = torch::where(is_removed, gone, back).div(total_energy_).clamp_min(kSmallest).log() -
                                 values.clamp_min(kSmallest).log().unsqueeze(1);
    return {to_vector(values), torch::where(is_removed, -change, change)};
  }

 private:
  static constexpr double kSmallest = 1e-12;

  static torch::Tensor removed_indicators(const torch::Tensor& rankings, std::int64_t kept) {
    return torch::zeros(rankings.sizes(), rankings.options().dtype(torch::kFloat32))
        .scatter_(1, rankings.narrow(1, kept, rankings.size(1) - kept), 1.0);
  }

  static std::vector<double> to_vector(const torch::Tensor& values) {
    const torch::Tensor host = values.cpu().contiguous();
    return {host.data_ptr<double>(), host.data_ptr<double>() + host.numel()};
  }

  /// K r of each row r, double [M, I].
  [[nodiscard]] torch::Tensor product(const torch::Tensor& removed) const {
    return removed.matmul(coupling_).to(torch::kFloat64);
  }

  static torch::Tensor energies(const torch::Tensor& removed, const torch::Tensor& coupled) {
    return (coupled * removed).sum(1).clamp_min(0.0);
  }

  /// Energies [M, I] after neuron i and `partner` [M, 1] have changed sides, with i becoming removed (sign 1) or kept
  /// (sign -1): f + 2 sign (q_i - q_b) + K_ii + K_bb - 2 K_ib.
  [[nodiscard]] torch::Tensor swapped(const torch::Tensor& coupled, const torch::Tensor& energy,
                                      const torch::Tensor& partner, double sign) const {
    const torch::Tensor partners = partner.squeeze(1);
    const torch::Tensor rows = coupling_.index_select(0, partners);  // [M, I]
    return energy + 2.0 * sign * (coupled - coupled.gather(1, partner)) + diagonal_ +
           diagonal_.squeeze(0).index_select(0, partners).unsqueeze(1) - 2.0 * rows.to(torch::kFloat64);
  }

  torch::Tensor coupling_;  ///< K, float
  torch::Tensor diagonal_;  ///< of K, double [1, I]
  double total_energy_ = 0.0;
};

}  // namespace

std::unique_ptr<KeepSetDistortion> make_tensor_schatten2(const MatrixF& coupling, const torch::Device& device) {
  if (coupling.rows() != coupling.cols()) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("the coupling is {} x {}, but must be square", coupling.rows(), coupling.cols()));
  }
  if (!coupling.allFinite()) {
    throw Error(ErrorKind::kNumerical, fmt::format("the coupling of {} neurons is not finite", coupling.cols()));
  }
  return std::make_unique<TensorSchatten2>(coupling, device);
}

}  // namespace prunenet
