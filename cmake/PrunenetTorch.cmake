# What a libtorch out of a PyTorch wheel asks for beyond find_package(Torch); Debian's asks for nothing. Included after
# find_package(fmt), here and where an installed prunenet is found.
#
# PRUNENET_TORCH_INCLUDE_DIRS: where libtorch's headers are, and first of all fmt's own where libtorch brings another one.
# A wheel has the headers of the fmt that it was built with beside its own, and no library to them. Found first, they
# would have programs ask libfmt for functions of another version. Compilers search /usr/include last, whatever they are
# told, so a directory with nothing but a link to the headers of fmt goes before libtorch's.
set(PRUNENET_TORCH_INCLUDE_DIRS ${TORCH_INCLUDE_DIRS})
get_target_property(prunenet_fmt_includes fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
find_path(prunenet_fmt_include_dir fmt/format.h PATHS ${prunenet_fmt_includes} NO_DEFAULT_PATH NO_CACHE REQUIRED)
file(REAL_PATH ${prunenet_fmt_include_dir}/fmt prunenet_fmt_headers)
foreach(directory IN LISTS TORCH_INCLUDE_DIRS)
  file(REAL_PATH ${directory}/fmt prunenet_torch_fmt_headers)
  if(EXISTS ${directory}/fmt AND NOT prunenet_torch_fmt_headers STREQUAL prunenet_fmt_headers)
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/prunenet-fmt)
    file(CREATE_LINK ${prunenet_fmt_headers} ${CMAKE_BINARY_DIR}/prunenet-fmt/fmt SYMBOLIC)
    list(PREPEND PRUNENET_TORCH_INCLUDE_DIRS ${CMAKE_BINARY_DIR}/prunenet-fmt)
    break()
  endif()
endforeach()
unset(prunenet_fmt_includes)
unset(prunenet_fmt_include_dir)
unset(prunenet_fmt_headers)
unset(prunenet_torch_fmt_headers)

# A wheel with CUDA finds the libraries that it needs by paths of its own. The directory of the toolkit's libcudart, which
# programs are given as well, may hold an older NCCL, and the linker would miss symbols there that are found at run time.
if(TARGET torch_cuda)
  set_property(TARGET torch APPEND PROPERTY INTERFACE_LINK_OPTIONS -Wl,--allow-shlib-undefined)
endif()
