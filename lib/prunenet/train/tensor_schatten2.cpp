#include "prunenet/train/tensor_schatten2.h"

#include <fmt/format.h>

#include "prunenet/core/error.h"
#include "prunenet/policy/network.h"

namespace prunenet {

namespace {

class TensorSchatten2 final : public KeepSetDistortion {
 public:
  TensorSchatten2(const MatrixF& form, bool is_sketch, const torch::Device& device)
      : form_(to_tensor(form).to(device)), is_sketch_(is_sketch) {
    const torch::Tensor everything = torch::ones({1, form_.size(1)}, form_.options());
    total_energy_ = energies(everything, product(everything)).item<double>();
    diagonal_ = (is_sketch_ ? form_.square().sum(0) : form_.diagonal()).to(torch::kFloat64).unsqueeze(0);
    if (total_energy_ > 0.0) return;
    throw Error(ErrorKind::kNumerical,
                fmt::format("the response of {} neurons has no energy ({}); there is nothing to distort", form_.size(1),
                            total_energy_));
  }

  std::vector<double> operator()(const torch::Tensor& rankings, std::int64_t kept) const override {
    const torch::NoGradGuard no_grad;
    const torch::Tensor removed = removed_indicators(rankings, kept);
    return to_vector(energies(removed, product(removed)) / total_energy_);
  }

  SwapRewards swaps(const torch::Tensor& rankings, std::int64_t kept) const override {
    const torch::NoGradGuard no_grad;
    const torch::Tensor removed = removed_indicators(rankings, kept);  // [M, I]
    const torch::Tensor produced = product(removed);
    const torch::Tensor values = energies(removed, produced) / total_energy_;  // [M]
    const torch::Tensor coupled = (is_sketch_ ? produced.matmul(form_) : produced).to(torch::kFloat64);
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

  /// K r of each row r [M, I], or B r [M, m].
  [[nodiscard]] torch::Tensor product(const torch::Tensor& removed) const {
    return removed.matmul(is_sketch_ ? form_.t() : form_);
  }

  [[nodiscard]] torch::Tensor energies(const torch::Tensor& removed, const torch::Tensor& produced) const {
    const torch::Tensor wide = produced.to(torch::kFloat64);
    return (is_sketch_ ? wide.square() : wide * removed).sum(1).clamp_min(0.0);
  }

  /// Energies [M, I] after neuron i and `partner` [M, 1] have changed sides, with i becoming removed (sign 1) or kept
  /// (sign -1): f + 2 sign (q_i - q_b) + K_ii + K_bb - 2 K_ib.
  [[nodiscard]] torch::Tensor swapped(const torch::Tensor& coupled, const torch::Tensor& energy,
                                      const torch::Tensor& partner, double sign) const {
    const torch::Tensor partners = partner.squeeze(1);
    const torch::Tensor rows =
        is_sketch_ ? form_.index_select(1, partners).t().matmul(form_) : form_.index_select(0, partners);  // [M, I]
    return energy + 2.0 * sign * (coupled - coupled.gather(1, partner)) + diagonal_ +
           diagonal_.squeeze(0).index_select(0, partners).unsqueeze(1) - 2.0 * rows.to(torch::kFloat64);
  }

  torch::Tensor form_;  ///< K or B, float
  bool is_sketch_;
  torch::Tensor diagonal_;  ///< of K, double [1, I]
  double total_energy_ = 0.0;
};

}  // namespace

std::unique_ptr<KeepSetDistortion> make_tensor_schatten2(const MatrixF& form, bool is_sketch,
                                                         const torch::Device& device) {
  if (!is_sketch && form.rows() != form.cols()) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("the coupling is {} x {}, but must be square", form.rows(), form.cols()));
  }
  if (!form.allFinite()) {
    throw Error(ErrorKind::kNumerical,
                fmt::format("the {} of {} neurons is not finite", is_sketch ? "sketch" : "coupling", form.cols()));
  }
  return std::make_unique<TensorSchatten2>(form, is_sketch, device);
}

}  // namespace prunenet
