#pragma once

#include "prunenet/checkpoint/checkpoint.h"
#include "prunenet/family/family.h"
#include "prunenet/heal/heal.h"
#include "prunenet/probe/probe_file.h"

namespace prunenet {

/// Refits all down projections from the second moments H = E[h h^T] that a probe of the dense model kept, each layer by
/// itself: with R the removed neurons, the error is e = D_R h_R, and
///
///     D' = D_S + D_R H_RS (H_SS + lambda m I)^-1,
///
/// for lambda 0 the D H_.S H_SS^-1 of least squares. Nothing is sampled or run; memory is one layer's moments.
/// A down bias takes up the mean of what is left, by the means E[h]. `correction` means nothing here.
/// Throws Error(kMismatch) where probe or plan are not of the model's sizes, Error(kUnsupported) where the probe holds
/// packed moments, and what `check`, `require_tokens`, `stored` and `sink` throw. Whether the probe is of these weights
/// is for the caller to check (ProbeFile::facts).
void heal_in_one_shot(const Checkpoint& checkpoint, const Family& family, const Plan& plan, const ProbeFile& probe,
                      const HealOptions& options, const StoredLayer& stored, const HealSink& sink, Progress& progress);

/// The moments of one layer with D (d x I), of which the neurons `keep` stay; sums for a bias where there is one to
/// fit.
[[nodiscard]] FitMoments moments_of_cut(const ResponseMoments& probed, const MatrixF& down,
                                        const std::vector<std::int64_t>& keep, bool bias);

}  // namespace prunenet
