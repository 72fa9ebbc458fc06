#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace prunenet::testing {

/// What one run of a target came to. Anything but these two ends the program: a crash, a sanitizer's complaint, an
/// exception that is not prunenet::Error, a message that is not one short line, more memory than the input's size
/// allows.
enum class FuzzOutcome { kAccepted, kRefused };

/// Reads `input` as one of the formats, and uses what came of it as the command would.
using FuzzTarget = void (*)(std::string_view input);

/// Memory that reading `size` bytes may take at any moment beyond what was there before: the base is a reader's own
/// buffer (1 MiB) and what libraries set up once; a byte of JSON ("[]," or a key of one letter) becomes a node of a
/// tree, a byte of a vocabulary an edge of one.
inline constexpr std::uint64_t kFuzzBaseBytes = 8ULL << 20U;
inline constexpr std::uint64_t kFuzzBytesPerByte = 512;

/// Runs a target once, and prints and aborts on a finding.
FuzzOutcome run_fuzz_target(FuzzTarget target, std::string_view input);

/// `count` parts of an input that stands for several files: what lies between lines of "=====", the last part with all
/// the rest; parts that are not there are empty.
[[nodiscard]] std::vector<std::string_view> fuzz_parts(std::string_view input, std::size_t count);

/// A directory with these files in place of those it had; one for the whole program. A file without content is left
/// out.
[[nodiscard]] const std::string& fuzz_directory(const std::map<std::string, std::string_view>& files);

/// Every target of this program by name.
[[nodiscard]] std::map<std::string, FuzzTarget>& fuzz_targets();

/// Makes a target known, from the initialisation of a global variable.
struct FuzzRegistration {
  FuzzRegistration(const char* name, FuzzTarget target) { fuzz_targets()[name] = target; }
};

}  // namespace prunenet::testing

/// PRUNENET_FUZZ_TARGET(plan) { ... uses `input` ... } is libFuzzer's entry of a program of its own, or, with
/// PRUNENET_REPLAY, one of the targets of the program that replays the corpora.
#ifdef PRUNENET_REPLAY
#define PRUNENET_FUZZ_TARGET(name)                                                                \
  static void fuzz_##name(std::string_view input);                                                \
  static const ::prunenet::testing::FuzzRegistration registration_of_##name(#name, &fuzz_##name); \
  static void fuzz_##name([[maybe_unused]] std::string_view input)
#else
#define PRUNENET_FUZZ_TARGET(name)                                                                    \
  static void fuzz_##name(std::string_view input);                                                    \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {                \
    ::prunenet::testing::run_fuzz_target(&fuzz_##name, {reinterpret_cast<const char*>(bytes), size}); \
    return 0;                                                                                         \
  }                                                                                                   \
  static void fuzz_##name([[maybe_unused]] std::string_view input)
#endif
