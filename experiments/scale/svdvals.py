"""What the published code spends on one gate matrix: torch.linalg.svdvals in single precision. See SPECTRAL.md.

    python3 svdvals.py ROWS COLUMNS [--threads N]
"""

import argparse
import time

import torch


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=int)
    parser.add_argument("columns", type=int)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    matrix = 0.02 * torch.randn(arguments.rows, arguments.columns)
    wall, processor = time.monotonic(), time.process_time()
    values = torch.linalg.svdvals(matrix)
    print(f"svdvals of {arguments.rows} x {arguments.columns}, {arguments.threads} thread(s), torch {torch.__version__}: "
          f"{time.monotonic() - wall:.1f} s, {time.process_time() - processor:.1f} CPU s, largest {values[0]:.3f}")


if __name__ == "__main__":
    main()
