# What `cmake --install` puts where, in the components that cmake/PrunenetPackage.cmake makes packages of:
# - library: the shared library;
# - development: headers, both libraries to link with, and what find_package and pkg-config read (tests/install/consumer
#   is a project that uses them);
# - runtime: the command (apps/prunenet adds it, with its manual and completions), trained policies, documentation.
include(CMakePackageConfigHelpers)

install(
  TARGETS prunenet_shared prunenet_static
  EXPORT prunenetTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library NAMELINK_COMPONENT development)
install(
  DIRECTORY ${PROJECT_SOURCE_DIR}/lib/prunenet
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  COMPONENT development
  FILES_MATCHING
  PATTERN "*.h")

set(prunenet_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/prunenet)
install(
  EXPORT prunenetTargets
  NAMESPACE prunenet::
  DESTINATION ${prunenet_cmake_dir}
  COMPONENT development)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/prunenetConfig.cmake.in
                              ${PROJECT_BINARY_DIR}/prunenetConfig.cmake INSTALL_DESTINATION ${prunenet_cmake_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/prunenetConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(
  FILES ${PROJECT_BINARY_DIR}/prunenetConfig.cmake ${PROJECT_BINARY_DIR}/prunenetConfigVersion.cmake
        ${PROJECT_SOURCE_DIR}/cmake/PrunenetTorch.cmake
  DESTINATION ${prunenet_cmake_dir}
  COMPONENT development)

# What a linker is told of libraries, for pkg-config: those that are files become -L and -l, those that are names -l.
function(prunenet_link_flags result)
  set(flags "")
  foreach(library IN LISTS ARGN)
    if(library MATCHES "^(/.+)/lib([^/]+)\\.(so|a)[.0-9]*$")
      if(NOT CMAKE_MATCH_1 IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES)
        list(APPEND flags -L${CMAKE_MATCH_1})
      endif()
      list(APPEND flags -l${CMAKE_MATCH_2})
    elseif(library MATCHES "^-")
      list(APPEND flags ${library})
    else()
      list(APPEND flags -l${library})
    endif()
  endforeach()
  list(REMOVE_DUPLICATES flags)
  list(JOIN flags " " flags)
  set(${result} "${flags}" PARENT_SCOPE)
endfunction()

set(torch_files "")
foreach(library torch torch_cpu c10)
  get_target_property(configurations ${library} IMPORTED_CONFIGURATIONS)
  list(GET configurations 0 configuration)
  get_target_property(file ${library} IMPORTED_LOCATION_${configuration})
  list(APPEND torch_files ${file})
endforeach()
prunenet_link_flags(pc_torch_libs ${torch_files})
prunenet_link_flags(pc_blas_libs ${BLAS_LIBRARIES})
prunenet_link_flags(pc_private_libs ${LAPACK_LIBRARIES} ${CMAKE_DL_LIBS} -pthread)
set(pc_torch_cflags ${TORCH_INCLUDE_DIRS})
list(REMOVE_ITEM pc_torch_cflags ${CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES})
list(TRANSFORM pc_torch_cflags PREPEND "-isystem ")
list(JOIN pc_torch_cflags " " pc_torch_cflags)
string(APPEND pc_torch_cflags " ${TORCH_CXX_FLAGS}")
set(pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH pc_to_prefix ${CMAKE_INSTALL_PREFIX}/${pc_dir} ${CMAKE_INSTALL_PREFIX})
configure_file(${PROJECT_SOURCE_DIR}/cmake/prunenet.pc.in ${PROJECT_BINARY_DIR}/prunenet.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/prunenet.pc DESTINATION ${pc_dir} COMPONENT development)

install(
  DIRECTORY ${PROJECT_SOURCE_DIR}/policies/
  DESTINATION ${CMAKE_INSTALL_DATADIR}/prunenet/policies
  COMPONENT runtime
  FILES_MATCHING
  PATTERN "*.safetensors"
  PATTERN "*.yaml")
install(
  FILES ${PROJECT_SOURCE_DIR}/policies/README.md
  DESTINATION ${CMAKE_INSTALL_DOCDIR}/policies # where the documentation's links lead
  COMPONENT runtime)
install(
  FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/CHANGELOG.md ${PROJECT_SOURCE_DIR}/LICENSE
  DESTINATION ${CMAKE_INSTALL_DOCDIR}
  COMPONENT runtime)
install(
  DIRECTORY ${PROJECT_SOURCE_DIR}/docs
  DESTINATION ${CMAKE_INSTALL_DOCDIR}
  COMPONENT runtime
  FILES_MATCHING
  PATTERN "*.md")
