"""Who computes a network: inference runtimes, one file each, tensors in and tensors out.

A runtime's library is imported only when that runtime is opened.
"""

from lprnet_ros.runtimes.registry import (
    RUNTIME_NAMES,
    RUNTIMES,
    choose_runtime,
    default_finder,
    default_model,
    find_runtime,
    open_runtime,
)
from lprnet_ros.runtimes.runtime import InferenceError, Runtime, RuntimeSpec, RuntimeUnavailableError

__all__ = [
    "RUNTIMES",
    "RUNTIME_NAMES",
    "InferenceError",
    "Runtime",
    "RuntimeSpec",
    "RuntimeUnavailableError",
    "choose_runtime",
    "default_finder",
    "default_model",
    "find_runtime",
    "open_runtime",
]
