"""Opens the way from crop to result as the settings say: in the node, in threads, or in processes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from lprnet_ros.flow.delivery import Deliver
from lprnet_ros.flow.inline import InlineReading
from lprnet_ros.flow.job import CropReader
from lprnet_ros.flow.local_reader import LocalReader
from lprnet_ros.flow.pool import PoolSettings, WorkerPool
from lprnet_ros.flow.process_reader import ProcessReader, ReaderSetup
from lprnet_ros.models.load import load_manifest
from lprnet_ros.models.manifest import RecognizerManifest
from lprnet_ros.reading.rules import ReadingRules
from lprnet_ros.ros.parameters.lpr_settings import Settings
from lprnet_ros.runtimes import choose_runtime, find_runtime

ReadingFlow = InlineReading | WorkerPool


@dataclasses.dataclass(frozen=True)
class OpenedModel:
    """The model that a node reads with.

    Attributes:
        manifest: of the model.
        runtime: name of the runtime that runs it.
        kind: of the workers: ``thread``, ``process``, or ``none``.
    """

    manifest: RecognizerManifest
    runtime: str
    kind: str

    @classmethod
    def of(cls, settings: Settings) -> OpenedModel:
        """Read the manifest, and choose what is left to choose.

        Raises:
            ManifestError: the manifest is missing or broken, or does not go with the settings.
            RuntimeUnavailableError: no runtime reads such a file.
        """
        manifest = load_manifest(settings.model_path)
        settings.rules.check(manifest)
        runtime = choose_runtime(manifest) if settings.runtime == "auto" else settings.runtime
        kind = settings.worker_kind
        if settings.workers == 0:
            kind = "none"
        elif kind == "auto":
            kind = "process" if find_runtime(runtime).holds_gil else "thread"
        return cls(manifest, runtime, kind)


def open_flow(
    model: OpenedModel, settings: Settings, deliver: Deliver, report: Callable[[str], None]
) -> ReadingFlow:
    """Open the model in every worker.

    Args:
        model: what to read with.
        settings: how.
        deliver: takes each crop with its result, in the order of its camera.
        report: takes sentences for the log.

    Raises:
        ManifestError, RuntimeUnavailableError, InferenceError, SelfTestError, LogitsError:
            the model cannot be used.
        WorkerLostError: a worker process did not come up.
    """

    def open_reader(rules: ReadingRules) -> CropReader:
        setup = ReaderSetup(model.manifest.path, model.runtime, settings.threads, rules)
        if model.kind == "process":
            return ProcessReader(setup, timeout_seconds=settings.worker_timeout)
        return LocalReader(setup.open())

    if model.kind == "none":
        return InlineReading(open_reader, settings.rules, deliver)
    pool = PoolSettings(
        settings.workers, settings.queue_depth, settings.queue_policy, settings.worker_timeout
    )
    return WorkerPool(open_reader, settings.rules, deliver, report, pool)
