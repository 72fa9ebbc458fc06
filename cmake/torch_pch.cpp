// Owns the precompiled header of libtorch; see PrunenetModule.cmake.
