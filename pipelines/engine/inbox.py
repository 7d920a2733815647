"""What the runner's thread is told to do by other threads; it wakes up for it."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from multiprocessing import Pipe

__all__ = ["Inbox", "Order"]

Order = Callable[[], None]


class Inbox:
    """Orders, first in, first out."""

    def __init__(self) -> None:
        self._orders: queue.SimpleQueue[Order] = queue.SimpleQueue()
        self.wake, self._bell = Pipe(duplex=False)

    def tell(self, order: Order) -> None:
        """Have something done by the runner's thread; from any thread."""
        self._orders.put(order)
        self._bell.send_bytes(b".")

    def orders(self) -> Iterator[Order]:
        """Those that are there now; for the runner's thread alone."""
        while not self._orders.empty():
            yield self._orders.get()
