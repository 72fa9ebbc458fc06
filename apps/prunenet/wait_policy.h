#pragma once

namespace prunenet::cli {

/// Starts the program anew with OMP_WAIT_POLICY=passive, unless the environment says something of its own. libtorch has
/// OpenMP's threads and OpenBLAS has its own; while one pool works the other spins on the same cores, which costs two
/// thirds of the speed on two cores. OpenMP reads the policy when it is loaded, before main(), so there is no later
/// way. Returns where nothing was to be done, or where the system refused.
void make_idle_threads_sleep(char** argv);

}  // namespace prunenet::cli
