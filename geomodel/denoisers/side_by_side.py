"""Parts of a sum, each on a thread of its own.

torch splits every operation among its threads and waits for them at its end. Of a query that takes 400 operations each
wait costs a time slice where other programs use the cores, so that two threads took seconds for what one does in a
tenth. Threads that compute a part each wait once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Barrier
from typing import TypeVar

import torch

Part = TypeVar("Part")
Sum = TypeVar("Sum")


def side_by_side(work: Callable[[Part], Sum], parts: Sequence[Part]) -> list[Sum]:
    """The work on each part, in their order, on as many threads as torch has. It must not ask for gradients."""
    threads = min(torch.get_num_threads(), len(parts))
    return [work(part) for part in parts] if threads < 2 else list(_threads(threads).map(work, parts))


@cache
def _threads(count: int) -> ThreadPoolExecutor:
    """So many threads, on which torch's operations stay."""
    asked, started = torch.get_num_threads(), Barrier(count)
    pool = ThreadPoolExecutor(count, "parts", torch.set_num_threads, (1,))
    list(pool.map(lambda _: started.wait(), range(count)))
    torch.set_num_threads(asked)  # the threads have set what later ones begin with
    return pool
