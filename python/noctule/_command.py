"""The ``noctule`` command."""

from __future__ import annotations

import os
import signal
import sys


def main() -> int:
    """Runs the command with the words of this process."""
    # Python's own handler would only note the signal; the command listens for signals itself. What is ignored stays so.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Vulkan's libraries look for this folder, though nothing is drawn, and would complain where there is none.
    os.environ.setdefault("XDG_RUNTIME_DIR", "/nonexistent")

    from ._noctule import run_command

    return run_command(["noctule", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
