# `libprunenet`: the objects of all modules in one library, its headers, and what find_package(prunenet) reads in
# another project's tree (tests/install is such a project). Static unless BUILD_SHARED_LIBS.
include(CMakePackageConfigHelpers)

set(prunenet_objects "")
set(prunenet_needs "") # the modules' outside libraries, as the modules name them
foreach(module IN LISTS PRUNENET_MODULES)
  if(module)
    list(APPEND prunenet_objects $<TARGET_OBJECTS:prunenet_${module}>)
    get_target_property(libraries prunenet_${module} LINK_LIBRARIES)
    list(APPEND prunenet_needs ${libraries})
  endif()
endforeach()
list(FILTER prunenet_needs EXCLUDE REGEX "^prunenet_") # modules, libtorch (below), and Spectra, which no header shows
list(REMOVE_DUPLICATES prunenet_needs)
# A path to this machine's BLAS would be written into the exported file; the targets are found again there.
list(REMOVE_ITEM prunenet_needs ${BLAS_LIBRARIES} ${LAPACK_LIBRARIES} "")

add_library(libprunenet ${prunenet_objects})
add_library(prunenet::prunenet ALIAS libprunenet)
set_target_properties(
  libprunenet
  PROPERTIES OUTPUT_NAME prunenet
             EXPORT_NAME prunenet
             LINKER_LANGUAGE CXX
             VERSION ${PROJECT_VERSION}
             SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
target_compile_features(libprunenet PUBLIC cxx_std_20)
target_include_directories(libprunenet INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/lib>
                                                 $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
# Headers hold Eigen's products: they must be compiled alike on both sides of the library.
target_compile_definitions(libprunenet INTERFACE EIGEN_USE_BLAS)
# libtorch's include directories travel as SYSTEM ones, so that its warnings are not the user's.
target_include_directories(libprunenet SYSTEM INTERFACE "$<BUILD_INTERFACE:${TORCH_INCLUDE_DIRS}>")
target_link_libraries(libprunenet PUBLIC ${prunenet_needs} LAPACK::LAPACK BLAS::BLAS torch)

install(
  TARGETS libprunenet
  EXPORT prunenetTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(
  DIRECTORY ${PROJECT_SOURCE_DIR}/lib/prunenet
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING
  PATTERN "*.h")

set(prunenet_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/prunenet)
install(
  EXPORT prunenetTargets
  NAMESPACE prunenet::
  DESTINATION ${prunenet_cmake_dir})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/prunenetConfig.cmake.in
                              ${PROJECT_BINARY_DIR}/prunenetConfig.cmake INSTALL_DESTINATION ${prunenet_cmake_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/prunenetConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/prunenetConfig.cmake ${PROJECT_BINARY_DIR}/prunenetConfigVersion.cmake
        DESTINATION ${prunenet_cmake_dir})
