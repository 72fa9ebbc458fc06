# Uses ccache where there is one. Precompiled headers need the two relaxations below to be cached at all.
find_program(PRUNENET_CCACHE ccache)
if(PRUNENET_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${PRUNENET_CCACHE})
  add_compile_options(-fpch-preprocess)
endif()
