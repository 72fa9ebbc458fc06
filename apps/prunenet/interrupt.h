#pragma once

namespace prunenet::cli {

/// From here on SIGINT, SIGTERM and SIGHUP only set a flag, so that work unwinds and cleans up after itself;
/// SIGXFSZ is an error of the write that meets it.
void catch_interrupts();

/// Throws Error(kInterrupted) once one of them has arrived.
void throw_if_interrupted();

}  // namespace prunenet::cli
