"""The one exception of prunenet, in a file of its own so that the native module can raise it."""
from typing import Literal

ErrorKind = Literal["invalid argument", "bad input", "unsupported", "mismatch", "already exists", "out of space",
                    "input/output", "numerical", "interrupted"]


class Error(RuntimeError):
    """What prunenet::Error says: one line with what failed, where, the numbers, and what to do."""

    kind: ErrorKind

    def __init__(self, message: str, kind: ErrorKind) -> None:
        super().__init__(message, kind)
        self.kind = kind

    def __str__(self) -> str:
        return str(self.args[0])
