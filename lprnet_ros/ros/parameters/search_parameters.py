"""The parameters that say where plates are searched, and how; a node that takes frames declares them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lprnet_ros.cropping.locator import FixedRegions, PlateLocator
from lprnet_ros.cropping.regions import Region, parse_regions
from lprnet_ros.cropping.search import FoundPlates
from lprnet_ros.finding.finder import PlateFinder
from lprnet_ros.models.find import find_model
from lprnet_ros.ros.parameters.parameter import Parameter
from lprnet_ros.runtimes import RUNTIME_NAMES

SEARCH_PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "regions",
        [""],
        "Where plates are searched in the frames of a fixed camera, such as a gate or a lane; empty searches "
        'whole frames. Each is a box "x,y,width,height", or four corners "x,y x,y x,y x,y", clockwise from '
        "a plate's top left. If no number exceeds 1 they are fractions of the frame, otherwise pixels.",
        "固定相机画面中查找车牌的区域，例如出入口或车道；留空则查找整幅画面。每个区域为方框 x,y,宽,高，"
        "或从车牌左上角起顺时针的四个角 x,y x,y x,y x,y。所有数都不大于 1 时为画面的比例，否则为像素。",
        may_be_empty=True,
        read_only=True,
    ),
    Parameter(
        "find_plates",
        True,
        "Find plates in the frames; false cuts each region out as it is, as one plate.",
        "在画面中查找车牌；设为 false 时把每个区域原样裁剪，作为一块车牌。",
        read_only=True,
    ),
    Parameter(
        "finder_model",
        "",
        "Path of a plate finder's model file with its manifest beside it, or the name of a bundled or "
        "installed one; empty means plate_finder_x5.bin where a runtime for it is installed (a board) or "
        "named, else plate_finder.onnx.",
        "车牌查找模型文件的路径（清单文件须在其旁边），或内置、已安装模型的名字；留空时：若已安装或指定了可用的"
        " .bin 运行时（开发板），使用 plate_finder_x5.bin，否则使用 plate_finder.onnx。",
        read_only=True,
    ),
    Parameter(
        "finder_runtime",
        "auto",
        "Inference runtime of the finder; auto chooses by the file's suffix and by what is installed.",
        "车牌查找模型的推理运行时；auto 按文件后缀和已安装的库选择。",
        choices=RUNTIME_NAMES,
        read_only=True,
    ),
    Parameter(
        "find_every",
        1,
        "Search every n-th frame only; in between, plates are expected where their movement takes them.",
        "每 n 帧查找一次；其间按车牌的运动推算其位置。",
        minimum=1,
        maximum=100,
        read_only=True,
    ),
    Parameter(
        "minimum_find_score",
        0.0,
        "Minimum score of a plate that the finder finds; 0 means the one that its model names.",
        "查找到的车牌的最低得分；0 表示使用模型自带的值。",
        minimum=0.0,
        maximum=0.999,
        read_only=True,
    ),
)


class NoFinderError(ValueError):
    """Plates cannot be searched for; the message says why, in one sentence."""


@dataclass(frozen=True)
class SearchSettings:
    """Where plates are searched, and how; the attributes are the parameters of ``SEARCH_PARAMETERS``."""

    regions: tuple[Region, ...]
    find_plates: bool
    finder_model: str
    finder_runtime: str
    find_every: int
    minimum_find_score: float

    @classmethod
    def from_values(cls, values: Mapping[str, object]) -> SearchSettings:
        """Build the settings.

        Args:
            values: one value for each parameter, by name, checked one by one; others are ignored.

        Raises:
            ValueError: a region is none; the message names it.
        """
        given = {parameter.name: values[parameter.name] for parameter in SEARCH_PARAMETERS}
        regions = given.pop("regions")
        assert isinstance(regions, (list, tuple))
        return cls(regions=parse_regions([str(text) for text in regions]), **given)  # type: ignore[arg-type]

    def open_finder(self) -> PlateFinder | None:
        """Open the finder, which may serve several cameras; None where regions are cut out as they are.

        Raises:
            NoFinderError: its model or runtime cannot be used.
        """
        if not self.find_plates:
            return None
        try:
            return PlateFinder.open(
                find_model(self.finder_model) if self.finder_model else None,
                self.finder_runtime,
                minimum_score=self.minimum_find_score or None,
            )
        except (ValueError, RuntimeError, OSError) as error:  # those that PlateFinder.open names
            raise NoFinderError(f"plates cannot be searched for: {' '.join(str(error).split())}") from error

    def locator(self, finder: PlateFinder | None) -> PlateLocator:
        """Return what locates the plates of one camera.

        Args:
            finder: what ``open_finder`` has returned.
        """
        if finder is None:
            return FixedRegions(self.regions)
        return FoundPlates(finder, self.regions, find_every=self.find_every)
