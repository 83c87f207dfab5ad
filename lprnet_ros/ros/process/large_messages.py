"""Lets a process reuse the memory of large messages instead of requesting it from the kernel each time."""

from __future__ import annotations

import ctypes

# malloc.h of the GNU C library
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3

_LARGEST_BLOCK = 32 * 1024 * 1024  # the maximum that the library accepts
_MOST_KEPT = 256 * 1024 * 1024


def keep_memory_of_large_messages() -> bool:
    """Tell the C library to reuse blocks of up to 32 MiB, and to keep up to 256 MiB of free memory.

    By default it returns every block of more than 128 kB to the kernel.  A 1080p frame
    is copied three times on its way into Python, so the kernel would have to zero
    thousands of pages for each; that costs more than everything else a node does with
    the frame (``python bench/cropper_cost.py``).

    Returns:
        Whether the setting was accepted; only the GNU C library has it.
    """
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    set_option.argtypes, set_option.restype = (ctypes.c_int, ctypes.c_int), ctypes.c_int
    return bool(set_option(_M_MMAP_THRESHOLD, _LARGEST_BLOCK) and set_option(_M_TRIM_THRESHOLD, _MOST_KEPT))
