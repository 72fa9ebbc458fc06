#include "prunenet/core/sha256.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <vector>

#include "prunenet/core/error.h"
#include "prunenet/core/input_file.h"

namespace prunenet {

struct Sha256::Context {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> handle{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  if (!context_->handle || EVP_DigestInit_ex(context_->handle.get(), EVP_sha256(), nullptr) != 1) {
    throw Error(ErrorKind::kOutOfSpace, "OpenSSL could not start a SHA-256 digest");
  }
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::span<const std::byte> bytes) {
  EVP_DigestUpdate(context_->handle.get(), bytes.data(), bytes.size());
}

std::string Sha256::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_DigestFinal_ex(context_->handle.get(), digest.data(), &size);
  std::string text;
  for (unsigned int i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

std::string sha256_hex(std::span<const std::byte> bytes) {
  Sha256 digest;
  digest.update(bytes);
  return digest.hex();
}

std::string sha256_file(const std::filesystem::path& path, Progress& progress) {
  constexpr std::uint64_t kPieceBytes = 1ULL << 20U;
  const InputFile file(path);
  Sha256 digest;
  for (std::uint64_t done = 0; done < file.size();) {
    const std::vector<std::byte> piece = file.read(done, std::min(kPieceBytes, file.size() - done));
    digest.update(piece);
    done += piece.size();
    progress.advance(piece.size());
  }
  return digest.hex();
}

std::string sha256_file(const std::filesystem::path& path) {
  SilentProgress silent;
  return sha256_file(path, silent);
}

}  // namespace prunenet
