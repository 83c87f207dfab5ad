"""A copy of the files in which an RDK X5 tells its state, and what its kernel does when one is written.

Sources, in brackets at each file:
    [facts]  D-Robotics/rdk_doc driver_bpu_sysfs_dev.md, driver_thermal_dev.md; the source project's README
    [som]    D-Robotics/x5-hobot-utils d8061c8, debian/usr/bin/hrut_somstatus
    [kernel] D-Robotics/x5-kernel 395fa71 (Linux 6.1.83)
Values are those of [facts]' sample of hrut_somstatus; nothing here was read on a board.
"""

import errno
import os

BPU = "sys/devices/system/bpu/bpu0"
DEVFREQ = f"{BPU}/devfreq/3a000000.bpu"  # [som] names 3a00*000.bpu
CPUFREQ = "sys/devices/system/cpu/cpufreq"
POLICY = f"{CPUFREQ}/policy0"
HWMON = "sys/class/hwmon/hwmon0"
ZONES = "sys/class/thermal"
HEAPS = "sys/kernel/debug/ion/heaps"
AXI_MON = "sys/kernel/debug/axi_mon"
CLOCK = "sys/kernel/debug/clk/bpu_mclk_2x_clk/clk_rate"
MODEL = "proc/device-tree/model"
BOOST = f"{CPUFREQ}/boost"
GOVERNOR = f"{POLICY}/scaling_governor"
LIMIT = f"{POLICY}/scaling_max_freq"
SPEED = f"{POLICY}/scaling_setspeed"
STATE = "run/lprnet_ros/performance.json"

VALUES = {
    MODEL: "D-Robotics RDK X5 V1.0\0",  # [kernel] arch/arm64/boot/dts/hobot/x5-rdk-v1p0.dts
    f"{BPU}/ratio": "9\n",  # [facts]; [kernel] bpu_debug.c: "%d\n"
    f"{BPU}/power_enable": "1\n",  # [facts]; [kernel] bpu_debug.c
    f"{DEVFREQ}/min_freq": "498000000\n",  # [som]: Hz; [kernel] clk-x5.c: 996 MHz is called 1 GHz
    f"{DEVFREQ}/cur_freq": "996000000\n",
    f"{DEVFREQ}/max_freq": "1000000000\n",
    f"{HWMON}/name": "pvt\n",  # [facts], [som]
    f"{HWMON}/temp1_input": "46600\n",  # DDR
    f"{HWMON}/temp2_input": "45900\n",  # BPU
    f"{HWMON}/temp3_input": "46100\n",  # CPU
    f"{ZONES}/thermal_zone0/type": "thermal-cpu\n",  # [kernel] x5.dtsi
    f"{ZONES}/thermal_zone0/temp": "46100\n",
    f"{ZONES}/thermal_zone1/type": "thermal-ddr\n",
    f"{ZONES}/thermal_zone1/temp": "46600\n",
    f"{ZONES}/cooling_device0/type": "cpufreq-cpu0\n",  # [kernel] cpufreq_cooling.c
    f"{ZONES}/cooling_device0/cur_state": "0\n",
    f"{POLICY}/scaling_cur_freq": "1200000\n",  # [facts]: kHz
    LIMIT: "1500000\n",  # [som] shows 1500
    GOVERNOR: "schedutil\n",  # [kernel] the default of arm64
    SPEED: "<unsupported>\n",  # [kernel] cpufreq.c
    BOOST: "0\n",  # [facts]
    f"{CPUFREQ}/schedutil/rate_limit_us": "2000\n",  # [kernel] cpufreq_schedutil.c
    "sys/class/devfreq/soc:ddrc-freq/cur_freq": "4266000000\n",  # [som]; [kernel] x5.dtsi
    CLOCK: "996000000\n",  # the source project's README; [kernel] clk-x5.c
    f"{AXI_MON}/enable": "0\n",  # [kernel] horizon_axi_monitor_debugfs.c
}

LINE = "-" * 73
MEBIBYTE = 1 << 20


def heap_text(name, number, size, clients, allocations, tail=""):
    """[kernel] drivers/staging/android/ion/ion.c, ion_heap_show.

    Args:
        name: of the heap.
        number: its id.
        size: in bytes; None for those that take from the kernel's memory.
        clients: (process's name, its id, bytes).
        allocations: (process's name, id of the thread, type, bytes, whether an orphan).
        tail: what the heap itself adds.
    """
    if size is None:
        head = f"{name:>16} allocates from kernel heap"
    else:
        head = f"{name:>16} {'heap total size':>16} {size:16d}"
    rows = [LINE, f"the heap id is {number}", LINE, LINE, head, LINE]
    rows += [f"{'heap name':>16} {'client':>16} {'pid':>16} {'size':>16}", LINE]
    rows += [f"{name:>16} {comm:>16} {pid:16d} {count:16d}" for comm, pid, count in clients]
    rows += [LINE, "allocations (info is from last known client):"]
    for comm, tid, kind, count, is_orphan in allocations:
        rows.append(f"{comm:>16} {tid:16d} {kind:>16} {count:16d} 0{' orphaned' * is_orphan}")
    orphaned = sum(count for _, _, _, count, is_orphan in allocations if is_orphan)
    total = sum(count for _, _, _, count, _ in allocations)
    rows += [LINE, f"{'total orphaned':>16} {orphaned:16d}", f"{'total ':>16} {total:16d}", LINE]
    return "\n".join(rows) + "\n" + tail


