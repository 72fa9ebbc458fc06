#include "prunenet/probe/probe_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <map>
#include <span>
#include <vector>

#include "prunenet/checkpoint/strict_json.h"
#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"
#include "prunenet/core/version.h"

namespace prunenet {

namespace {

constexpr const char* kFormat = "prunenet-probe";
constexpr std::array<const char*, 2> kHalves = {"training", "held_out"};
/// A tensor, since it is known last; and F32 as all others, which then lie in the order in which they are made.
constexpr const char* kSecondsTensor = "seconds";

bool is_exact(const ProbeFacts& facts) {
  return facts.neurons <= facts.source.options.exact_width;
}

std::string tensor_name(const char* half, std::int64_t layer, const ProbeFacts& facts) {
  return fmt::format("{}.{}.{}", half, layer, is_exact(facts) ? "second_moment" : "sketch");
}

std::vector<std::int64_t> shape_of(const ProbeFacts& facts) {
  return {is_exact(facts) ? facts.neurons : facts.source.options.sketch_rows, facts.neurons};
}

std::map<std::string, std::string> metadata_of(const ProbeFacts& facts) {
  const nlohmann::json model = {{"name", facts.model_name},
                                {"sha256", facts.source.model_sha256},
                                {"num_hidden_layers", facts.layers},
                                {"intermediate_size", facts.neurons}};
  return {{"format", kFormat},
          {"format_version", std::to_string(ProbeFile::kFormatVersion)},
          {"model", model.dump()},
          {"probe", to_json(facts.source.options).dump()},
          {"seed", std::to_string(facts.source.seed)},
          {"device", facts.device},
          {"prunenet_version", std::string(version())}};
}

SafetensorsLayout layout_of(const ProbeFacts& facts) {
  std::vector<TensorDeclaration> tensors;
  for (std::int64_t layer = 0; layer < facts.layers; ++layer) {
    for (const char* half : kHalves) tensors.push_back({tensor_name(half, layer, facts), Dtype::kF32, shape_of(facts)});
  }
  tensors.push_back({kSecondsTensor, Dtype::kF32, {1}});
  return SafetensorsLayout(std::move(tensors), metadata_of(facts));
}

/// What two sources differ in, "seed 1, here 2" each.
std::vector<std::string> differences(const ProbeSource& file, const ProbeSource& wanted) {
  std::vector<std::string> found;
  if (file.model_sha256 != wanted.model_sha256) {
    found.push_back(
        fmt::format("of the model with SHA-256 {}, here {}", printable(file.model_sha256), wanted.model_sha256));
  }
  const nlohmann::json options = to_json(file.options);
  const nlohmann::json wanted_options = to_json(wanted.options);
  for (const auto& [key, value] : wanted_options.items()) {
    if (options.at(key) == value) continue;
    found.push_back(fmt::format("{} {}, here {}", key, printable_json(options.at(key)), printable_json(value)));
  }
  if (file.seed != wanted.seed) found.push_back(fmt::format("seed {}, here {}", file.seed, wanted.seed));
  return found;
}

}  // namespace

ProbeWriter::ProbeWriter(const std::filesystem::path& path, const ProbeFacts& facts)
    : writer_(path, layout_of(facts)) {}

void ProbeWriter::write(std::int64_t layer, const LayerMoments& moments) {
  const auto write_half = [&](const char* half, const ResponseMoments& part) {
    const bool exact = part.second_moment.size() != 0;
    const MatrixF& matrix = exact ? part.second_moment : part.sketch;
    writer_.write(fmt::format("{}.{}.{}", half, layer, exact ? "second_moment" : "sketch"),
                  std::as_bytes(std::span(matrix.data(), static_cast<std::size_t>(matrix.size()))));
  };
  write_half(kHalves[0], moments.training);
  write_half(kHalves[1], moments.held_out);
}

void ProbeWriter::finish(double seconds) {
  const auto value = static_cast<float>(seconds);
  writer_.write(kSecondsTensor, std::as_bytes(std::span(&value, 1)));
  writer_.finish();
}

ProbeFile ProbeFile::open(const std::filesystem::path& path) {
  ProbeFile probe(SafetensorsFile::open(path));
  probe.read_facts();
  probe.check_tensors();
  float seconds = 0.0F;
  const HostTensor host = probe.file_.read(kSecondsTensor);
  std::memcpy(&seconds, host.data.data(), sizeof(seconds));
  if (!std::isfinite(seconds) || seconds < 0.0F) {
    reject(path.string(), fmt::format("tensor '{}' is {}, and no time", kSecondsTensor, seconds));
  }
  probe.seconds_ = static_cast<double>(seconds);
  return probe;
}

const std::string& ProbeFile::text(const char* key) const {
  const auto found = file_.metadata().find(key);
  if (found == file_.metadata().end()) {
    reject(path().string(), fmt::format("has no metadata field '{}'; it is no probe, or one of another version", key));
  }
  return found->second;
}

void ProbeFile::read_facts() {
  const std::string where = path().string();
  if (text("format") != kFormat) reject(where, "is not a probe (metadata 'format')");
  if (text("format_version") != std::to_string(kFormatVersion)) {
    throw Error(ErrorKind::kUnsupported, fmt::format("{}: probe format version {}, but this version reads {}; make it "
                                                     "anew with 'prunenet probe'",
                                                     where, printable(text("format_version")), kFormatVersion));
  }
  const auto at = [&where](const char* key) { return fmt::format("{}: metadata field '{}'", where, key); };
  const nlohmann::json model = parse_json_object(text("model"), at("model"));
  try {
    facts_.source.options = probe_options_from_json(parse_json_object(text("probe"), at("probe")));
    facts_.model_name = model.at("name").get<std::string>();
    facts_.source.model_sha256 = model.at("sha256").get<std::string>();
    integer_field("num_hidden_layers", facts_.layers).read(model.at("num_hidden_layers"));
    integer_field("intermediate_size", facts_.neurons).read(model.at("intermediate_size"));
  } catch (const nlohmann::json::exception& error) {
    reject(where, fmt::format("metadata 'model' is not as it should be: {}", printable(error.what())));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInvalidArgument) throw;
    reject(where, fmt::format("metadata: {}", error.what()));
  }
  const std::string& seed = text("seed");
  const auto [end, status] = std::from_chars(seed.data(), seed.data() + seed.size(), facts_.source.seed);
  if (status != std::errc{} || end != seed.data() + seed.size()) {
    reject(where, fmt::format("metadata 'seed' is '{}', and no seed", printable(seed)));
  }
  facts_.device = text("device");
  facts_.version = text("prunenet_version");
}

