# `cpack -G DEB` in the build folder: packages for the Debian release that it was built on, from Debian's libtorch.
# - prunenet: the command, its manual and completions, trained policies, documentation;
# - libprunenetX.Y: the shared library and the plugin that reads SentencePiece models, for the command too;
# - libprunenet-dev: what another project builds with;
# - python3-prunenet: the Python module, with PRUNENET_BUILD_PYTHON. It has the library in itself.
# Whoever gives packages to others says who they are. The address that stands here leads nowhere (RFC 2606).
set(PRUNENET_MAINTAINER "prunenet developers <noreply@prunenet.invalid>" CACHE STRING "Who packages are from: NAME <ADDRESS>")

set(library_package libprunenet${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_VENDOR prunenet)
set(CPACK_PACKAGE_CONTACT "${PRUNENET_MAINTAINER}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_THREADS 0)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/PrunenetDebian.cmake)

set(CPACK_COMPONENTS_ALL library development)
if(PRUNENET_BUILD_APPS)
  list(APPEND CPACK_COMPONENTS_ALL runtime)
endif()
if(PRUNENET_BUILD_PYTHON)
  list(APPEND CPACK_COMPONENTS_ALL python)
endif()
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS OFF)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME prunenet)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION science)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_DEPENDS "${library_package} (= ${PROJECT_VERSION}-1)")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_RECOMMENDS gnuplot-nox) # draws the figures of `prunenet report`
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION
    "The command. It removes intermediate neurons from the feed-forward blocks of
language-model checkpoints, by a small policy network that was trained by
reinforcement learning on the model's own responses, and writes ordinary
checkpoints.")

set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME ${library_package})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${PROJECT_BINARY_DIR}/debian/shlibs ${PROJECT_BINARY_DIR}/debian/triggers)
file(WRITE ${PROJECT_BINARY_DIR}/debian/shlibs
     "libprunenet ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR} ${library_package} (>= ${PROJECT_VERSION})\n")
file(WRITE ${PROJECT_BINARY_DIR}/debian/triggers "activate-noawait ldconfig\n")
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION
    "The shared library that prunes language-model checkpoints, and the plugin that
reads SentencePiece tokenizers.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libprunenet-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SHLIBDEPS OFF)
string(
  JOIN
  ", "
  CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
  "${library_package} (= ${PROJECT_VERSION}-1)"
  libeigen3-dev
  libfmt-dev
  libopenblas-dev
  libpcre2-dev
  libssl-dev
  libtorch-dev
  libutf8proc-dev
  nlohmann-json3-dev
  pkg-config)
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
    "Headers and libraries to build programs with that prune language-model
checkpoints, for CMake (find_package) and pkg-config.")

# A compiled module is for one version of Python.
find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)
math(EXPR next_minor "${Python3_VERSION_MINOR} + 1")
set(CPACK_DEBIAN_PYTHON_PACKAGE_NAME python3-prunenet)
set(CPACK_DEBIAN_PYTHON_PACKAGE_SECTION python)
string(
  JOIN
  ", "
  CPACK_DEBIAN_PYTHON_PACKAGE_DEPENDS
  "python3 (>= ${Python3_VERSION_MAJOR}.${Python3_VERSION_MINOR})"
  "python3 (<< ${Python3_VERSION_MAJOR}.${next_minor})"
  python3-numpy)
set(CPACK_DEBIAN_PYTHON_PACKAGE_RECOMMENDS gnuplot-nox) # as above
set(CPACK_COMPONENT_PYTHON_DESCRIPTION
    "The Python module, with type stubs: checkpoints and features as NumPy arrays,
policies, plans, pruning, spectra, training, and reports.")

include(CPack)
