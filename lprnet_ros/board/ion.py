"""ION memory: what the BPU and the cameras hold, from the kernel's debugfs.

The text is that of ``ion_heap_show`` (github.com/D-Robotics/x5-kernel 395fa71,
drivers/staging/android/ion/ion.c).  Its two tables count differently: a row of the
clients has the id of the process, a row of the allocations that of the thread which
allocated.  So what a process holds is summed over the clients.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lprnet_ros.board.sysfs import UnreadableError, list_folder, read_bytes

HEAPS_FOLDER = "/sys/kernel/debug/ion/heaps"
"""One file a heap; root only."""

_ALL_HEAPS = "all_heap_info"  # the same text of all heaps once more

_SIZE = re.compile(r"heap total size\s+([0-9]{1,18})$")
_CLIENTS = re.compile(r"\s*heap name\s+client\s+pid\s+size$")
_ALLOCATIONS = re.compile(r"allocations \(info is from last known client\):$")
_CLIENT = re.compile(r".*\S\s+([0-9]{1,10})\s+([0-9]{1,18})$")  # the client's name may hold spaces
_TOTAL = re.compile(r"\s*total\s+([0-9]{1,18})$")


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
        """Return what a process holds in all heaps; 0 where the kernel lists nothing for it.

        Args:
            pid: the process, as the kernel counts it; inside a container that is
                another number than the process sees.
        """
        return sum(heap.client_bytes.get(pid, 0) for heap in self.heaps.values())


def parse_heap(text: str) -> IonHeap:
    """Read the text of one heap.

    Args:
        text: of one file in ``HEAPS_FOLDER``.

    Raises:
        ValueError: it is something else; the message names the line.
    """
    size: int | None = None
    used: int | None = None
    clients: dict[int, int] = {}
    section = "head"
    for number, line in enumerate(text.split("\n"), 1):
        if section == "head":
            if match := _SIZE.search(line):
                size = int(match[1])
            elif _CLIENTS.match(line):
                section = "clients"
        elif section == "clients":
            if _ALLOCATIONS.match(line):
                section = "allocations"
            elif match := _CLIENT.match(line):
                clients[int(match[1])] = clients.get(int(match[1]), 0) + int(match[2])
            elif line.strip("-"):
                raise ValueError(f"line {number} is no row of a client: {line[:80]!r}")
        elif match := _TOTAL.match(line):
            used = int(match[1])
            break  # what follows is each heap's own
    if used is None:
        raise ValueError(f"there is no total below the {section}")
    return IonHeap(used, size, clients)


def read_ion(prefix: str) -> IonMemory:
    """Read all heaps.

    Args:
        prefix: comes before the absolute paths; empty for this machine.

    Raises:
        UnreadableError: they are closed to this user, absent, or one is no text of
            a heap.
    """
    folder = prefix + HEAPS_FOLDER
    names = [name for name in list_folder(folder) if name != _ALL_HEAPS]
    if not names:
        raise UnreadableError(f"{folder} holds no heap")
    return IonMemory(dict(_read_heaps(folder, names)))


def _read_heaps(folder: str, names: Iterable[str]) -> Iterable[tuple[str, IonHeap]]:
    for name in names:
        path = f"{folder}/{name}"
        try:  # the kernel cuts the names of processes after 15 bytes, maybe within a character
            yield name, parse_heap(read_bytes(path).decode("utf-8", "replace"))
        except ValueError as error:
            raise UnreadableError(f"{path}: {error}") from error
