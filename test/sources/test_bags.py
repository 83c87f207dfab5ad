"""Bags: both storages and transports, stamps, damage at any place, and messages that lie."""

import random
import shutil
import sqlite3
import struct

import cv2
import numpy as np
import pytest
from bags import START, STORAGES, compressed, raw, storage_file, text, write_bag

from lprnet_ros.sources.bags import BagPicture, BagSource, is_bag
from lprnet_ros.sources.broken_bags import saved_messages
from lprnet_ros.sources.labelled import LabelledDataError
from lprnet_ros.sources.scenes import list_media

RANDOM = np.random.default_rng(0)
PICTURES = [RANDOM.integers(0, 256, (24, 60, 3), dtype=np.uint8) for _ in range(40)]
STEP = 10**8
PACKED = [*((storage, way) for storage in STORAGES for way in ("file", "message")), ("mcap", "storage")]


def recorded(pictures=PICTURES):
    """Every picture on a raw and a compressed topic, stamped a little before it is recorded; and texts."""
    for number, picture in enumerate(pictures):
        now = START + number * STEP
        yield "/raw", now, raw(picture, now - 3000)
        yield "/packed", now + 1, compressed(picture, now - 5000)
        yield "/log", now + 2, text("京" * 40)


def read(path, *topics):
    """The pictures of a bag, and its damage."""
    found = list(BagSource(path, topics).pictures())
    pictures = [one for one in found if isinstance(one, BagPicture)]
    return pictures, [str(one) for one in found if not isinstance(one, BagPicture)]


@pytest.fixture(params=STORAGES)
def storage(request):
    return request.param


@pytest.fixture
def bag(storage, tmp_path):
    return write_bag(tmp_path / "gate_bag", recorded(), storage)


def check(pictures):
    """Hold pictures against what was recorded: content, stamp, number, and order."""
    for topic, lead in (("/raw", 3000), ("/packed", 5000)):
        of_topic = [one for one in pictures if one.topic == topic]
        assert [one.number for one in of_topic] == list(range(len(of_topic)))
        for one, picture in zip(of_topic, PICTURES, strict=False):
            np.testing.assert_array_equal(one.picture(), picture)
            assert one.seconds() == pytest.approx((START + one.number * STEP - lead) * 1e-9, abs=5e-7)
    return len(pictures)


def test_every_picture_comes_with_its_topic_and_stamp_in_order(bag):
    assert is_bag(bag)
    assert is_bag(storage_file(bag))
    for path in (bag, storage_file(bag)):
        pictures, damage = read(path)
        assert (check(pictures), damage) == (2 * len(PICTURES), [])
        assert [one.topic for one in pictures[:4]] == ["/raw", "/packed"] * 2


@pytest.mark.parametrize(("storage", "compression"), PACKED)
def test_a_compressed_bag_is_read_too(storage, compression, tmp_path):
    pictures, damage = read(write_bag(tmp_path / "bag", recorded(), storage, compression))
    assert (check(pictures), damage) == (2 * len(PICTURES), [])


def test_topics_can_be_chosen_and_a_wrong_one_names_those_there_are(bag):
    assert {one.topic for one in read(bag, "/packed")[0]} == {"/packed"}
    assert len(read(bag, "/packed", "/raw")[0]) == 2 * len(PICTURES)
    for name in ("/gone", "/log"):
        with pytest.raises(
            LabelledDataError, match=f"bag: no pictures on {name}; topics with pictures: /packed, /raw"
        ):
            read(bag, name)


def test_a_bag_without_pictures_names_its_topics_and_an_empty_one_says_so(storage, tmp_path):
    texts = write_bag(tmp_path / "texts", [("/log", START, text("x"))], storage)
    with pytest.raises(
        LabelledDataError, match=r"no topic with pictures in this bag; it has /log \(std_msgs/msg/String\)$"
    ):
        read(texts)
    with pytest.raises(LabelledDataError, match=r"no topic with pictures in this bag; it is empty$"):
        read(write_bag(tmp_path / "empty", [], storage))
    quiet = write_bag(tmp_path / "quiet", [], storage, topics={"/raw": "sensor_msgs/msg/Image"})
    assert read(quiet) == ([], [])
    many = {f"/t{number:02}": "std_msgs/msg/String" for number in range(30)}
    with pytest.raises(LabelledDataError, match=r"/t09 \(std_msgs/msg/String\) and 20 more$"):
        read(write_bag(tmp_path / "many", [], storage, topics=many))


def test_a_stamp_of_zero_means_the_time_of_recording(storage, tmp_path):
    message = raw(PICTURES[0], 0)
    ((one,), _) = read(write_bag(tmp_path / "bag", [("/raw", START + 250_000_000, message)], storage))
    assert one.seconds() == START * 1e-9 + 0.25


