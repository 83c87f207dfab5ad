"""Which board this is."""

from __future__ import annotations

import re
from pathlib import Path

from lprnet_ros.board.sysfs import UnreadableError, prefix_of, read_line

MODEL_FILE = "/proc/device-tree/model"
"""NUL-terminated name of the board, from the ``model`` of its device tree."""

_X5 = re.compile(r"\bX5\b")
_MAKERS = re.compile(r"D-Robotics|Horizon|\bRDK\b", re.IGNORECASE)


class NotAnRdkError(RuntimeError):
    """This machine is no RDK X5; the message says how that was found."""


def require_rdk(root: Path = Path("/")) -> str:
    """Return the name of the board.

    The names in the vendor's device trees are ``D-Robotics RDK X5 V1.0``,
    ``D-Robotics X5 MD V0.1`` (the module) and ``Horizon Robotics X5 SOM board``
    (github.com/D-Robotics/x5-kernel 395fa71, arch/arm64/boot/dts/hobot).

    Raises:
        NotAnRdkError: it is neither an RDK X5 nor another board with its chip.
    """
    try:
        model = read_line(prefix_of(root) + MODEL_FILE)
    except UnreadableError as error:
        raise NotAnRdkError(f"this machine is no RDK X5 ({error})") from error
    if _X5.search(model) is None or _MAKERS.search(model) is None:
        raise NotAnRdkError(f"this machine is no RDK X5: its device tree calls it {model!r}")
    return model


def is_rdk(root: Path = Path("/")) -> bool:
    """Tell whether ``require_rdk`` accepts this machine."""
    try:
        return bool(require_rdk(root))
    except NotAnRdkError:
        return False
