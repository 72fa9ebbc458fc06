"""Runs a program; {} among its arguments stands for a new folder.

Usage: run.py PROGRAM ARGUMENT ...
"""
import subprocess
import sys
import tempfile

with tempfile.TemporaryDirectory() as work:
    command = [argument.replace("{}", work) for argument in sys.argv[1:]]
    sys.exit(subprocess.run(command, check=False).returncode)
