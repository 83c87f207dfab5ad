import pytest
import rdk_x5
from hypothesis import given
from hypothesis import strategies as st

from lprnet_ros.board.ion import IonHeap, parse_heap, read_ion
from lprnet_ros.board.sysfs import UnreadableError

# the kernel's names of processes: at most 15 bytes, anything but NUL; a line feed would break a row
names = st.text(st.characters(blacklist_characters="\0\n", blacklist_categories=["Cs"]), max_size=15).filter(
    lambda name: name.strip()
)
counts = st.integers(0, 2**40)
pids = st.integers(1, 2**22)
clients = st.lists(st.tuples(names, pids, counts), max_size=6)
allocations = st.lists(
    st.tuples(names, pids, st.sampled_from(["bpu", "other", "vpuchn0_1"]), counts, st.booleans()), max_size=6
)


def test_a_heap_has_a_size_a_total_and_clients():
    assert parse_heap(rdk_x5.CARVEOUT) == IonHeap(
        used_bytes=1_163_264 + 4096 + 2 * 2**20 + 8192,
        size_bytes=768 * 2**20,
        client_bytes={4321: 1_163_264 + 4096, 99: 2 * 2**20},
    )


def test_a_heap_of_the_kernels_memory_has_no_size_and_what_it_adds_is_passed_over():
    heap = parse_heap(rdk_x5.SYSTEM)
    assert (heap.used_bytes, heap.size_bytes) == (4096, None)
    tail = "0 order 0 pages in pool = 0 total\n           total  99999\n"
    assert parse_heap(rdk_x5.heap_text("system", 0, None, [], [], tail)).used_bytes == 0


@given(st.one_of(st.none(), counts), clients, allocations)
def test_whatever_processes_are_called_their_bytes_are_summed(size, clients, allocations):
    heap = parse_heap(rdk_x5.heap_text("carveout", 2, size, clients, allocations))
    expected = {}
    for _, pid, count in clients:
        expected[pid] = expected.get(pid, 0) + count
    assert heap == IonHeap(sum(row[3] for row in allocations), size, expected)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "there is no total below"),
        (rdk_x5.CARVEOUT[: rdk_x5.CARVEOUT.index("allocations")], "there is no total below"),
        (rdk_x5.CARVEOUT[: rdk_x5.CARVEOUT.rindex("total")], "there is no total below"),
        (rdk_x5.CARVEOUT.replace("1163264", "unknown", 1), "line 9 is no row of a client"),
    ],
    ids=["nothing", "cut in the clients", "cut in the allocations", "a row without bytes"],
)
def test_another_text_is_refused(text, reason):
    with pytest.raises(ValueError, match=reason):
        parse_heap(text)


@given(st.text())
def test_any_other_text_is_refused_with_a_value_error_alone(text):
    with pytest.raises(ValueError, match=r"no total below|no row of a client"):
        parse_heap(text)


def test_every_heap_counts_once(root):
    memory = read_ion(str(root))
    assert set(memory.heaps) == {"carveout", "cma_reserved", "system"}
    assert memory.bytes_of(4321) == 1_163_264 + 2 * 4096
    assert memory.bytes_of(4330) == 0  # a thread, as the table of allocations has it


def test_a_name_that_the_kernel_cut_within_a_character_is_read(root):
    heap = root / rdk_x5.HEAPS / "carveout"
    heap.write_bytes(rdk_x5.CARVEOUT.encode().replace(b"mipi cam 0", "车牌识".encode()[:8] + b"  "))
    assert read_ion(str(root)).bytes_of(99) == 2 * 2**20


def test_the_heap_that_cannot_be_understood_is_named(root):
    (root / rdk_x5.HEAPS / "cma_reserved").write_text("nothing\n")
    with pytest.raises(UnreadableError, match="heaps/cma_reserved: there is no total"):
        read_ion(str(root))


def test_a_folder_without_heaps_is_told(root):
    for file in (root / rdk_x5.HEAPS).iterdir():
        if file.name != "all_heap_info":
            file.unlink()
    with pytest.raises(UnreadableError, match="holds no heap"):
        read_ion(str(root))
