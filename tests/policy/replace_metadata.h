#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "prunenet/checkpoint/safetensors_file.h"
#include "prunenet/checkpoint/safetensors_writer.h"

namespace prunenet::testing {

/// Writes a policy file again with one metadata field replaced.
inline void replace_metadata(const std::filesystem::path& path, const std::string& key, const std::string& value) {
  const SafetensorsFile file = SafetensorsFile::open(path);
  std::map<std::string, HostTensor> tensors;
  for (const std::string& name : file.names()) tensors[name] = file.read(name);
  auto metadata = file.metadata();
  metadata[key] = value;
  write_safetensors(path, tensors, metadata);
}

}  // namespace prunenet::testing
