#pragma once

/// Before the definition of a function: it is compiled twice, for any processor and for those with `feature`, a string
/// as GCC's target attribute takes it, and which of the two runs is chosen when the program starts. A portable build
/// knows vectors of four floats only, "avx2" and "fma" those of eight. Sanitizers are not ready yet when that choice is
/// made.
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define PRUNENET_ALSO_FOR(feature) [[gnu::target_clones(feature, "default")]]
#else
#define PRUNENET_ALSO_FOR(feature)
#endif
