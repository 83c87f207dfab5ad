"""Opens the way from crop to result: in the calling thread, in worker threads, or in worker processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lprnet_ros.flow.delivery import Deliver
from lprnet_ros.flow.inline import InlineReading
from lprnet_ros.flow.job import CropReader
from lprnet_ros.flow.pool import PoolSettings, WorkerPool
from lprnet_ros.flow.process_reader import ProcessReader, ReaderSetup
from lprnet_ros.images.crop_image import CropImage
from lprnet_ros.models.load import load_manifest
from lprnet_ros.models.manifest import RecognizerManifest
from lprnet_ros.reading.recognizer import ReadingRules, ReadResult
from lprnet_ros.runtimes import choose_runtime, find_runtime

Flow = InlineReading | WorkerPool[CropImage, ReadResult]


@dataclass(frozen=True)
class ChosenModel:
    """The model that a node reads with.

    Attributes:
        manifest: of the model.
        runtime: name of the runtime that runs it.
        kind: of the workers: ``thread``, ``process``, or ``none``.
    """

    manifest: RecognizerManifest
    runtime: str
    kind: str


def choose_model(
    model: Path, rules: ReadingRules, *, runtime: str = "auto", worker_kind: str = "auto", workers: int = 1
) -> ChosenModel:
    """Read a model's manifest, and choose what is left to choose.

    Args:
        model: the model file.
        rules: how its crops are to be read.
        runtime: name of a runtime, or ``auto``.
        worker_kind: ``thread``, ``process``, or ``auto``: processes for a runtime that holds the GIL.
        workers: how many; 0 reads in the calling thread.

    Raises:
        ManifestError: the manifest is missing or broken, or does not go with the rules.
        RuntimeUnavailableError: no runtime reads such a file.
    """
    manifest = load_manifest(model)
    rules.check(manifest)
    runtime = choose_runtime(manifest) if runtime == "auto" else runtime
    if workers == 0:
        worker_kind = "none"
    elif worker_kind == "auto":
        worker_kind = "process" if find_runtime(runtime).holds_gil else "thread"
    return ChosenModel(manifest, runtime, worker_kind)


def open_flow(
    model: ChosenModel,
    rules: ReadingRules,
    pool: PoolSettings,
    deliver: Deliver[CropImage, ReadResult],
    report: Callable[[str], None],
    *,
    threads: int = 1,
) -> Flow:
    """Open the model in every worker.

    Args:
        model: what to read with.
        rules: how.
        pool: the workers; only its timeout counts where there are none.
        deliver: takes each crop with its result, in the order of its camera.
        report: takes sentences for the log.
        threads: CPU threads of one inference.

    Raises:
        ManifestError, RuntimeUnavailableError, InferenceError, SelfTestError, LogitsError:
            the model cannot be used.
        WorkerLostError: a worker process did not come up.
    """

    def open_reader(rules: ReadingRules) -> CropReader:
        setup = ReaderSetup(model.manifest.path, model.runtime, threads, rules)
        if model.kind == "process":
            return ProcessReader(setup, timeout_seconds=pool.timeout_seconds)
        return setup.open()

    if model.kind == "none":
        return InlineReading(open_reader, rules, deliver)
    return WorkerPool(open_reader, rules, deliver, report, pool)
