import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from launch_requests import ARGUMENTS, CONFIG, request

from lprnet_ros.launching.arguments import CAMERAS
from lprnet_ros.launching.plan import LaunchError
from lprnet_ros.launching.request import read_request

QUAD = "0.1,0.1 0.4,0.1 0.4,0.3 0.1,0.3"


def test_every_argument_is_explained_and_is_of_a_known_camera():
    assert [argument.name for argument in ARGUMENTS][:7] == [
        "namespace",
        "image_topics",
        "transport",
        "model",
        "runtime",
        "params_file",
        "log_level",
    ]
    for argument in ARGUMENTS:
        assert argument.description.endswith(".")
        assert set(argument.cameras) <= set(CAMERAS)


def test_without_arguments_no_camera_is_asked_for():
    asked = request()
    assert (asked.camera, asked.named) == ("none", "camera:=none")
    assert asked.params_file == CONFIG / "lpr.yaml"
    assert asked.image_topics == asked.regions == asked.unused == ()
    assert not asked.has_own_params_file
    assert not asked.has_own_cropper_params_file


@pytest.mark.parametrize(("variable", "camera"), [("usb", "usb"), ("mipi", "mipi"), ("fb", "image")])
def test_cam_type_chooses_the_camera_where_none_is_named(variable, camera):
    asked = request("", {"CAM_TYPE": variable})
    assert asked.camera == camera
    assert asked.named == f"camera:={camera} (from CAM_TYPE={variable})"
    assert request("none", {"CAM_TYPE": variable}).camera == "none"


@pytest.mark.parametrize("environment", [{}, {"CAM_TYPE": ""}])
def test_without_cam_type_there_is_no_camera(environment):
    assert request("", environment).camera == "none"


def test_a_cam_type_that_tros_does_not_know_is_refused_where_it_counts():
    with pytest.raises(LaunchError, match="CAM_TYPE is 'gmsl', expected one of usb, mipi, fb"):
        request("", {"CAM_TYPE": "gmsl"})
    assert request("usb", {"CAM_TYPE": "gmsl"}).camera == "usb"


def test_topics_and_regions_are_lists():
    asked = request("usb", image_topics=" /a/crop, b ,", regions=f"{QUAD}; 10,20,30,40 ;")
    assert asked.image_topics == ("/a/crop", "b")
    assert asked.regions == (QUAD, "10,20,30,40")


def test_sizes_numbers_and_truth_values_are_read():
    asked = request("image", source="~/x", rate="2.5", loop="False", web="TRUE")
    assert (asked.rate, asked.loop, asked.web) == (2.5, False, True)
    assert asked.source == Path("~/x").expanduser()
    assert request("mipi", width="1280", height="720").size == (1280, 720)
    assert request("image", source="a").source == Path.cwd() / "a"


@pytest.mark.parametrize(
    ("camera", "texts", "message"),
    [
        ("webcam", {}, "camera is 'webcam', expected one of none, mipi, usb, image"),
        ("usb", {"width": "640"}, "width is given without height"),
        ("usb", {"height": "480"}, "height is given without width"),
        ("usb", {"width": "0", "height": "480"}, "width is '0', expected a whole number from 1 to 16384"),
        ("usb", {"width": "640", "height": "4e2"}, "height is '4e2', expected a whole number"),
        ("usb", {"regions": "1,2,3"}, r"regions: region 1 \('1,2,3'\) is neither four corners"),
        ("usb", {"regions": "1,2,3,4", "detections_topic": "x"}, "give one of them, not both"),
        (
            "usb",
            {"detections": "boxes"},
            "detections is 'boxes', expected one of targets, detection_2d_array",
        ),
        ("usb", {"web": "yes"}, "web is 'yes', expected one of true, false"),
        (
            "usb",
            {"transport": "compressed"},
            "transport is 'compressed', but the crops of camera:=usb are raw",
        ),
        ("image", {"rate": "-1"}, r"rate is '-1', expected a number from 0.0 to 1000.0"),
        ("image", {"rate": "nan"}, "rate is 'nan'"),
        ("image", {"rate": "fast"}, "rate is 'fast'"),
        ("image", {"loop": "2"}, "loop is '2'"),
        ("image", {"source": "/a/\udcff"}, r"source is '/a/\\udcff', which is no UTF-8"),
    ],
)
def test_what_makes_no_sense_is_named(camera, texts, message):
    with pytest.raises(LaunchError, match=message):
        request(camera, **texts)


def test_what_a_camera_does_not_use_is_named_and_not_judged():
    asked = request("none", device="F37", width="x", loop="?", web="maybe", transport="compressed")
    assert asked.unused == ("device", "width", "loop", "web")
    assert (asked.device, asked.size, asked.web, asked.transport) == ("", None, False, "compressed")
    assert request("usb", source="/x", rate="3").unused == ("source", "rate")
    assert request("image", device="/dev/video0").unused == ("device",)


@given(
    st.sampled_from(CAMERAS),
    st.dictionaries(st.sampled_from([one.name for one in ARGUMENTS if one.name != "camera"]), st.text()),
)
def test_any_text_is_read_or_refused_in_one_line(camera, texts):
    values = {argument.name: argument.default for argument in ARGUMENTS} | {"camera": camera} | texts
    try:
        asked = read_request(values, {}, ARGUMENTS)
    except LaunchError as error:
        assert re.fullmatch(r"[^\n]+", str(error))
    else:
        assert asked.camera == camera
