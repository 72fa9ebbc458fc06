#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "common.h"
#include "prunenet/core/matrix.h"

namespace prunenet::python {

/// An extent or index as NumPy counts.
template <typename Integer>
py::ssize_t extent(Integer value) {
  return static_cast<py::ssize_t>(value);
}

/// A read-only array over memory of the C++ object behind `owner`, which the array keeps alive. Nothing is copied.
template <typename Scalar>
py::array_t<Scalar> view(const Scalar* data, std::vector<py::ssize_t> shape, const py::handle& owner) {
  py::array_t<Scalar> array(std::move(shape), data, owner);
  array.attr("setflags")(py::arg("write") = false);
  return array;
}

/// The same of a row-major matrix, or of a vector.
inline py::array_t<float> view(const MatrixF& matrix, const py::handle& owner) {
  return view(matrix.data(), {extent(matrix.rows()), extent(matrix.cols())}, owner);
}
inline py::array_t<double> view(const MatrixD& matrix, const py::handle& owner) {
  return view(matrix.data(), {extent(matrix.rows()), extent(matrix.cols())}, owner);
}
inline py::array_t<float> view(const VectorF& vector, const py::handle& owner) {
  return view(vector.data(), {extent(vector.size())}, owner);
}

/// A capsule that owns `object`; `contents` gives where the object is.
template <typename Object>
std::pair<py::capsule, Object*> owned(Object object) {
  auto holder = std::make_unique<Object>(std::move(object));
  Object* contents = holder.get();
  py::capsule capsule(contents, [](void* memory) { const std::unique_ptr<Object> last(static_cast<Object*>(memory)); });
  static_cast<void>(holder.release());  // the capsule's from here on
  return {std::move(capsule), contents};
}

/// An array that owns these elements, which are moved, not copied.
template <typename Element>
py::array adopt(std::vector<Element> elements, const py::dtype& dtype, std::vector<py::ssize_t> shape) {
  const auto [capsule, contents] = owned(std::move(elements));
  return py::array(dtype, std::move(shape), contents->data(), capsule);
}

/// One of rank 1.
template <typename Scalar>
py::array adopt(std::vector<Scalar> values) {
  const py::ssize_t size = extent(values.size());
  return adopt(std::move(values), py::dtype::of<Scalar>(), {size});
}

}  // namespace prunenet::python
