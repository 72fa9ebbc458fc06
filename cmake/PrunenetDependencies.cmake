# Every outside library, found once. Debian 12 has them all; see tests/setup.sh.
find_package(PkgConfig REQUIRED)
find_package(Torch REQUIRED)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_path(SPECTRA_INCLUDE_DIR Spectra/SymEigsSolver.h REQUIRED) # header-only; Debian ships no package file
add_library(prunenet_spectra INTERFACE)
target_include_directories(prunenet_spectra SYSTEM INTERFACE ${SPECTRA_INCLUDE_DIR})
target_link_libraries(prunenet_spectra INTERFACE Eigen3::Eigen)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Boost 1.74 REQUIRED COMPONENTS program_options)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(BLAS REQUIRED)
find_package(LAPACK REQUIRED) # OpenBLAS has both
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(SENTENCEPIECE REQUIRED IMPORTED_TARGET sentencepiece)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
