#pragma once

#include <string>

#include "common.h"

namespace prunenet::python {

/// Text of a model's, whose bytes that are no UTF-8 (half a character, say) become replacement characters.
inline py::str to_str(const std::string& text) {
  return py::reinterpret_steal<py::str>(
      PyUnicode_DecodeUTF8(text.data(), static_cast<py::ssize_t>(text.size()), "replace"));
}

}  // namespace prunenet::python