void ProbeFile::check_tensors() const {
  const auto require = [&](const std::string& name, const std::vector<std::int64_t>& shape) {
    const auto found = file_.tensors().find(name);
    if (found == file_.tensors().end()) reject(path().string(), fmt::format("there is no tensor '{}'", name));
    if (found->second.dtype == Dtype::kF32 && found->second.shape == shape) return;
    reject(path().string(), fmt::format("tensor '{}' is {} {}, and not F32 {}", name, to_string(found->second.dtype),
                                        printable(found->second.shape), printable(shape)));
  };
  if (facts_.layers < 1 || facts_.neurons < 1) {
    reject(path().string(),
           fmt::format("says that its model has {} layers of {} neurons", facts_.layers, facts_.neurons));
  }
  for (std::int64_t layer = 0; layer < facts_.layers; ++layer) {
    for (const char* half : kHalves) require(tensor_name(half, layer, facts_), shape_of(facts_));
  }
  require(kSecondsTensor, {1});
  if (const auto expected = static_cast<std::size_t>(2 * facts_.layers + 1); file_.tensors().size() != expected) {
    reject(path().string(), fmt::format("holds {} tensors, and not {}", file_.tensors().size(), expected));
  }
}

ResponseMoments ProbeFile::half(const char* name, std::int64_t layer) const {
  const std::string tensor = tensor_name(name, layer, facts_);
  const HostTensor host = file_.read(tensor);
  MatrixF matrix(host.info.shape[0], host.info.shape[1]);
  std::memcpy(matrix.data(), host.data.data(), host.data.size());
  if (!matrix.allFinite())
    reject(path().string(), fmt::format("tensor '{}' holds a number that is not finite", tensor));
  if (is_exact(facts_)) return {.second_moment = std::move(matrix), .sketch = {}};
  return {.second_moment = {}, .sketch = std::move(matrix)};
}

LayerMoments ProbeFile::layer(std::int64_t layer) const {
  return {.training = half(kHalves[0], layer), .held_out = half(kHalves[1], layer)};
}

void ProbeFile::require(const ProbeSource& wanted, const std::string& advice) const {
  const std::vector<std::string> found = differences(facts_.source, wanted);
  if (found.empty()) return;
  throw Error(ErrorKind::kMismatch, fmt::format("{} is another probe than is needed: {}; {}", path().string(),
                                                fmt::join(found, "; "), advice));
}

void ProbeFile::require_sizes(std::int64_t layers, std::int64_t neurons) const {
  if (facts_.layers == layers && facts_.neurons == neurons) return;
  throw Error(ErrorKind::kMismatch, fmt::format("{} is of {} layers with {} neurons each, but the model has {} with {}",
                                                path().string(), facts_.layers, facts_.neurons, layers, neurons));
}

bool is_probe_file(const std::filesystem::path& path) {
  const SafetensorsFile file = SafetensorsFile::open(path);
  const auto found = file.metadata().find("format");
  return found != file.metadata().end() && found->second == kFormat;
}

}  // namespace prunenet
