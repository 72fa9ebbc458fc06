#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace prunenet {

/// The part of the SentencePiece library that is used here, behind an interface: the library is loaded at run time, by
/// a plugin with a symbol scope of its own. Debian's libsentencepiece exports a private copy of protobuf, libtorch
/// loads another version of protobuf, and a program linked with both crashes before main().
class SentencePieceModel {
 public:
  virtual ~SentencePieceModel() = default;
  /// False, with the library's words in `error`, where `serialized` is no model.
  [[nodiscard]] virtual bool load(std::string_view serialized, std::string& error) = 0;
  [[nodiscard]] virtual int size() const = 0;
  [[nodiscard]] virtual int bos_id() const = 0;  ///< -1: none
  [[nodiscard]] virtual int eos_id() const = 0;  ///< -1: none
  [[nodiscard]] virtual std::string piece(int id) const = 0;
  [[nodiscard]] virtual bool is_control(int id) const = 0;
  [[nodiscard]] virtual bool is_unknown(int id) const = 0;
  [[nodiscard]] virtual bool is_byte(int id) const = 0;
  [[nodiscard]] virtual bool is_unused(int id) const = 0;
  [[nodiscard]] virtual float score(int id) const = 0;
  /// Whether texts have several segmentations (unigram models); byte-pair encoding has one.
  [[nodiscard]] virtual bool is_unigram() const = 0;
  /// Both false, with the library's words in `error`, where the library fails.
  [[nodiscard]] virtual bool encode(std::string_view text, std::vector<int>& ids, std::string& error) const = 0;
  [[nodiscard]] virtual bool decode(const std::vector<int>& ids, std::string& text, std::string& error) const = 0;
};

/// Looks for the plugin beside the program or library that this code is part of, in its lib/prunenet, where it was
/// built and installed to, and where the loader looks. Throws Error(kUnsupported) saying where it was looked for.
[[nodiscard]] std::unique_ptr<SentencePieceModel> make_sentencepiece_model();

}  // namespace prunenet
