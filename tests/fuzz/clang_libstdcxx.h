#pragma once

// Before everything else, where Clang reads libtorch's headers as C++20 with libstdc++ 12: std::vector is constexpr
// there, so Clang wants to see what its members do at once, and c10::IValue has vectors of itself before it is
// complete. GCC does not ask. Here std::vector is what it was in C++17.
#include <string>
#undef _GLIBCXX20_CONSTEXPR
#define _GLIBCXX20_CONSTEXPR
#define __fill_a1 __fill_a1_of_bits  // declared constexpr already
#include <vector>
#undef __fill_a1
#undef _GLIBCXX20_CONSTEXPR
#define _GLIBCXX20_CONSTEXPR constexpr
