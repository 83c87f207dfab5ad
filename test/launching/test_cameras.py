"""Each camera: which launch files, with which arguments, in which order."""

import pytest
from launch_requests import plan, program, request, scenes

from lprnet_ros.launching.mipi import mipi_camera
from lprnet_ros.launching.plan import LaunchError, Program

BOX = {"regions": "10,20,30,40"}
SHARED_MEMORY = ("hobot_shm", "hobot_shm.launch.py", {})
MIPI = (
    "mipi_cam",
    "mipi_cam.launch.py",
    {
        "mipi_video_device": "default",
        "mipi_image_width": "1920",
        "mipi_image_height": "1080",
        "mipi_image_framerate": "30.0",
        "mipi_out_format": "nv12",
        "mipi_io_method": "shared_mem",
        "mipi_frame_ts_type": "realtime",
    },
)
USB = (
    "hobot_usb_cam",
    "hobot_usb_cam.launch.py",
    {
        "usb_video_device": "/dev/video8",
        "usb_image_width": "1280",
        "usb_image_height": "720",
        "usb_framerate": "30",
        "usb_pixel_format": "mjpeg",
        "usb_io_method": "mmap",
        "usb_zero_copy": "False",
        "usb_frame_id": "default_usb_cam",
    },
)
ENCODER = (
    "hobot_codec",
    "hobot_codec_encode.launch.py",
    {
        "codec_channel": "1",
        "codec_in_mode": "shared_mem",
        "codec_in_format": "nv12",
        "codec_sub_topic": "/hbmem_img",
        "codec_out_mode": "ros",
        "codec_out_format": "jpeg",
        "codec_pub_topic": "/image",
        "codec_enc_qp": "10.0",
        "codec_jpg_quality": "60.0",
        "codec_input_framerate": "30",
        "codec_output_framerate": "-1",
        "codec_dump_output": "False",
        "log_level": "warn",
    },
)


def page(image_topic, targets_topic="/lpr_node/targets"):
    arguments = {
        "websocket_image_topic": image_topic,
        "websocket_image_type": "mjpeg",
        "websocket_smart_topic": targets_topic,
        "websocket_only_show_image": "False",
        "websocket_output_fps": "0",
        "log_level": "warn",
    }
    return "websocket", "websocket.launch.py", arguments


def order(planned):
    """All steps: a program's name, or package, file and arguments."""
    return [
        step.name if isinstance(step, Program) else (step.package, step.file, dict(step.arguments))
        for step in planned.steps
    ]


def test_without_a_camera_the_reader_starts_alone(tmp_path):
    planned = plan(tmp_path, without=("hobot_shm", "mipi_cam", "websocket"), messages=frozenset())
    assert order(planned) == ["lpr_node"]
    assert planned.messages == ()
    assert not program(planned, "lpr_node").must_live


def test_mipi(tmp_path):
    assert order(plan(tmp_path, "mipi", **BOX)) == [SHARED_MEMORY, MIPI, "plate_cropper", "lpr_node"]
    assert order(plan(tmp_path, "mipi", web="true", **BOX)) == [
        SHARED_MEMORY,
        MIPI,
        ENCODER,
        "plate_cropper",
        "lpr_node",
        page("/image"),
    ]


def test_usb_needs_no_codec_because_the_page_shows_the_cameras_own_jpeg(tmp_path):
    assert order(plan(tmp_path, "usb", **BOX)) == [SHARED_MEMORY, USB, "plate_cropper", "lpr_node"]
    without = plan(tmp_path, "usb", web="true", without=("hobot_codec",), **BOX)
    assert order(without) == [SHARED_MEMORY, USB, "plate_cropper", "lpr_node", page("/image")]


def test_images_need_nothing_of_tros(tmp_path):
    folder = scenes(tmp_path / "scenes")
    everything = ("hobot_shm", "mipi_cam", "hobot_usb_cam", "hobot_codec", "websocket")
    planned = plan(tmp_path, "image", source=str(folder), without=everything)
    assert order(planned) == ["frame_player", "plate_cropper", "lpr_node"]
    assert order(plan(tmp_path, "image", source=str(folder), web="true", without=everything[:4])) == [
        "frame_player",
        "plate_cropper",
        "lpr_node",
        page("/frame_player/image"),
    ]


