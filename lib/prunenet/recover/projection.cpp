#include "prunenet/recover/projection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"

namespace prunenet {

namespace {

constexpr std::array<std::string_view, 7> kProjectionNames = {"q_proj",    "k_proj",  "v_proj",   "o_proj",
                                                              "gate_proj", "up_proj", "down_proj"};

}  // namespace

std::string_view to_string(Projection projection) {
  return kProjectionNames.at(static_cast<std::size_t>(projection));
}

std::vector<Projection> parse_projections(std::span<const std::string> names) {
  for (const std::string& name : names) {
    if (std::ranges::find(kProjectionNames, name) == kProjectionNames.end()) {
      throw Error(ErrorKind::kInvalidArgument,
                  fmt::format("target '{}' is unknown; known: {}", printable(name), fmt::join(kProjectionNames, ", ")));
    }
  }
  if (names.empty()) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("there are no targets to train; known: {}", fmt::join(kProjectionNames, ", ")));
  }
  std::vector<Projection> projections;
  for (const Projection projection : kProjections) {
    if (std::ranges::find(names, to_string(projection)) != names.end()) projections.push_back(projection);
  }
  return projections;
}

LinearPlace place_of(const Family& family, std::int64_t layer, Projection projection) {
  const AttentionBlock attention = family.attention_block(layer);
  const FfnBlock ffn = family.ffn_block(layer);
  switch (projection) {
    case Projection::kQ:
      return attention.q;
    case Projection::kK:
      return attention.k;
    case Projection::kV:
      return attention.v;
    case Projection::kO:
      return attention.o;
    case Projection::kGate:
      return ffn.gate;
    case Projection::kUp:
      return ffn.up;
    case Projection::kDown:
      break;
  }
  return ffn.down;
}

}  // namespace prunenet
