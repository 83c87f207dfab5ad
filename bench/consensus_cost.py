"""What ``Consensus.add`` costs a crop where plates are few or many and distinct.

``python bench/consensus_cost.py``: one line for each number of plates and each rate.  The plates follow each
other crop by crop, over and over.  The same stream is fed several times, and the smallest CPU time of each
crop counts, so that other processes on the machine do not.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import numpy.typing as npt

from lprnet_ros.consensus.vehicles import Consensus, Sighting
from lprnet_ros.reading.plate_reading import PlateReading, Verdict

PLATES = (31, 200, 1500)
RATES = (30.0, 100.0)
_PROVINCES = "京沪津渝冀晋蒙辽吉黑苏浙皖闽赣鲁豫鄂湘粤桂琼川贵云藏陕甘青宁新"


def stream(plates: int, rate: float, crops: int, seed: int = 0) -> list[Sighting]:
    """Return sightings of so many distinct plates, a crop each in turn, ``rate`` crops a second."""
    generator = np.random.default_rng(seed)
    texts: dict[str, None] = {}
    while len(texts) < plates:
        city, serial = generator.integers(3), generator.integers(10, size=5)
        texts[_PROVINCES[len(texts) % 31] + "ABC"[city] + "".join(map(str, serial))] = None
    names = list(texts)
    sightings = []
    for i in range(crops):
        text, sure = names[i % plates], float(generator.uniform(0.6, 0.999))
        other = text[:-1] + str(int(generator.integers(10)))
        reading = PlateReading(
            text, sure, (sure,) * len(text), ((other, (1 - sure) / 2),), verdict=Verdict.ACCEPTED
        )
        sightings.append(Sighting(i / rate, "gate", reading, stamp=i))
    return sightings


def costs(sightings: list[Sighting], passes: int) -> npt.NDArray[np.float64]:
    """Return the smallest CPU time of ``add`` for each sighting over so many passes, in microseconds."""
    smallest = np.full(len(sightings), np.inf)
    for _ in range(passes):
        consensus, taken = Consensus(), np.empty(len(sightings))
        for i, sighting in enumerate(sightings):
            started = time.thread_time_ns()
            consensus.add(sighting)
            taken[i] = (time.thread_time_ns() - started) * 1e-3
        np.minimum(smallest, taken, out=smallest)
    return smallest


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--crops", type=int, default=3000, help="crops of each stream (default: 3000)")
    parser.add_argument("--passes", type=int, default=5, help="how often each stream is fed (default: 5)")
    options = parser.parse_args()
    print("plates  crops/s  mean us  median us  p99 us")
    for plates in PLATES:
        for rate in RATES:
            taken = costs(stream(plates, rate, options.crops), options.passes)
            mean, median, late = taken.mean(), np.median(taken), np.percentile(taken, 99)
            print(f"{plates:6}{rate:9.0f}{mean:9.1f}{median:11.1f}{late:8.1f}", flush=True)


if __name__ == "__main__":
    main()