@pytest.mark.parametrize(("storage", "compression"), [*PACKED, ("mcap", "none"), ("sqlite3", "none")])
def test_a_truncated_bag_gives_what_it_holds_and_one_warning(storage, compression, tmp_path):
    bag = write_bag(tmp_path / "bag", recorded(), storage, compression)
    file = storage_file(bag)
    content = file.read_bytes()
    source = random.Random(0)
    cuts = [source.randrange(len(content)) for _ in range(8)]
    for cut in sorted([0, 1, 9, 100, len(content) // 2, len(content) - 1, *cuts]):
        file.write_bytes(content[:cut])
        pictures, damage = read(bag)
        assert check(pictures) == len(pictures)
        (problem,) = damage
        assert problem.startswith(f"{file}: damaged, cut off or not closed (")
        assert problem.endswith(f"; {len(pictures)} messages of it can be read")
        if compression != "file":  # of which a block of zstd's is lost too
            share = len(pictures) / (2 * len(PICTURES))
            assert share >= cut / len(content) - 0.25, "more could have been read"


def test_what_damage_leaves_is_found_without_an_index_as_well(storage, tmp_path):
    for compression in ("none", "storage") if storage == "mcap" else ("none",):
        bag = write_bag(tmp_path / compression, recorded(), storage, compression)
        saved = list(saved_messages(storage_file(bag), lambda topic, kind: kind.endswith("Image")))
        whole = [one.message for one in read(bag)[0]]
        assert sorted(saved) == sorted(whole)


@pytest.mark.parametrize("seed", range(12))
def test_bytes_that_were_changed_do_no_harm(bag, seed):
    source = random.Random(seed)
    file = storage_file(bag)
    content = bytearray(file.read_bytes())
    for _ in range(source.choice([1, 5, 50])):
        content[source.randrange(source.choice([200, len(content)]))] = source.randrange(256)
    file.write_bytes(content)
    try:
        pictures, damage = read(bag)
    except LabelledDataError as error:
        assert str(bag) in str(error)  # no topic is known for one of pictures any more
        return
    assert len(damage) <= 1
    for one in pictures:
        assert read_or_told(one)


def read_or_told(one):
    try:
        return one.picture().size > 0 and one.seconds() is not None
    except LabelledDataError as error:
        return f"message {one.number} on " in str(error)


def test_a_bag_without_its_metadata_is_read_file_by_file(bag):
    (bag / "metadata.yaml").unlink()
    assert not is_bag(bag)
    assert list_media(bag.parent) == [storage_file(bag)]
    assert check(read(bag)[0]) == 2 * len(PICTURES)


def test_the_files_of_a_split_bag_follow_their_numbers(storage, tmp_path):
    bag = write_bag(tmp_path / "bag", recorded(PICTURES[:1]), storage)
    first = storage_file(bag)
    for number in range(12):
        now = START + number * STEP
        part = write_bag(tmp_path / f"part_{number}", [("/raw", now, raw(PICTURES[number], now))], storage)
        shutil.copy(storage_file(part), bag / f"bag_{number}{first.suffix}")
    first.unlink()
    pictures, _ = read(bag)
    assert [one.message.received for one in pictures] == [START + number * STEP for number in range(12)]
    assert [one.number for one in pictures] == list(range(12))
    (bag / f"bag_3{first.suffix}").write_bytes(b"")
    pictures, (damage,) = read(bag)
    assert len(pictures) == 11
    assert f"bag_3{first.suffix}: damaged" in damage


def test_a_folder_lists_its_bags_once_each_beside_pictures(bag):
    root = bag.parent
    cv2.imwrite(str(root / "a.png"), PICTURES[0])
    (root / "note.zstd").write_bytes(b"no bag")
    (root / "set").mkdir()
    cv2.imwrite(str(root / "set" / "b.png"), PICTURES[0])
    (root / "set" / "metadata.yaml").write_text("of something else")
    assert list_media(root) == [root / "a.png", bag, root / "set" / "b.png"]


def test_a_recording_that_was_killed_is_read_with_what_lies_beside_its_database(tmp_path):
    bag = write_bag(tmp_path / "bag", recorded(PICTURES[:3]), "sqlite3")
    file = storage_file(bag)
    base = sqlite3.connect(file)
    base.execute("PRAGMA journal_mode=WAL")
    base.execute("INSERT INTO messages(topic_id, timestamp, data) SELECT topic_id, 5, data FROM messages")
    base.commit()
    killed = tmp_path / "killed"
    shutil.copytree(bag, killed)
    base.close()
    pictures, (damage,) = read(killed)
    assert len(pictures) == 2 * 6
    assert "not closed (a part of it lies in bag.db3-wal); 12 messages" in damage


ENCODINGS = {
    "bgr8": (PICTURES[0], 180, PICTURES[0]),
    "rgb8": (PICTURES[0][:, :, ::-1], 180, PICTURES[0]),
    "mono8": (PICTURES[0][:, :, 0], 60, np.repeat(PICTURES[0][:, :, :1], 3, axis=2)),
    "bgra8": (cv2.cvtColor(PICTURES[0], cv2.COLOR_BGR2BGRA), 240, PICTURES[0]),
    "nv12": (RANDOM.integers(0, 256, (36, 60), dtype=np.uint8), 60, None),
    "yuyv": (RANDOM.integers(0, 256, (24, 120), dtype=np.uint8), 120, None),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_encodings_of_the_node_are_read(encoding, tmp_path):
    pixels, step, expected = ENCODINGS[encoding]
    message = raw(PICTURES[0], START, encoding=encoding, step=step, data=np.ravel(pixels))
    ((one,), _) = read(write_bag(tmp_path / "bag", [("/raw", START, message)]))
    codes = {"nv12": cv2.COLOR_YUV2BGR_NV12, "yuyv": cv2.COLOR_YUV2BGR_YUYV}
    if expected is None:
        pixels = pixels if encoding == "nv12" else pixels.reshape(24, 60, 2)
        expected = cv2.cvtColor(pixels, codes[encoding])
    np.testing.assert_array_equal(one.picture(), expected)


HOSTILE = {
    "height": ({"height": 4_000_000_000}, "image of 60 x 4000000000 pixels; expected 1 to 134217728 pixels$"),
    "step": ({"step": 4_000_000_000}, "bytes of data, but 24 rows of 4000000000 are"),
    "no size": ({"width": 0}, "image of 0 x 24 pixels"),
    "no data": ({"data": np.empty(0, np.uint8)}, "the message holds no data"),
    "encoding": ({"encoding": "16UC1"}, "encoding '16UC1' is unknown"),
    "bomb": ({"encoding": "png", "data": None}, "image of 60000 x 60000 pixels"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_message_that_lies_is_named_and_the_others_are_read(name, storage, tmp_path):
    changed, told = HOSTILE[name]
    if name == "bomb":
        png = cv2.imencode(".png", PICTURES[0])[1].tobytes()
        png = png[:16] + (60_000).to_bytes(4, "big") * 2 + png[24:]
        changed = {"encoding": "png", "data": np.frombuffer(png, np.uint8)}
    lie = raw(PICTURES[0], START, **changed)
    rest = [("/raw", START + STEP, raw(PICTURES[1], START))]
    pictures, damage = read(write_bag(tmp_path / "bag", [("/raw", START, lie), *rest], storage))
    with pytest.raises(LabelledDataError, match=told) as caught:
        pictures[0].picture()
    assert str(caught.value).startswith("message 0 on /raw: ")
    np.testing.assert_array_equal(pictures[1].picture(), PICTURES[1])
    assert damage == []


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\x01", b"\x00\x01\x00\x00" + b"\xff" * 200, np.random.default_rng(1).bytes(300)],
    ids=["empty", "cut", "ones", "random"],
)
@pytest.mark.parametrize("kind", ["Image", "CompressedImage"])
def test_bytes_that_are_no_message_are_named(content, kind, storage, tmp_path):
    bag = write_bag(tmp_path / "bag", [("/raw", START, (f"sensor_msgs/msg/{kind}", content))], storage)
    pictures, _ = read(bag)
    for one in pictures:
        with pytest.raises(LabelledDataError, match="bytes that are no sensor_msgs/"):
            one.picture()


def test_frames_in_shared_memory_are_read_as_the_node_reads_them(tmp_path):
    nv12 = RANDOM.integers(0, 256, (36, 60), dtype=np.uint8)
    head = struct.pack("<iiIIIII12s", 0, 1_795_813_868, 500_000_000, 24, 60, nv12.size, 60, b"nv12")
    data = b"\x00\x01\x00\x00" + head + nv12.tobytes().ljust(6_220_800, b"\0")
    base = write_bag(tmp_path / "db", [("/hbmem_img", START, ("sensor_msgs/msg/Image", data))], "sqlite3")
    with sqlite3.connect(storage_file(base)) as database:
        database.execute("UPDATE topics SET type='hbm_img_msgs/msg/HbmMsg1080P'")
    database.close()
    ((one,), _) = read(base)
    np.testing.assert_array_equal(one.picture(), cv2.cvtColor(nv12, cv2.COLOR_YUV2BGR_NV12))
    assert one.seconds() == 1_795_813_868.5


def test_what_is_no_bag_is_told(tmp_path, bag, monkeypatch):
    (tmp_path / "folder").mkdir()
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "old.bag").write_bytes(b"#ROSBAG V2.0")
    for name, told in (
        ("gone.mcap", "no such bag"),
        ("folder", "no .db3 or .mcap file in this bag"),
        ("a.txt", "no file of a bag"),
        ("old.bag", "a bag of ROS 1; convert it: rosbags-convert --src .*old.bag --dst old$"),
    ):
        with pytest.raises(LabelledDataError, match=f"{name}: {told}"):
            BagSource(tmp_path / name)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "rosbags" else name)
    with pytest.raises(LabelledDataError, match="reading a bag needs rosbags; pip install rosbags"):
        BagSource(bag)
