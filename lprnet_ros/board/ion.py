"""ION memory: what the BPU and the cameras hold, from the kernel's debugfs.

The text is that of ``ion_heap_show`` (github.com/D-Robotics/x5-kernel 395fa71,
drivers/staging/android/ion/ion.c).  Its two tables count differently: a row of the
clients has the id of the process, a row of the allocations that of the thread which
allocated.  So what a process holds is summed over the clients.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from lprnet_ros.board.sysfs import UnreadableError, list_folder, read_bytes

HEAPS_FOLDER = "/sys/kernel/debug/ion/heaps"
"""One file a heap; root only."""

_ALL_HEAPS = "all_heap_info"  # the same text of all heaps once more

_SIZE = re.compile(r"heap total size\s+([0-9]{1,18})$", re.MULTILINE)
_CLIENTS = re.compile(r"^[ \t]*heap name\s+client\s+pid\s+size$", re.MULTILINE)
_ALLOCATIONS = "\nallocations (info is from last known client):\n"
_CLIENT = re.compile(r".*\S\s+([0-9]{1,10})\s+([0-9]{1,18})")  # the client's name may hold spaces
_TOTAL = re.compile(r"^[ \t]*total\s+([0-9]{1,18})$", re.MULTILINE)


@dataclass(frozen=True)
class IonHeap:
    """One heap.

    Attributes:
        used_bytes: allocated at the moment.
        size_bytes: of the whole heap; None where it has none of its own
            (``system`` takes from the kernel's memory).
        client_bytes: held by each process, by its id; a buffer that two processes
            share counts for both.
    """

    used_bytes: int
    size_bytes: int | None = None
    client_bytes: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class IonMemory:
    """All heaps, by name; on the X5 ``carveout`` is the BPU's."""

    heaps: Mapping[str, IonHeap]

    @property
    def used_bytes(self) -> int:
        """Allocated in all heaps together."""
        return sum(heap.used_bytes for heap in self.heaps.values())

    @property
    def size_bytes(self) -> int:
        """Of all heaps that have a size of their own."""
        return sum(heap.size_bytes or 0 for heap in self.heaps.values())

    def bytes_of(self, pid: int) -> int:
        """Return what a process, by the id that it has outside of containers, holds in all heaps."""
        return sum(heap.client_bytes.get(pid, 0) for heap in self.heaps.values())


def parse_heap(text: str) -> IonHeap:
    """Read the text of one heap.

    Raises:
        ValueError: it is something else; the message names the line.
    """
    table = _CLIENTS.search(text)
    head, rest = (text[: table.start()], text[table.end() :]) if table else (text, "")
    rows, _, allocations = rest.partition(_ALLOCATIONS)
    total = _TOTAL.search(allocations)  # the first one: what follows is each heap's own
    if total is None:
        raise ValueError("there is no total below a table of clients and one of allocations")
    clients: dict[int, int] = {}
    for number, line in enumerate(rows.split("\n"), head.count("\n") + 1):
        if match := _CLIENT.fullmatch(line):
            clients[int(match[1])] = clients.get(int(match[1]), 0) + int(match[2])
        elif line.strip("-"):
            raise ValueError(f"line {number} is no row of a client: {line[:80]!r}")
    size = _SIZE.search(head)
    return IonHeap(int(total[1]), int(size[1]) if size else None, clients)


def read_ion(prefix: str) -> IonMemory:
    """Read all heaps.

    Raises:
        UnreadableError: they are closed to this user, absent, or one is no text of
            a heap.
    """
    folder, heaps = prefix + HEAPS_FOLDER, {}
    for name in list_folder(folder):
        if name != _ALL_HEAPS:
            # the kernel cuts the names of processes after 15 bytes, maybe within a character
            text = read_bytes(f"{folder}/{name}").decode("utf-8", "replace")
            try:
                heaps[name] = parse_heap(text)
            except ValueError as error:
                raise UnreadableError(f"{folder}/{name}: {error}") from error
    if not heaps:
        raise UnreadableError(f"{folder} holds no heap")
    return IonMemory(heaps)
