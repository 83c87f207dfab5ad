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


def board_model(root: Path = Path("/")) -> str | None:
    """Return the name of the board; None where there is no device tree, as on a PC."""
    try:
        return read_line(prefix_of(root) + MODEL_FILE)
    except UnreadableError:
        return None


def is_rdk(root: Path = Path("/")) -> bool:
    """Tell whether this is an RDK X5, or another board with its chip.

    The names in the vendor's device trees are ``D-Robotics RDK X5 V1.0``,
    ``D-Robotics X5 MD V0.1`` (the module) and ``Horizon Robotics X5 SOM board``
    (github.com/D-Robotics/x5-kernel 395fa71, arch/arm64/boot/dts/hobot).
    """
    model = board_model(root)
    return model is not None and _is_x5(model)


def require_rdk(root: Path = Path("/")) -> str:
    """Return the name of the board.

    Raises:
        NotAnRdkError: it is no RDK X5.
    """
    try:
        model = read_line(prefix_of(root) + MODEL_FILE)
    except UnreadableError as error:
        raise NotAnRdkError(f"this machine is no RDK X5 ({error})") from error
    if not _is_x5(model):
        raise NotAnRdkError(f"this machine is no RDK X5: its device tree calls it {model!r}")
    return model


def _is_x5(model: str) -> bool:
    return _X5.search(model) is not None and _MAKERS.search(model) is not None
