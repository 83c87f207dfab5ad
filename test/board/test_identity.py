import pytest
import rdk_x5

from lprnet_ros.board.identity import NotAnRdkError, is_rdk, require_rdk


def named(tmp_path, content):
    (tmp_path / "proc/device-tree").mkdir(parents=True)
    (tmp_path / rdk_x5.MODEL).write_bytes(content)
    return tmp_path


@pytest.mark.parametrize(
    "model",
    [
        "D-Robotics RDK X5 V1.0",
        "D-Robotics RDK X5 V0.1",
        "D-Robotics X5 MD V1.2",
        "Horizon Robotics X5 SOM board",
        "Horizon X5 ASIC Evaluation board",
    ],
)
def test_every_board_of_the_vendors_device_trees_is_one(tmp_path, model):
    root = named(tmp_path, model.encode() + b"\0")
    assert is_rdk(root)
    assert require_rdk(root) == model


@pytest.mark.parametrize(
    "model",
    [
        "Hobot X3 PI V2.1 (Board 3.1)",
        "D-Robotics RDK S100 V1P0",
        "D-Robotics RDK X50",
        "Raspberry Pi 4 Model B Rev 1.4",
        "Xnano X5",
    ],
)
def test_another_board_is_none_and_is_named(tmp_path, model):
    root = named(tmp_path, model.encode() + b"\0")
    assert not is_rdk(root)
    with pytest.raises(NotAnRdkError, match="no RDK X5: its device tree calls it") as caught:
        require_rdk(root)
    assert model in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\0\0", b"\xff\xfe RDK X5", b"D-Robotics RDK X5\nV1.0"])
def test_a_name_that_is_none_names_no_board(tmp_path, content):
    root = named(tmp_path, content)
    assert not is_rdk(root)


def test_a_machine_without_device_tree_is_no_board(tmp_path):
    assert not is_rdk(tmp_path)
    with pytest.raises(NotAnRdkError, match=r"no RDK X5 \(there is no .*/proc/device-tree/model\)"):
        require_rdk(tmp_path)
