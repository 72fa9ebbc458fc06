#include "prunenet/policy/policy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "prunenet/checkpoint/safetensors_file.h"
#include "prunenet/checkpoint/safetensors_writer.h"
#include "prunenet/core/error.h"

namespace prunenet {

namespace {

constexpr const char* kFormat = "prunenet-policy";

HostTensor to_host(const torch::Tensor& tensor) {
  const torch::Tensor values = tensor.detach().to(torch::kFloat32).contiguous();
  HostTensor host;
  host.info.dtype = Dtype::kF32;
  host.info.shape = values.sizes().vec();
  host.info.bytes = static_cast<std::uint64_t>(values.numel()) * sizeof(float);
  host.data.resize(host.info.bytes);
  std::memcpy(host.data.data(), values.data_ptr<float>(), host.data.size());
  return host;
}

/// JSON fields of the metadata, with the file's name in every complaint.
class Metadata {
 public:
  explicit Metadata(const SafetensorsFile& file) : file_(file) {}

  [[nodiscard]] const std::string& text(const std::string& key) const {
    const auto found = file_.metadata().find(key);
    if (found == file_.metadata().end()) fail(fmt::format("has no metadata field '{}'; it is not a policy", key));
    return found->second;
  }

  [[nodiscard]] nlohmann::json json(const std::string& key) const {
    nlohmann::json value = nlohmann::json::parse(text(key), nullptr, /*allow_exceptions=*/false);
    if (value.is_discarded()) fail(fmt::format("metadata field '{}' is not JSON", key));
    return value;
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(ErrorKind::kBadInput, fmt::format("{}: {}", file_.path().string(), what));
  }

 private:
  const SafetensorsFile& file_;
};

void check_format(const Metadata& metadata, const std::filesystem::path& path) {
  if (metadata.text("format") != kFormat) metadata.fail("is not a policy (metadata 'format')");
  const std::string expected = std::to_string(Policy::kFormatVersion);
  if (metadata.text("format_version") != expected) {
    throw Error(
        ErrorKind::kUnsupported,
        fmt::format("{}: policy format version {}, but this version reads {}; train it anew or use the prunenet "
                    "that wrote it",
                    path.string(), metadata.text("format_version"), expected));
  }
}

std::vector<std::string> feature_names(const Metadata& metadata) {
  const nlohmann::json json = metadata.json("features");
  const bool names = json.is_array() && !json.empty() && json.size() <= 100'000 &&
                     std::all_of(json.begin(), json.end(), [](const auto& name) { return name.is_string(); });
  if (!names) metadata.fail("metadata field 'features' is not a list of names");
  return json.get<std::vector<std::string>>();
}

void load_parameters(const SafetensorsFile& file, PolicyNetwork& network, const Metadata& metadata) {
  torch::NoGradGuard no_grad;
  auto parameters = network->named_parameters();
  if (parameters.size() != file.tensors().size()) {
    metadata.fail(fmt::format("holds {} tensors, but its network has {}", file.tensors().size(), parameters.size()));
  }
  for (auto& parameter : parameters) {
    const auto found = file.tensors().find(parameter.key());
    if (found == file.tensors().end() || found->second.dtype != Dtype::kF32 ||
        found->second.shape != parameter.value().sizes().vec()) {
      metadata.fail(fmt::format("tensor '{}' is missing, not F32, or not of shape {}", parameter.key(),
                                fmt::join(parameter.value().sizes().vec(), " x ")));
    }
    const HostTensor host = file.read(parameter.key());
    std::memcpy(parameter.value().data_ptr<float>(), host.data.data(), host.data.size());
    if (!parameter.value().isfinite().all().item<bool>()) {
      metadata.fail(fmt::format("tensor '{}' holds NaN or Inf", parameter.key()));
    }
  }
}

std::vector<std::string> missing_from(const std::vector<std::string>& names, const std::vector<std::string>& others) {
  std::vector<std::string> missing;
  for (const std::string& name : names) {
    if (std::find(others.begin(), others.end(), name) == others.end()) missing.push_back(name);
  }
  return missing;
}

}  // namespace

void save_policy(const std::filesystem::path& path, const Policy& policy) {
  std::map<std::string, HostTensor> tensors;
  for (const auto& parameter : policy.network->named_parameters()) {
    tensors[parameter.key()] = to_host(parameter.value());
  }
  write_safetensors_atomically(path, tensors,
                               {{"format", kFormat},
                                {"format_version", std::to_string(Policy::kFormatVersion)},
                                {"network", to_json(policy.network->options()).dump()},
                                {"features", nlohmann::json(policy.features).dump()},
                                {"recipe", policy.recipe.dump()},
                                {"curve", policy.curve.dump()},
                                {"provenance", policy.provenance.dump()}});
}

Policy load_policy(const std::filesystem::path& path) {
  const SafetensorsFile file = SafetensorsFile::open(path);
  const Metadata metadata(file);
  check_format(metadata, path);
  Policy policy;
  policy.features = feature_names(metadata);
  policy.recipe = metadata.json("recipe");
  policy.curve = metadata.json("curve");
  policy.provenance = metadata.json("provenance");
  Rng unused_initialisation(0);
  policy.network = PolicyNetwork(static_cast<std::int64_t>(policy.features.size()),
                                 network_options_from_json(metadata.json("network")), unused_initialisation);
  load_parameters(file, policy.network, metadata);
  return policy;
}

void check_features(const Policy& policy, const std::vector<std::string>& available) {
  if (policy.features == available) return;
  const std::vector<std::string> lacking = missing_from(policy.features, available);
  const std::vector<std::string> unread = missing_from(available, policy.features);
  std::string difference;
  if (!lacking.empty()) difference += fmt::format("; not computed here: {}", fmt::join(lacking, ", "));
  if (!unread.empty()) difference += fmt::format("; not read by the policy: {}", fmt::join(unread, ", "));
  if (lacking.empty() && unread.empty()) {
    const auto [here, there] = std::mismatch(policy.features.begin(), policy.features.end(), available.begin());
    difference = fmt::format("; the order differs from '{}' on, where '{}' is computed", *here, *there);
  }
  throw Error(ErrorKind::kMismatch,
              fmt::format("the policy was trained on another feature set ({} features, {} here){}; train it anew",
                          policy.features.size(), available.size(), difference));
}

}  // namespace prunenet