CARVEOUT = heap_text(
    "carveout",
    2,
    768 * MEBIBYTE,  # [facts]
    [("lpr_node", 4321, 1_163_264), ("lpr_node", 4321, 4096), ("mipi cam 0", 99, 2 * MEBIBYTE)],
    [
        ("lpr_node", 4330, "bpu", 1_163_264, False),  # 4330: a thread of 4321
        ("lpr_node", 4330, "bpu", 4096, False),
        ("mipi cam 0", 99, "pymdata", 2 * MEBIBYTE, False),
        ("gone", 7, "other", 8192, True),
    ],
)
CMA_RESERVED = heap_text("cma_reserved", 6, 256 * MEBIBYTE, [], [])
SYSTEM = heap_text(
    "system",
    0,
    None,
    [("lpr_node", 4321, 4096)],
    [("lpr_node", 4321, "other", 4096, False)],
    "0 order 4 highmem pages in pool = 0 total\n0 order 4 lowmem pages in pool = 0 total\n",
)
VALUES |= {
    f"{HEAPS}/carveout": CARVEOUT,
    f"{HEAPS}/cma_reserved": CMA_RESERVED,
    f"{HEAPS}/system": SYSTEM,
    f"{HEAPS}/all_heap_info": CARVEOUT + CMA_RESERVED + SYSTEM,
}

PORTS = {"cpu": (110, 103), "bpu": (4035, 1175), "vin": (0, 0), "codec": (0, 0), "gpu": (0, 0)}
"""MB/s read and written, of an output of hrut_ddr that a user published."""


def statistics_text(ports=None):
    """[kernel] horizon_axi_monitor_debugfs.c, port_stat_show; ports: bytes a second read and written."""
    ports = ports or {name: (read << 20, write << 20) for name, (read, write) in PORTS.items()}
    rule = "=" * 40
    lines = [rule, "Actual monitor time:20 millisecs", "DDR Full bandwidth:12800000000 Bytes/sec"]
    lines.append("Port utilization statistics:")
    for name, (read, write) in ports.items():
        lines += [rule, f"Port[{name}]:", f"\tRead  Bandwidth             : {read} Bytes/sec"]
        lines += ["\tRead  Bandwidth Utilization : 1%", f"\tWrite Bandwidth             : {write} Bytes/sec"]
        lines += ["\tWrite Bandwidth Utilization : 1%", rule]
    return "\n".join(lines) + "\n"


VALUES[f"{AXI_MON}/statistics"] = statistics_text()


def build(root, values=VALUES):
    """Write the files below a folder, and return it."""
    for path, content in values.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    (root / "run").mkdir(exist_ok=True)
    return root


class Kernel:
    """Answers writes below a folder as the X5's kernel does.

    Attributes:
        writes: (file, value) of each write, in order.
        clock_for: what the clock tree makes of a rate; others stay as asked.
        refused: files whose values are refused with EINVAL.
        power_cut_at: the number of the write at which the power goes.
    """

    GOVERNORS = ("conservative", "ondemand", "userspace", "powersave", "schedutil", "performance")

    def __init__(self, root):
        self.root = root
        self.writes = []
        self.clock_for = {}
        self.refused = set()
        self.power_cut_at = None

    def get(self, path):
        return (self.root / path).read_text(encoding="utf-8").strip()

    def set(self, path, value):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(f"{value}\n", encoding="utf-8")

    def write(self, path, value):
        path = os.path.relpath(path, self.root)
        if not (self.root / path).is_file():
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", path)
        if self.power_cut_at == len(self.writes):
            raise PowerCutError
        self.writes.append((path, value))
        if path in self.refused or (path == GOVERNOR and value not in self.GOVERNORS):
            raise OSError(errno.EINVAL, "Invalid argument", path)
        before = self.get(path)
        self.set(path, self.clock_for.get(value, value) if path == CLOCK else value)
        if path == BOOST and value != before:  # cpufreq_boost_set_sw
            self.set(LIMIT, 1_800_000 if value == "1" else 1_500_000)
        elif path == GOVERNOR and value != before:  # the tunables go with the governor
            for file in (self.root / CPUFREQ / before).glob("*"):
                file.unlink()
            defaults = {
                "schedutil": {"rate_limit_us": 2000},
                "ondemand": {"up_threshold": 80, "io_is_busy": 0},
            }
            for name, default in defaults.get(value, {}).items():
                self.set(f"{CPUFREQ}/{value}/{name}", default)
            self.set(
                SPEED, self.get(f"{POLICY}/scaling_cur_freq") if value == "userspace" else "<unsupported>"
            )


class PowerCutError(BaseException):
    """Nothing after it runs."""
