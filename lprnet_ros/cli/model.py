"""``lpr_model``: get model files, install them, check them, describe new ones."""

from __future__ import annotations

import argparse
import hashlib
import sys
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lprnet_ros.cli.common import parse, run
from lprnet_ros.finding.finder import PlateFinder
from lprnet_ros.models.derive import write_manifest_like
from lprnet_ros.models.find import find_model, find_models_folder, installed_models_folders
from lprnet_ros.models.install import install, usual_folder
from lprnet_ros.models.load import load_any_manifest, load_manifest
from lprnet_ros.models.manifest import FinderManifest, ManifestError, RecognizerManifest, manifest_path
from lprnet_ros.reading.ctc import decode_greedy
from lprnet_ros.reading.recognizer import PlateRecognizer
from lprnet_ros.reading.rules import ReadingRules
from lprnet_ros.reading.self_test import logits_cosine
from lprnet_ros.runtimes import RUNTIME_NAMES, RuntimeUnavailableError, open_runtime
from lprnet_ros.text.console import program


@program("lpr_model")
def main(arguments: list[str] | None = None) -> int:
    """Do one of the command's verbs."""
    parser = argparse.ArgumentParser(prog="lpr_model", description="Get, check and describe model files.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    model_help = "its file, or the bare name of a bundled or installed one, such as lpr.bin"

    fetch = verbs.add_parser("fetch", help="get a model, check its SHA-256 and install it with its manifest")
    fetch.add_argument("model", metavar="MODEL", help=f"{model_help}; its manifest must be there")
    fetch.add_argument(
        "--url", metavar="SOURCE", help="address (https, http, file) or path (default: the manifest's url)"
    )
    fetch.add_argument(
        "--to",
        type=Path,
        metavar="FOLDER",
        help="where to install it (default: /opt/hobot/model/x5/lprnet on a board where that can be "
        "written, else $XDG_DATA_HOME/lprnet_ros/models)",
    )
    fetch.add_argument("--replace", action="store_true", help="another model of that name there may go")
    fetch.add_argument("--timeout", type=float, default=300.0, help="seconds for all of it (default: 300)")
    fetch.add_argument("--max-megabytes", type=float, default=64.0, help="no more is read (default: 64)")

    verify = verbs.add_parser("verify", help="check SHA-256 and self-test; exit status 1 if one fails")
    verify.add_argument("models", nargs="+", metavar="MODEL", help=model_help)
    verify.add_argument("--runtime", choices=RUNTIME_NAMES, default="auto", help="default: auto")

    info = verbs.add_parser("info", help="show manifests and the state of the files")
    info.add_argument(
        "models", nargs="*", metavar="MODEL", help=f"{model_help} (default: all that are known)"
    )

    describe = verbs.add_parser("describe", help="write the manifest of a file that was made out of a model")
    describe.add_argument("file", type=Path, metavar="FILE", help="such as the .bin that hb_mapper wrote")
    describe.add_argument("--like", required=True, metavar="MODEL", help=f"what it was made of: {model_help}")
    describe.add_argument(
        "--minimum-cosine",
        type=float,
        help="least cosine of its logits with that model's in the self-test (default: that model's)",
    )

    compare = verbs.add_parser(
        "compare",
        help="compare outputs of hrt_model_exec infer or of the compiler with a model's; exit "
        "status 1 if one is too far off",
    )
    compare.add_argument("model", metavar="MODEL", help=f"the model to compare with: {model_help}")
    compare.add_argument(
        "--input",
        type=Path,
        required=True,
        metavar="RAW",
        help="raw float32 input: a sample of lpr_calibrate",
    )
    compare.add_argument(
        "--output", type=Path, required=True, nargs="+", metavar="RAW", help="raw float32 outputs for it"
    )
    compare.add_argument("--minimum-cosine", type=float, help="default: the manifest's")
    compare.add_argument("--runtime", choices=RUNTIME_NAMES, default="auto", help="default: auto")

    options = parse(parser, arguments)
    if options.verb == "fetch" and (options.timeout <= 0 or options.max_megabytes <= 0):
        parser.error("--timeout and --max-megabytes are more than 0")
    verb = {"fetch": _fetch, "verify": _verify, "info": _info, "describe": _describe, "compare": _compare}
    return run("lpr_model", lambda: verb[options.verb](options))


def _fetch(options: argparse.Namespace) -> int:
    described = _described(options.model)
    manifest = load_any_manifest(described)
    source = options.url or manifest.url
    if not source:
        problem = f"{manifest_path(described)} names no url"
        raise ManifestError(f"{problem}; say with --url where {described.name} is")
    limits = {"maximum_bytes": int(options.max_megabytes * (1 << 20)), "timeout": options.timeout}
    folder = options.to if options.to is not None else usual_folder()
    target, was_fetched = install(described, source, folder, replace=options.replace, **limits)
    print(f"{'installed' if was_fetched else 'already there:'} {target}")
    name = target.name if target.parent in installed_models_folders() else target
    is_finder = isinstance(manifest, FinderManifest)
    option, parameter = ("finder", "finder_model") if is_finder else ("model", "model")
    print(f"use it with --{option} {name} or {parameter}:={name}")
    return 0


def _described(name: str) -> Path:
    """Return where a model with a manifest lies, whether its file is there or not."""
    found = find_model(name)
    places = [found, *(folder / found.name for folder in installed_models_folders())]
    return next((place for place in places if manifest_path(place).is_file()), found)


def _verify(options: argparse.Namespace) -> int:
    return max(run("lpr_model", partial(_verify_one, name, options.runtime)) for name in options.models)


def _verify_one(name: str, runtime: str) -> int:
    model = find_model(name)
    manifest = load_any_manifest(model)
    opened: PlateRecognizer | PlateFinder
    try:
        if isinstance(manifest, FinderManifest):
            opened = PlateFinder.open(model, runtime)
        else:
            rules = ReadingRules("greedy", require_syntax=False)
            opened = PlateRecognizer.open(model, runtime, rules=rules)
    except RuntimeUnavailableError as error:
        print(f"{model}: SHA-256 right; self-test not run: {error}")
        return 0
    image, done = manifest.self_test.image, "input as it should be"
    if image is not None and isinstance(manifest, FinderManifest):
        done = f"finds what is in {image.name}, plates: {len(manifest.self_test.quads)}"
    elif image is not None and isinstance(manifest, RecognizerManifest):
        done = f"reads {image.name} as {manifest.self_test.text}"
    print(f"{model}: SHA-256 right; self-test passed with runtime {opened.runtime.name}: {done}")
    opened.close()
    return 0


def _info(options: argparse.Namespace) -> int:
    models = [find_model(name) for name in options.models]
    if not models:
        folders = (find_models_folder(), *installed_models_folders())
        models = [path.with_suffix("") for folder in folders for path in sorted(folder.glob("*.*.yaml"))]
    return max(run("lpr_model", partial(_show_one, model)) for model in models)


def _show_one(model: Path) -> int:
    manifest = load_any_manifest(model)
    rule, image = manifest.input, manifest.self_test.image
    if isinstance(manifest, FinderManifest):
        use = f"a cell each {manifest.stride} pixels, plates from a score of {manifest.minimum_score:g} on"
        answer = f"plates: {len(manifest.self_test.quads)}"
    else:
        answer = manifest.self_test.text
        use = f"syntax {manifest.syntax.name if manifest.syntax is not None else 'none'}"
    lines = {
        "file": _state(manifest),
        "name": manifest.name,
        "sha256": manifest.sha256,
        "input": f"{_by(manifest.input.shape)} {rule.channel_order}, {rule.formula}",
        "output": f"{_by(manifest.output.shape)}, {use}",
        "self-test": f"{image.name}: {answer}" if image is not None else "input alone",
    }
    compiled = ", ".join(f"{key} {value}" for key, value in manifest.compiled.items())
    lines |= {"compiled": compiled} if compiled else {}
    lines |= {"url": manifest.url} if manifest.url else {}
    print(manifest.path, *(f"  {name:10} {value}" for name, value in lines.items()), sep="\n")
    return 0


def _state(manifest: RecognizerManifest | FinderManifest) -> str:
    if not manifest.path.is_file():
        return "not there: lpr_model fetch"
    if hashlib.sha256(manifest.path.read_bytes()).hexdigest() != manifest.sha256:
        return "is not the file of this manifest (SHA-256)"
    return f"{manifest.path.stat().st_size} bytes, SHA-256 right"


def _by(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _describe(options: argparse.Namespace) -> int:
    if not options.file.is_file():
        raise ManifestError(f"{options.file}: no such file")
    model = find_model(options.like)
    if options.file.resolve() == model.resolve():
        raise ManifestError(f"--like {model}: expected another model than the one to describe")
    if options.minimum_cosine is not None:
        load_manifest(model)  # a finder has no logits
    changes = {} if options.minimum_cosine is None else {"minimum_cosine": options.minimum_cosine}
    print(f"wrote {write_manifest_like(model, options.file, changes={'self_test': changes})}")
    return 0


def _compare(options: argparse.Namespace) -> int:
    manifest = load_manifest(find_model(options.model))
    manifest.verify_file()
    shape = manifest.output.shape[1:]
    tensor = _read_raw(options.input, manifest.input.shape)
    outputs = [_read_raw(path, shape) for path in options.output]
    runtime = open_runtime(options.runtime, manifest)
    expected = runtime.infer(tensor)[0]
    runtime.close()
    least = options.minimum_cosine
    least = manifest.self_test.minimum_cosine if least is None else least
    print(f"{manifest.path.name}\t{decode_greedy(expected, manifest.alphabet).text}")
    status = 0
    for path, output in zip(options.output, outputs, strict=True):
        text, cosine = decode_greedy(output, manifest.alphabet).text, logits_cosine(output, expected)
        missed = "" if cosine >= least else f", expected at least {least}"
        print(f"{path}\t{text}\tcosine {cosine:.4f}{missed}")
        status = 1 if missed else status
    return status


def _read_raw(path: Path, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Read raw little-endian float32 numbers, as many as the shape holds."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ManifestError(f"{path}: cannot be read ({error.strerror})") from error
    expected = 4 * int(np.prod(shape))
    if len(content) != expected:
        raise ManifestError(f"{path}: has {len(content)} bytes, expected {expected}: {_by(shape)} float32")
    return np.frombuffer(content, "<f4").reshape(shape).astype(np.float32)


if __name__ == "__main__":
    sys.exit(main())
