#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "prunenet/tokenizer/tokenizer.h"

namespace prunenet {

/// The special tokens that the "post_processor" of a tokenizer.json puts before a single text: those of
/// TemplateProcessing, BertProcessing, RobertaProcessing; none for null and ByteLevel; a Sequence's, one after the
/// other. Tokens that it puts behind the text are left out. Throws Error(kUnsupported) naming any other.
[[nodiscard]] std::vector<TokenId> post_processor_prefix(const nlohmann::json& component);

}  // namespace prunenet
