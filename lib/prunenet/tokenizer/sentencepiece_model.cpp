#include "prunenet/tokenizer/sentencepiece_model.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

#include "prunenet/core/error.h"

namespace prunenet {

namespace {

constexpr const char* kPlugin = "libprunenet_sentencepiece.so";
/// Where the install tree has plugins, seen from its programs.
constexpr const char* kInstalledPlugins = "../" PRUNENET_LIBDIR "/prunenet";

/// Directory of the program or shared library that holds this function; empty where the loader does not know.
std::filesystem::path own_directory() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&own_directory), &info) == 0 || info.dli_fname == nullptr) return {};
  std::error_code ignored;
  return std::filesystem::canonical(info.dli_fname, ignored).parent_path();
}

std::vector<std::string> candidates() {
  const std::filesystem::path own = own_directory();
  std::vector<std::string> paths;
  if (!own.empty()) {
    for (const char* relative : {"", "prunenet", "../lib/prunenet", kInstalledPlugins,
                                 // The build tree: libprunenet stands at its top, programs two folders below.
                                 "lib/prunenet", "../../lib/prunenet"}) {
      paths.push_back((own / relative / kPlugin).lexically_normal().string());
    }
  }
  for (const char* directory : {PRUNENET_PLUGIN_DIRS}) {
    paths.push_back((std::filesystem::path(directory) / kPlugin).string());
  }
  paths.emplace_back(kPlugin);
  return paths;
}

}  // namespace

std::unique_ptr<SentencePieceModel> make_sentencepiece_model() {
  const std::vector<std::string> paths = candidates();
  for (const std::string& path : paths) {
    // Local and deep binding: the two protobufs never see each other. Never closed: models outlive any scope here.
    void* plugin = dlmopen(LM_ID_BASE, path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND | RTLD_NODELETE);
    if (plugin == nullptr) continue;
    using Factory = SentencePieceModel* (*)();
    const auto factory = reinterpret_cast<Factory>(dlsym(plugin, "prunenet_make_sentencepiece_model"));
    if (factory != nullptr) return std::unique_ptr<SentencePieceModel>(factory());
  }
  throw Error(ErrorKind::kUnsupported, fmt::format("SentencePiece models need the plugin {}, which is in none of: {}",
                                                   kPlugin, fmt::join(paths, ", ")));
}

}  // namespace prunenet
