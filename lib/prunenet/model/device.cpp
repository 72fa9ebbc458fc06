#include "prunenet/model/device.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"

namespace prunenet {

namespace {

/// N of "cuda:N"; three digits are more than there are.
torch::DeviceIndex index_of(const std::string& name) {
  constexpr std::size_t kPrefix = 5;
  constexpr std::size_t kMostDigits = 2;
  const std::string digits = name == "cuda" ? "0" : name.substr(std::min(kPrefix, name.size()));
  const bool is_number =
      !digits.empty() && digits.size() <= kMostDigits &&
      std::all_of(digits.begin(), digits.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  if ((name != "cuda" && !name.starts_with("cuda:")) || !is_number) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("device '{}' is unknown; it must be cpu, cuda or cuda:N", printable(name)));
  }
  return static_cast<torch::DeviceIndex>(std::stoi(digits));
}

}  // namespace

torch::Device parse_device(const std::string& name) {
  if (name == "cpu") return torch::kCPU;
  const torch::DeviceIndex index = index_of(name);
  if (!torch::cuda::is_available()) {
    throw Error(ErrorKind::kUnsupported, fmt::format("device '{}': this libtorch (" TORCH_VERSION
                                                     ") finds no CUDA device: it is a build for the "
                                                     "CPU, or there is no GPU or driver; use --device cpu",
                                                     name));
  }
  const auto devices = static_cast<std::int64_t>(torch::cuda::device_count());
  if (index >= devices) {
    throw Error(ErrorKind::kUnsupported,
                fmt::format("device '{}': there are {} CUDA devices, numbered from 0", name, devices));
  }
  return {torch::kCUDA, index};
}

}  // namespace prunenet
