#!/usr/bin/env python3
"""Runs a command and says what it took: seconds, processor seconds, peak memory, bytes read and written.

    measure.py [--cold] [--label TEXT] -- COMMAND...

--cold empties the page cache first (needs root) and, as `cp` leaves it to the kernel when bytes reach the disk, counts a
`sync` afterwards as part of the command.
"""

import argparse
import os
import resource
import subprocess
import sys
import time


def transferred():
    """Bytes that this process and the children it has waited for have asked the kernel for."""
    with open("/proc/self/io", encoding="ascii") as file:
        counts = dict(line.split(": ") for line in file.read().splitlines())
    return int(counts["rchar"]), int(counts["wchar"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cold", action="store_true")
    parser.add_argument("--label", default="")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if arguments.cold:
        os.sync()
        with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as file:
            file.write("3")
    read, written = transferred()
    start = time.monotonic()
    status = subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode
    ran = time.monotonic() - start
    if arguments.cold:
        os.sync()
    seconds = time.monotonic() - start
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    read_after, written_after = transferred()
    print(
        f"{arguments.label or command[0]}: {seconds:.1f} s ({ran:.1f} before the sync), "
        f"{usage.ru_utime + usage.ru_stime:.1f} processor s, "
        f"peak {usage.ru_maxrss / 1024:.0f} MiB, read {(read_after - read) / 1e9:.2f} GB, "
        f"wrote {(written_after - written) / 1e9:.2f} GB, exit {status}"
    )
    return status


if __name__ == "__main__":
    sys.exit(main())
