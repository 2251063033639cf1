"""Which forward pass of a network a backward pass belongs to: :class:`LastPass`."""

from __future__ import annotations

import threading
from typing import Optional

from .errors import StateError


class LastPass:
    """The number of the last forward pass: that of this thread, or, where it has none of its own, of any thread.

    So threads that share a network do not get each other's gradients, and a worker may run the forward pass of a main program.
    """

    def __init__(self) -> None:
        self._own = threading.local()
        self._newest: Optional[int] = None

    def begin(self, number: int) -> None:
        """A pass of this thread."""
        self._own.number = self._newest = number

    def end(self) -> None:
        """This thread ran the network otherwise: its pass is over, and another thread's is not its own."""
        self._own.number = self._newest = None

    def forget(self) -> None:
        """After a step, a thread is as one that had no pass."""
        self._newest = None
        if hasattr(self._own, "number"):
            del self._own.number

    def number(self, call: str) -> int:
        """The number, for a call that needs it.

        Raises:
            StateError: If there is none.
        """
        number: Optional[int] = getattr(self._own, "number", self._newest)
        if number is None:
            raise StateError(f"{call} needs a forward pass first; predict, a step, and weights that are set end the last one")
        return number
