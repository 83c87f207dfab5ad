"""Lets a process keep the memory of large messages instead of asking the kernel for it anew each time."""

from __future__ import annotations

import ctypes

# malloc.h of the GNU C library
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3

_LARGEST_BLOCK = 32 * 1024 * 1024  # the most that the library takes
_MOST_KEPT = 256 * 1024 * 1024


def keep_memory_of_large_messages() -> bool:
    """Tell the C library to reuse blocks of up to 32 MiB, and to keep up to 256 MiB that are free.

    By default it gives every block of more than 128 kB back at once.  A frame
    of 1080p is copied three times on its way into Python, so the kernel would
    fill thousands of pages with zeros for each; that costs more than all else
    that a node does with it (``python -m pytest test/nodes/test_cropper_cost.py -s``).

    Returns:
        Whether the C library could be told; others than GNU's do as they like.
    """
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    set_option.argtypes, set_option.restype = (ctypes.c_int, ctypes.c_int), ctypes.c_int
    return bool(set_option(_M_MMAP_THRESHOLD, _LARGEST_BLOCK) and set_option(_M_TRIM_THRESHOLD, _MOST_KEPT))
