#pragma once

#include <vector>

#include "prunenet/report/comparison.h"

namespace prunenet {

/// That no two records hold the same cell, and that what they measured of one text or task can be compared. Throws as
/// `compare_records`.
void check_agreement(const std::vector<RecordFile>& files);

}  // namespace prunenet
