// A small program of somebody else, for pkg-config: makes a plan, writes it as text, and reads it again. It sees the
// library's own headers, Eigen's and JSON's, and asks whether libtorch's would be found.
#include <prunenet/core/error.h>
#include <prunenet/core/matrix.h>
#include <prunenet/core/version.h>
#include <prunenet/plan/plan.h>

#include <cstdlib>
#include <iostream>

#if !__has_include(<torch/torch.h>)
#error "no header of libtorch"
#endif

int main() {
  const prunenet::Plan plan = prunenet::make_uniform_plan({{3.0F, 1.0F, 2.0F, 4.0F}}, 0.5, 1, "consumer");
  const bool same = prunenet::plan_from_json(prunenet::to_json(plan)).keep_indices == plan.keep_indices;
  const prunenet::MatrixF ones = prunenet::MatrixF::Ones(8, 8);
  const prunenet::MatrixF product = ones * ones;  // the BLAS's
  try {
    static_cast<void>(prunenet::parse_rounding("most"));
  } catch (const prunenet::Error& error) {  // thrown in the library, caught here
    std::cout << prunenet::version() << '\n';
    return same && plan.uniform_width() == 2 && product(0, 0) == 8.0F ? EXIT_SUCCESS : EXIT_FAILURE;
  }
  return EXIT_FAILURE;
}
