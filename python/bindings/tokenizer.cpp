#include "prunenet/tokenizer/tokenizer.h"

#include "common.h"
#include "progress.h"
#include "text.h"

namespace prunenet::python {

void bind_tokenizer(py::module_& module) {
  py::class_<Tokenizer>(module, "Tokenizer", "Text to token ids and back.")
      .def_static(
          "load",
          [](const std::filesystem::path& model) { return without_lock([&] { return load_tokenizer(model); }); },
          py::arg("model"), "Of a model directory or a GGUF file.")
      .def_property_readonly("vocabulary_size", &Tokenizer::vocabulary_size)
      .def_property_readonly("bos_id", &Tokenizer::bos_id)
      .def_property_readonly("eos_id", &Tokenizer::eos_id)
      .def(
          "encode", [](const Tokenizer& tokenizer, const std::string& text) { return tokenizer.encode(text); },
          py::arg("text"), "Without added special tokens.")
      .def(
          "decode",
          [](const Tokenizer& tokenizer, const std::vector<TokenId>& ids, bool skip_special) {
            return to_str(tokenizer.decode(ids, skip_special));
          },
          py::arg("ids"), py::arg("skip_special") = false, "Bytes that are no UTF-8 become replacement characters.");
}

}  // namespace prunenet::python
