#include "prunenet/train/host_tensor.h"

#include <fmt/format.h>

#include <cstring>

#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"

namespace prunenet {

namespace {

Dtype stored_type(torch::Dtype type) {
  switch (type) {
    case torch::kFloat32:
      return Dtype::kF32;
    case torch::kInt32:
      return Dtype::kI32;
    case torch::kInt64:
      return Dtype::kI64;
    default:
      break;
  }
  throw Error(ErrorKind::kUnsupported, fmt::format("tensors of type {} are not written here", c10::toString(type)));
}

}  // namespace

HostTensor to_host_tensor(const torch::Tensor& values) {
  const torch::Tensor plain = values.detach().cpu().contiguous();
  HostTensor host;
  host.info.dtype = stored_type(plain.scalar_type());
  host.info.shape = plain.sizes().vec();
  host.info.bytes = plain.nbytes();
  host.data.resize(plain.nbytes());
  std::memcpy(host.data.data(), plain.data_ptr(), host.data.size());
  return host;
}

torch::Tensor read_tensor(const SafetensorsFile& file, const std::string& name, torch::Dtype type) {
  const HostTensor host = file.read(name);
  if (host.info.dtype != stored_type(type)) {
    reject(file.path().string(), fmt::format("tensor '{}' is not {}", name, to_string(stored_type(type))));
  }
  torch::Tensor values = torch::empty(host.info.shape, type);
  std::memcpy(values.data_ptr(), host.data.data(), host.data.size());
  return values;
}

}  // namespace prunenet