def test_shared_memory_alone_sets_the_environment(tmp_path):
    for camera in ("mipi", "usb"):
        includes = plan(tmp_path, camera, web="true", **BOX).includes
        assert [one.package for one in includes if one.sets_environment] == ["hobot_shm"]
        assert includes[0].package == "hobot_shm"


def test_a_launch_ends_with_its_camera_cropper_and_reader(tmp_path):
    for camera, package in (("mipi", "mipi_cam"), ("usb", "hobot_usb_cam")):
        planned = plan(tmp_path, camera, web="true", **BOX)
        assert [one.package for one in planned.includes if one.must_live] == [package]
        assert program(planned, "plate_cropper").must_live
        assert program(planned, "lpr_node").must_live
        assert not program(planned, "lpr_node").may_finish
    player = program(plan(tmp_path, "image", source=str(scenes(tmp_path / "scenes"))), "frame_player")
    assert player.must_live
    assert player.may_finish


def test_device_and_size_reach_the_camera(tmp_path):
    mipi = plan(tmp_path, "mipi", device="imx219", width="960", height="544", **BOX).includes[1].arguments
    assert mipi == MIPI[2] | {
        "mipi_video_device": "imx219",
        "mipi_image_width": "960",
        "mipi_image_height": "544",
    }
    usb = plan(tmp_path, "usb", device="/dev/null", width="641", height="480", **BOX).includes[1].arguments
    assert usb == USB[2] | {
        "usb_video_device": "/dev/null",
        "usb_image_width": "641",
        "usb_image_height": "480",
    }


@pytest.mark.parametrize(("width", "height"), [(1924, 1080), (1920, 1084), (8, 7)])
def test_mipi_sizes_come_in_steps_of_8(width, height):
    with pytest.raises(LaunchError, match=f"steps of 8, not {width} x {height}"):
        mipi_camera(request("mipi", width=str(width), height=str(height)))


def test_mipi_frames_must_fit_into_their_message():
    mipi_camera(request("mipi", width="2560", height="1440"))
    with pytest.raises(LaunchError, match=r"3840 x 2160 do not fit .* up to 4,147,200 pixels"):
        mipi_camera(request("mipi", width="3840", height="2160"))


def test_a_usb_device_must_be_there_and_be_a_device(tmp_path):
    missing = tmp_path / "video9"
    with pytest.raises(LaunchError, match=rf"device {missing} is not there .*look with ls /dev/video\*"):
        plan(tmp_path, "usb", device=str(missing), **BOX)
    missing.touch()
    with pytest.raises(LaunchError, match=f"device {missing} is no video device"):
        plan(tmp_path, "usb", device=str(missing), **BOX)


def test_the_player_gets_source_rate_and_loop(tmp_path):
    folder = scenes(tmp_path / "scenes")
    player = program(plan(tmp_path, "image", source=str(folder), rate="2", loop="false"), "frame_player")
    assert player.parameter_file is None
    assert player.parameters == {
        "source": str(folder),
        "rate": 2.0,
        "loop": False,
        "encoding": "jpeg",
        "labels": str(folder / "labels.csv"),
        "detections": "targets",
    }
    assert player.remappings == (
        ("image", "frame_player/image"),
        ("detections", "frame_player/detections"),
    )


def test_a_missing_source_is_named(tmp_path):
    with pytest.raises(LaunchError, match=r"camera:=image needs source:= with a folder"):
        plan(tmp_path, "image", **BOX)
    with pytest.raises(LaunchError, match=r"source .*/nowhere: no such folder or file; give a folder"):
        plan(tmp_path, "image", source=str(tmp_path / "nowhere"), **BOX)
    (tmp_path / "empty").mkdir()
    with pytest.raises(LaunchError, match=r"source .*/empty: no pictures in this folder; give a folder"):
        plan(tmp_path, "image", source=str(tmp_path / "empty"))
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(LaunchError, match=r"text\.mp4: neither a picture nor a video that OpenCV can play"):
        plan(tmp_path, "image", source=str(tmp_path / "text.mp4"), **BOX)
