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
constexpr const char* kMean = "mean";
constexpr const char* kSecondMoment = "second_moment";
constexpr const char* kDiagonal = "second_moment.diagonal";
constexpr const char* kCodes = "second_moment.codes";
constexpr const char* kLossMetric = "loss_metric";
/// A tensor, since it is known last.
constexpr const char* kSecondsTensor = "seconds";

bool is_exact(const ProbeFacts& facts) {
  return facts.neurons <= facts.source.options.exact_width;
}

std::string tensor_name(const char* half, std::int64_t layer, const char* what) {
  return fmt::format("{}.{}.{}", half, layer, what);
}

std::string text_name(const char* half) {
  return fmt::format("text.{}", half);
}

/// Codes that fill whole elements of 4 bytes, which are what comes after them.
std::int64_t padded_codes(std::int64_t neurons) {
  return static_cast<std::int64_t>((PackedMatrix::code_count(neurons) + 3) / 4 * 4);
}

/// In the order in which they are made.
std::vector<TensorDeclaration> tensors_of(const ProbeFacts& facts) {
  const ProbeOptions& options = facts.source.options;
  const std::int64_t neurons = facts.neurons;
  std::vector<TensorDeclaration> tensors = {
      {text_name(kHalves[0]), Dtype::kI32, {sequences_of(options.tokens, facts.text_length), facts.text_length}},
      {text_name(kHalves[1]),
       Dtype::kI32,
       {sequences_of(options.held_out_tokens, facts.text_length), facts.text_length}}};
  for (std::int64_t layer = 0; layer < facts.layers; ++layer) {
    for (const char* half : kHalves) {
      tensors.push_back({tensor_name(half, layer, kMean), Dtype::kF32, {neurons}});
      if (is_exact(facts)) {
        tensors.push_back({tensor_name(half, layer, kSecondMoment), Dtype::kF32, {neurons, neurons}});
      } else {
        tensors.push_back({tensor_name(half, layer, kDiagonal), Dtype::kF32, {neurons}});
        tensors.push_back({tensor_name(half, layer, kCodes), Dtype::kI8, {padded_codes(neurons)}});
      }
    }
  }
  for (std::int64_t layer = 0; options.loss_metric && layer < facts.layers; ++layer) {
    tensors.push_back({tensor_name(kHalves[0], layer, kLossMetric), Dtype::kF32, {facts.hidden, facts.hidden}});
  }
  tensors.push_back({kSecondsTensor, Dtype::kF32, {1}});
  return tensors;
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

template <typename Values>
std::span<const std::byte> bytes_of_values(const Values& values) {
  return std::as_bytes(std::span(values.data(), static_cast<std::size_t>(values.size())));
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
    : writer_(path, SafetensorsLayout(tensors_of(facts), metadata_of(facts), TensorOrder::kAsDeclared)) {}

void ProbeWriter::write(const ProbeText& text) {
  const auto write_half = [&](const char* half, const torch::Tensor& ids) {
    const torch::Tensor tokens = ids.to(torch::kInt32).contiguous();
    writer_.write(text_name(half),
                  std::as_bytes(std::span(tokens.data_ptr<std::int32_t>(), static_cast<std::size_t>(tokens.numel()))));
  };
  write_half(kHalves[0], text.training);
  write_half(kHalves[1], text.held_out);
}

void ProbeWriter::write(std::int64_t layer, const LayerMoments& moments) {
  const auto write_half = [&](const char* half, const ResponseMoments& part) {
    writer_.write(tensor_name(half, layer, kMean), bytes_of_values(part.mean));
    if (part.is_exact()) {
      writer_.write(tensor_name(half, layer, kSecondMoment), bytes_of_values(part.second_moment));
      return;
    }
    writer_.write(tensor_name(half, layer, kDiagonal), bytes_of_values(part.packed.diagonal()));
    std::vector<std::int8_t> codes = part.packed.codes();
    codes.resize(static_cast<std::size_t>(padded_codes(part.packed.neurons())));
    writer_.write(tensor_name(half, layer, kCodes), bytes_of_values(codes));
  };
  write_half(kHalves[0], moments.training);
  write_half(kHalves[1], moments.held_out);
}

void ProbeWriter::write(const std::vector<MatrixF>& loss_metrics) {
  for (std::size_t layer = 0; layer < loss_metrics.size(); ++layer) {
    writer_.write(tensor_name(kHalves[0], static_cast<std::int64_t>(layer), kLossMetric),
                  bytes_of_values(loss_metrics[layer]));
  }
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

const std::string& ProbeFile::field(const char* key) const {
  const auto found = file_.metadata().find(key);
  if (found == file_.metadata().end()) {
    reject(path().string(), fmt::format("has no metadata field '{}'; it is no probe, or one of another version", key));
  }
  return found->second;
}

void ProbeFile::read_facts() {
  const std::string where = path().string();
  if (field("format") != kFormat) reject(where, "is not a probe (metadata 'format')");
  if (field("format_version") != std::to_string(kFormatVersion)) {
    throw Error(ErrorKind::kUnsupported, fmt::format("{}: probe format version {}, but this version reads {}; make it "
                                                     "anew with 'prunenet probe'",
                                                     where, printable(field("format_version")), kFormatVersion));
  }
  const auto at = [&where](const char* key) { return fmt::format("{}: metadata field '{}'", where, key); };
  const nlohmann::json model = parse_json_object(field("model"), at("model"));
  try {
    facts_.source.options = probe_options_from_json(parse_json_object(field("probe"), at("probe")));
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
  const std::string& seed = field("seed");
  const auto [end, status] = std::from_chars(seed.data(), seed.data() + seed.size(), facts_.source.seed);
  if (status != std::errc{} || end != seed.data() + seed.size()) {
    reject(where, fmt::format("metadata 'seed' is '{}', and no seed", printable(seed)));
  }
  facts_.device = field("device");
  facts_.version = field("prunenet_version");
}

void ProbeFile::check_tensors() {
  const auto info_of = [&](const std::string& name) -> const TensorInfo& {
    const auto found = file_.tensors().find(name);
    if (found == file_.tensors().end()) reject(path().string(), fmt::format("there is no tensor '{}'", name));
    return found->second;
  };
  const auto held = static_cast<std::int64_t>(file_.tensors().size());
  if (facts_.layers < 1 || facts_.neurons < 1 || facts_.layers > held) {
    reject(path().string(), fmt::format("says that its model has {} layers of {} neurons, and holds {} tensors",
                                        facts_.layers, facts_.neurons, held));
  }
  const std::vector<std::int64_t>& text = info_of(text_name(kHalves[0])).shape;
  const std::int64_t longest = facts_.source.options.sequence_length;
  if (text.size() != 2 || text[1] < 1 || text[1] > longest) {
    reject(path().string(), fmt::format("tensor '{}' is {}, and no sequences of at most {} tokens",
                                        text_name(kHalves[0]), printable(text), longest));
  }
  facts_.text_length = text[1];
  if (facts_.source.options.loss_metric) {
    const std::vector<std::int64_t>& metric = info_of(tensor_name(kHalves[0], 0, kLossMetric)).shape;
    facts_.hidden = metric.empty() ? 0 : metric.front();
  }
  const std::vector<TensorDeclaration> expected = tensors_of(facts_);
  for (const TensorDeclaration& tensor : expected) {
    const TensorInfo& info = info_of(tensor.name);
    if (info.dtype == tensor.dtype && info.shape == tensor.shape) continue;
    reject(path().string(), fmt::format("tensor '{}' is {} {}, and not {} {}", tensor.name, to_string(info.dtype),
                                        printable(info.shape), to_string(tensor.dtype), printable(tensor.shape)));
  }
  if (file_.tensors().size() != expected.size()) {
    reject(path().string(), fmt::format("holds {} tensors, and not {}", held, expected.size()));
  }
}

torch::Tensor ProbeFile::sequences(const char* half) const {
  const std::string tensor = text_name(half);
  const HostTensor host = file_.read(tensor);
  torch::Tensor ids = torch::empty(host.info.shape, torch::kInt32);
  std::memcpy(ids.data_ptr<std::int32_t>(), host.data.data(), host.data.size());
  if (const auto smallest = ids.min().item<std::int32_t>(); smallest < 0) {
    reject(path().string(), fmt::format("tensor '{}' holds {}, and tokens are never negative", tensor, smallest));
  }
  return ids.to(torch::kInt64);
}

ProbeText ProbeFile::text() const {
  return {.training = sequences(kHalves[0]), .held_out = sequences(kHalves[1])};
}

MatrixF ProbeFile::matrix(const std::string& tensor) const {
  const HostTensor host = file_.read(tensor);
  const std::vector<std::int64_t>& shape = host.info.shape;
  MatrixF matrix(shape.size() == 1 ? 1 : shape[0], shape.back());
  std::memcpy(matrix.data(), host.data.data(), host.data.size());
  if (!matrix.allFinite())
    reject(path().string(), fmt::format("tensor '{}' holds a number that is not finite", tensor));
  return matrix;
}

VectorF ProbeFile::vector(const std::string& tensor) const {
  return matrix(tensor).row(0).transpose();
}

PackedMatrix ProbeFile::packed(const std::string& diagonal, const std::string& codes) const {
  const HostTensor host = file_.read(codes);
  std::vector<std::int8_t> values(PackedMatrix::code_count(facts_.neurons));
  std::memcpy(values.data(), host.data.data(), values.size());
  try {
    return {vector(diagonal), std::move(values)};
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kBadInput) throw;
    reject(path().string(), fmt::format("tensors '{}' and '{}': {}", diagonal, codes, error.what()));
  }
}

ResponseMoments ProbeFile::half(const char* name, std::int64_t layer) const {
  ResponseMoments moments;
  moments.mean = vector(tensor_name(name, layer, kMean));
  if (is_exact(facts_)) {
    moments.second_moment = matrix(tensor_name(name, layer, kSecondMoment));
  } else {
    moments.packed = packed(tensor_name(name, layer, kDiagonal), tensor_name(name, layer, kCodes));
  }
  return moments;
}

LayerMoments ProbeFile::layer(std::int64_t layer) const {
  LayerMoments moments{.training = half(kHalves[0], layer), .held_out = half(kHalves[1], layer)};
  if (facts_.source.options.loss_metric) moments.loss_metric = matrix(tensor_name(kHalves[0], layer, kLossMetric));
  return moments;
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
