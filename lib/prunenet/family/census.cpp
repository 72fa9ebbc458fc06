#include "prunenet/family/census.h"

#include <fmt/format.h>

#include <map>
#include <span>

#include "prunenet/core/dtype.h"
#include "prunenet/family/number_scan.h"

namespace prunenet {

namespace {

constexpr std::int64_t kFormatMultiple = 32;  // block size of Q4_0 to Q8_0

std::uint64_t numbers_of(const LinearPlace& place) {
  return static_cast<std::uint64_t>(place.parameters());
}

/// FFN matrices by name; a neuron is a row of them, or a column where that says so.
std::map<std::string, bool> neuron_matrices(const Family& family) {
  std::map<std::string, bool> by_column;
  for (std::int64_t layer = 0; layer < family.config().num_hidden_layers; ++layer) {
    const FfnBlock block = family.ffn_block(layer);
    if (block.gate.exists()) by_column[block.gate.weight] = block.gate.transposed;
    by_column[block.up.weight] = block.up.transposed;
    by_column[block.down.weight] = !block.down.transposed;
  }
  return by_column;
}

}  // namespace

ParameterParts count_parts(const Checkpoint& checkpoint, const Family& family) {
  const ModelConfig& config = family.config();
  const LinearPlace output = family.output_projection();
  ParameterParts parts;
  const auto words = static_cast<std::uint64_t>(config.vocab_size * family.word_size());
  parts.embedding = words + numbers_of(family.embedding_projection());
  if (!family.position_embedding().empty()) {
    parts.embedding += static_cast<std::uint64_t>(family.position_rows() * config.hidden_size);
  }
  for (std::int64_t layer = 0; layer < config.num_hidden_layers; ++layer) {
    const AttentionBlock attention = family.attention_block(layer);
    const FfnBlock ffn = family.ffn_block(layer);
    for (const LinearPlace& place : {attention.q, attention.k, attention.v, attention.o}) {
      parts.attention += numbers_of(place);
    }
    for (const LinearPlace& place : {ffn.gate, ffn.up, ffn.down}) parts.ffn += numbers_of(place);
  }
  parts.output = numbers_of(family.output_reduction()) + numbers_of(output);
  if (output.weight == family.embedding()) parts.output -= words;
  parts.other = checkpoint.parameters() - parts.embedding - parts.attention - parts.ffn - parts.output;
  return parts;
}

std::vector<Oddity> find_oddities(const Checkpoint& checkpoint, const Family& family, Progress& progress) {
  std::vector<Oddity> oddities;
  const std::int64_t width = family.config().intermediate_size;
  if (width % kFormatMultiple != 0) {
    oddities.push_back({"", fmt::format("the intermediate size {} is no multiple of {}; quantised formats want one",
                                        width, kFormatMultiple)});
  }
  const std::map<std::string, bool> by_column = neuron_matrices(family);
  progress.begin("looking at every number", "bytes", checkpoint.tensor_bytes());
  for (const auto& [name, info] : checkpoint.tensors()) {
    progress.advance(info.bytes);
    if (!is_computable(info.dtype)) continue;
    const auto matrix = by_column.find(name);
    NumberScan scan(info.shape, matrix == by_column.end() ? NeuronsAre::kNone
                                : matrix->second          ? NeuronsAre::kColumns
                                                          : NeuronsAre::kRows);
    checkpoint.visit_floats(name,
                            [&scan](std::uint64_t first, std::span<const float> values) { scan.add(first, values); });
    for (const std::string& what : scan.oddities()) oddities.push_back({name, what});
  }
  return oddities;
}

}  // namespace prunenet
