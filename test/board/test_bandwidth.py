import pytest
import rdk_x5
from hypothesis import given
from hypothesis import strategies as st

from lprnet_ros.board.bandwidth import (
    DdrBandwidth,
    PortBandwidth,
    parse_statistics,
    read_bandwidth,
)
from lprnet_ros.board.sysfs import UnreadableError

PORTS = {name: PortBandwidth(read << 20, write << 20) for name, (read, write) in rdk_x5.PORTS.items()}
rates = st.integers(0, 2**40)


@given(st.dictionaries(st.sampled_from(list(PORTS)), st.tuples(rates, rates), min_size=1))
def test_the_drivers_statistics_are_read(ports):
    expected = {name: PortBandwidth(*rate) for name, rate in ports.items()}
    assert parse_statistics(rdk_x5.statistics_text(ports)).ports == expected


@pytest.mark.parametrize(
    "text",
    ["", "Port[cpu]:\n", rdk_x5.statistics_text().rsplit("\tWrite Bandwidth  ", 1)[0]],
)
def test_other_text_is_no_statistics(text):
    with pytest.raises(ValueError, match="these are no statistics"):
        parse_statistics(text)


@given(st.text())
def test_any_text_is_no_statistics(text):
    with pytest.raises(ValueError, match="these are no statistics"):
        parse_statistics(text)


def test_old_figures_of_a_monitor_that_does_not_count_are_not_shown(root):
    with pytest.raises(UnreadableError, match="is not counting"):
        read_bandwidth(str(root))
    (root / rdk_x5.AXI_MON / "enable").write_text("1\n")
    assert read_bandwidth(str(root)) == DdrBandwidth(PORTS)
    (root / rdk_x5.AXI_MON / "statistics").write_text("\n")
    with pytest.raises(UnreadableError, match="axi_mon/statistics: these are no statistics"):
        read_bandwidth(str(root))
