#include "prunenet/policy/policy_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstring>

#include "prunenet/checkpoint/safetensors_writer.h"
#include "prunenet/checkpoint/strict_json.h"
#include "prunenet/core/error.h"
#include "prunenet/core/named_values.h"
#include "prunenet/core/printable.h"

namespace prunenet {

namespace {

constexpr const char* kFormat = "prunenet-policy";
constexpr NamedValues<PolicyKind, 2> kKinds{{
    {PolicyKind::kFeatures, "features"},
    {PolicyKind::kPrunenet, "prunenet"},
}};

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

}  // namespace

std::string_view to_string(PolicyKind kind) {
  return name_of(kKinds, kind);
}

PolicyKind parse_policy_kind(std::string_view name) {
  return value_named(kKinds, "policy", name);
}

PolicyKind read_policy_kind(const std::filesystem::path& path) {
  return PolicyFile(path).kind();
}

PolicyFile::PolicyFile(const std::filesystem::path& path) : file_(SafetensorsFile::open(path)) {
  if (text("format") != kFormat) fail("is not a policy (metadata 'format')");
  const std::string expected = std::to_string(kFormatVersion);
  if (text("format_version") != expected) {
    throw Error(
        ErrorKind::kUnsupported,
        fmt::format("{}: policy format version {}, but this version reads {}; train it anew or use the prunenet "
                    "that wrote it",
                    path.string(), text("format_version"), expected));
  }
}

PolicyKind PolicyFile::kind() const {
  const auto found = file_.metadata().find("kind");
  if (found == file_.metadata().end()) return PolicyKind::kFeatures;  // files from before there was another kind
  for (const auto& [kind, name] : kKinds) {
    if (found->second == name) return kind;
  }
  throw Error(ErrorKind::kUnsupported,
              fmt::format("{}: a policy of kind '{}', but this version knows features and prunenet",
                          file_.path().string(), printable(found->second)));
}

void PolicyFile::require_kind(PolicyKind wanted) const {
  if (kind() == wanted) return;
  throw Error(ErrorKind::kMismatch, fmt::format("{}: a policy of kind '{}', but one of kind '{}' is needed here",
                                                file_.path().string(), to_string(kind()), to_string(wanted)));
}

bool PolicyFile::has(const std::string& key) const {
  return file_.metadata().contains(key);
}

const std::string& PolicyFile::text(const std::string& key) const {
  const auto found = file_.metadata().find(key);
  if (found == file_.metadata().end()) fail(fmt::format("has no metadata field '{}'; it is not a policy", key));
  return found->second;
}

nlohmann::json PolicyFile::json(const std::string& key) const {
  return parse_json(text(key), fmt::format("{}: metadata field '{}'", file_.path().string(), key));
}

void PolicyFile::require_shape(const std::string& tensor, const std::vector<std::int64_t>& shape) const {
  const auto found = file_.tensors().find(tensor);
  if (found != file_.tensors().end() && found->second.dtype == Dtype::kF32 && found->second.shape == shape) return;
  fail(fmt::format("tensor '{}' is missing, not F32, or not of shape {}", tensor, fmt::join(shape, " x ")));
}

void PolicyFile::load_parameters(torch::nn::Module& module) const {
  torch::NoGradGuard no_grad;
  auto parameters = module.named_parameters();
  if (parameters.size() != file_.tensors().size()) {
    fail(fmt::format("holds {} tensors, but its network has {}", file_.tensors().size(), parameters.size()));
  }
  for (auto& parameter : parameters) {
    require_shape(parameter.key(), parameter.value().sizes().vec());
    const HostTensor host = file_.read(parameter.key());
    std::memcpy(parameter.value().data_ptr<float>(), host.data.data(), host.data.size());
    const torch::Tensor values = parameter.value().flatten();
    const torch::Tensor bad = values.isfinite().logical_not().nonzero();
    if (bad.numel() == 0) continue;
    const auto index = bad[0][0].item<std::int64_t>();
    fail(fmt::format("tensor '{}': element {} of {} is {}", parameter.key(), index, values.numel(),
                     values[index].item<float>()));
  }
}

void PolicyFile::fail(const std::string& what) const {
  throw Error(ErrorKind::kBadInput, fmt::format("{}: {}", file_.path().string(), what));
}

void write_policy_file(const std::filesystem::path& path, PolicyKind kind, const torch::nn::Module& module,
                       std::map<std::string, std::string> metadata) {
  std::map<std::string, HostTensor> tensors;
  for (const auto& parameter : module.named_parameters()) tensors[parameter.key()] = to_host(parameter.value());
  metadata["format"] = kFormat;
  metadata["format_version"] = std::to_string(PolicyFile::kFormatVersion);
  metadata["kind"] = to_string(kind);
  write_safetensors(path, tensors, metadata);
}

}  // namespace prunenet
