#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/checkpoint/gguf_writer.h"
#include "prunenet/family/family.h"
#include "prunenet/plan/plan.h"
#include "prunenet/prune/estimate.h"
#include "prunenet/prune/replacements.h"

namespace prunenet {

/// Metadata keys that a pruned file has beside its model's.
inline constexpr const char* kGgufRecordKey = "prunenet.record";  ///< PruneRecord as JSON
inline constexpr const char* kGgufVersionKey = "prunenet.version";

/// What stays of one tensor of a GGUF file.
struct GgufCut {
  std::vector<std::int64_t> rows;     ///< that stay; empty: all
  std::vector<std::int64_t> columns;  ///< that stay; empty: all
};

/// A plan laid over a GGUF file: which tensors are cut, and the file that comes out.
struct GgufPrunedLayout {
  std::vector<GgufDeclaration> tensors;        ///< in the input's order
  std::map<std::string, GgufCut> cuts;         ///< by tensor name; every other tensor stays as it is
  std::map<std::string, std::size_t> retyped;  ///< "Q4_K to Q8_0": how many tensors
};

/// Throws what `prune_gguf` says of its plan.
[[nodiscard]] GgufPrunedLayout lay_out_pruned_gguf(const GgufFile& file, const Family& family, const Plan& plan);

/// Blocks of a tensor as the pruned file has them: whole rows as they are, columns and replacements quantised again.
[[nodiscard]] std::vector<std::byte> pruned_blocks(const GgufFile& file, const GgufDeclaration& tensor,
                                                   const GgufPrunedLayout& layout, const Replacements& replacements);

/// Metadata as it was, with the new width. Offsets of the written file are aligned as the format does by default.
[[nodiscard]] GgufPairs pruned_metadata(const GgufFile& file, const Family& family, const Plan& plan);

/// The sizes that come out, but for the record.
[[nodiscard]] PruneEstimate estimate_gguf_layout(const GgufFile& file, const Family& family, const Plan& plan,
                                                 const GgufPrunedLayout& layout);

}  // namespace prunenet
