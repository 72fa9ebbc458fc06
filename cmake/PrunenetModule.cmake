# prunenet_module(NAME core SOURCES a.cpp ... [DEPENDS core ...] [LIBRARIES ext::ext ...] [TORCH])
#
# One folder of lib/prunenet is one static library `prunenet_<NAME>` whose DEPENDS are the only other modules it may
# include (tests/style checks the includes against this list). `libprunenet` is made of the objects of all of them.
# TORCH: the module includes libtorch; it then shares one precompiled header, which is most of the build time saved.
# PRUNENET_UNITY: the files of a module are compiled as one, which takes a third of the processor time (headers of Eigen,
# libtorch and JSON are read and their templates made once a module). Names in anonymous namespaces must differ then.
set(PRUNENET_MODULES "" CACHE INTERNAL "")

function(prunenet_module)
  cmake_parse_arguments(ARG "TORCH" "NAME" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  set(target prunenet_${ARG_NAME})
  add_library(${target} STATIC ${ARG_SOURCES})
  prunenet_unity(${target})
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR}/lib)
  target_compile_features(${target} PUBLIC cxx_std_20)
  prunenet_warnings(${target})
  foreach(dependency IN LISTS ARG_DEPENDS)
    target_link_libraries(${target} PUBLIC prunenet_${dependency})
  endforeach()
  target_link_libraries(${target} PUBLIC ${ARG_LIBRARIES})
  if(ARG_TORCH)
    target_link_libraries(${target} PUBLIC prunenet_torch)
    prunenet_torch_pch(${target})
  endif()
  set(PRUNENET_MODULES "${PRUNENET_MODULES};${ARG_NAME}" CACHE INTERNAL "")
  set(PRUNENET_DEPENDS_${ARG_NAME} "${ARG_DEPENDS}" CACHE INTERNAL "")
endfunction()

function(prunenet_unity target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${PRUNENET_UNITY} UNITY_BUILD_BATCH_SIZE 0)
endfunction()

function(prunenet_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor)
  if(PRUNENET_DEVELOPER)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

# libtorch as a SYSTEM interface library, so that its warnings are not ours.
add_library(prunenet_torch INTERFACE)
target_include_directories(prunenet_torch SYSTEM INTERFACE ${PRUNENET_TORCH_INCLUDE_DIRS})
target_link_libraries(prunenet_torch INTERFACE ${TORCH_LIBRARIES})
separate_arguments(prunenet_torch_flags UNIX_COMMAND "${TORCH_CXX_FLAGS}")
target_compile_options(prunenet_torch INTERFACE ${prunenet_torch_flags})

# The one precompiled header is built by the tiny target below and reused by every torch translation unit.
add_library(prunenet_torch_pch_owner OBJECT ${PROJECT_SOURCE_DIR}/cmake/torch_pch.cpp)
target_link_libraries(prunenet_torch_pch_owner PRIVATE prunenet_torch)
target_compile_features(prunenet_torch_pch_owner PUBLIC cxx_std_20)
prunenet_warnings(prunenet_torch_pch_owner)
target_precompile_headers(prunenet_torch_pch_owner PRIVATE <torch/torch.h>)

function(prunenet_torch_pch target)
  target_compile_options(${target} PRIVATE -fPIC) # programs too: a precompiled header fits one setting only
  target_precompile_headers(${target} REUSE_FROM prunenet_torch_pch_owner)
endfunction()
