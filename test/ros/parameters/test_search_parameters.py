import pytest
from board_finder import write_finder
from scripted_finder import ScriptedFinder

from lprnet_ros.cropping.locator import FixedRegions
from lprnet_ros.cropping.search import FoundPlates
from lprnet_ros.ros.parameters.search_parameters import (
    SEARCH_PARAMETERS,
    NoFinderError,
    SearchSettings,
)

REGIONS = ["0.1,0.1,0.2,0.1"]


def settings(**changes):
    values = {parameter.name: parameter.default for parameter in SEARCH_PARAMETERS}
    return SearchSettings.from_values({**values, "padding": 0.1, **changes})


def test_the_defaults_search_whole_frames():
    search = settings()
    assert search == SearchSettings((), True, "", "auto", 1, 0.0)
    assert isinstance(search.locator(ScriptedFinder([])), FoundPlates)


def test_regions_are_searched_or_cut_out_as_they_are():
    assert isinstance(settings(regions=REGIONS).locator(ScriptedFinder([])), FoundPlates)
    exact = settings(regions=REGIONS, find_plates=False)
    assert exact.open_finder() is None
    assert isinstance(exact.locator(None), FixedRegions)


def test_a_region_that_is_none_is_named():
    with pytest.raises(ValueError, match="region 1"):
        settings(regions=["0,0,2"])


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"finder_model": "/nowhere/finder.onnx"}, "/nowhere/finder.onnx.yaml: no such manifest"),
        ({"finder_model": "lprnet.onnx"}, "lprnet.onnx reads plates, expected a network that finds plates"),
    ],
)
def test_a_finder_that_cannot_be_opened_is_told_in_one_line(changes, told):
    with pytest.raises(NoFinderError, match=told) as caught:
        settings(**changes).open_finder()
    assert str(caught.value).startswith("plates cannot be searched for: ")
    assert "\n" not in str(caught.value)


def test_a_model_that_the_runtime_cannot_load_is_told_in_one_line(tmp_path):
    model = write_finder(tmp_path)
    onnx = model.rename(tmp_path / "finder.onnx")
    (tmp_path / "finder.bin.yaml").rename(tmp_path / "finder.onnx.yaml")
    with pytest.raises(NoFinderError, match=r"cannot load .*finder\.onnx") as caught:
        settings(finder_model=str(onnx)).open_finder()
    assert "\n" not in str(caught.value)
