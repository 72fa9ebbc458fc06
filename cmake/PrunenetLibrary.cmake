# `libprunenet`, shared and static, of the same objects: those of all modules. Here prunenet::prunenet is the static one
# unless BUILD_SHARED_LIBS; cmake/prunenetConfig.cmake.in says which it is for those who find an installed one.
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
list(REMOVE_ITEM prunenet_needs Boost::headers) # nothing to link, and no header shows them
list(APPEND prunenet_needs LAPACK::LAPACK)
# What the headers show, so that programs call it themselves.
set(prunenet_header_needs Eigen3::Eigen nlohmann_json::nlohmann_json fmt::fmt BLAS::BLAS torch)
list(REMOVE_ITEM prunenet_needs ${prunenet_header_needs})

function(prunenet_library target)
  add_library(${target} ${ARGN} ${prunenet_objects})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME prunenet LINKER_LANGUAGE CXX)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/lib>
                                                 $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  # Headers hold Eigen's products: they must be compiled alike on both sides of the library.
  target_compile_definitions(${target} INTERFACE EIGEN_USE_BLAS)
  # libtorch's include directories travel as SYSTEM ones, so that its warnings are not the user's.
  target_include_directories(${target} SYSTEM INTERFACE "$<BUILD_INTERFACE:${PRUNENET_TORCH_INCLUDE_DIRS}>")
  target_link_libraries(${target} PUBLIC ${prunenet_header_needs} PRIVATE ${prunenet_needs})
endfunction()

prunenet_library(prunenet_static STATIC)
prunenet_library(prunenet_shared SHARED)
set(prunenet_exports ${PROJECT_SOURCE_DIR}/cmake/libprunenet.map)
set_target_properties(
  prunenet_shared
  PROPERTIES VERSION ${PROJECT_VERSION}
             SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
             INSTALL_RPATH_USE_LINK_PATH ON # to a libtorch outside of where the loader looks
             LINK_DEPENDS ${prunenet_exports})
target_link_options(prunenet_shared PRIVATE -Wl,--version-script=${prunenet_exports} -Wl,--no-undefined)

if(BUILD_SHARED_LIBS)
  add_library(prunenet::prunenet ALIAS prunenet_shared)
else()
  add_library(prunenet::prunenet ALIAS prunenet_static)
endif()
