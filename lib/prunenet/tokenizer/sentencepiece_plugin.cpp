// The plugin's one exported function; see sentencepiece_model.h for why there is a plugin.

#include <sentencepiece_processor.h>

#include "prunenet/tokenizer/sentencepiece_model.h"

namespace prunenet {
namespace {

class Model final : public SentencePieceModel {
 public:
  bool load(std::string_view serialized, std::string& error) override {
    return succeeded(processor_.LoadFromSerializedProto({serialized.data(), serialized.size()}), error);
  }
  int size() const override { return processor_.GetPieceSize(); }
  int bos_id() const override { return processor_.bos_id(); }
  int eos_id() const override { return processor_.eos_id(); }
  std::string piece(int id) const override { return processor_.IdToPiece(id); }
  bool is_control(int id) const override { return processor_.IsControl(id); }
  bool is_unknown(int id) const override { return processor_.IsUnknown(id); }
  bool is_byte(int id) const override { return processor_.IsByte(id); }
  bool is_unused(int id) const override { return processor_.IsUnused(id); }
  float score(int id) const override { return processor_.GetScore(id); }
  bool is_unigram() const override {
    std::vector<std::vector<int>> segmentations;
    return processor_.NBestEncode("a", 2, &segmentations).ok();
  }
  bool encode(std::string_view text, std::vector<int>& ids, std::string& error) const override {
    return succeeded(processor_.Encode({text.data(), text.size()}, &ids), error);
  }
  bool decode(const std::vector<int>& ids, std::string& text, std::string& error) const override {
    return succeeded(processor_.Decode(ids, &text), error);
  }

 private:
  static bool succeeded(const sentencepiece::util::Status& status, std::string& error) {
    if (!status.ok()) error = status.ToString();
    return status.ok();
  }
  sentencepiece::SentencePieceProcessor processor_;
};

}  // namespace
}  // namespace prunenet

/// The caller owns what is returned, and deletes it through the virtual destructor.
extern "C" __attribute__((visibility("default"))) prunenet::SentencePieceModel* prunenet_make_sentencepiece_model() {
  return std::make_unique<prunenet::Model>().release();
}
