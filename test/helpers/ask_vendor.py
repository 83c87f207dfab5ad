"""Asks the vendor's checker about ONNX files, in the Python of .venv-board.

A line each: its name, bpu, cpu or refused, and the nodes on the CPU.
"""

import logging
import os
import re
import sys
import tempfile
from pathlib import Path

LOG = Path("hb_mapper_checker.log")


def ask(mapper, path):
    """What the checker wrote into its log about a graph; nothing where it broke off."""
    LOG.unlink(missing_ok=True)
    try:
        logging.getLogger().handlers.clear()  # each run opens the log anew
        arguments = ["checker", "--model-type", "onnx", "--march", "bayes-e", "--model", path]
        mapper.main(arguments, standalone_mode=False)
    except (Exception, SystemExit):  # noqa: BLE001 - a crash of the checker is a refusal too
        return ""
    return LOG.read_text(encoding="utf-8")


def verdict(log):
    """``bpu``: one part, and every node in it."""
    devices = set(re.findall(r"^\S+ +(BPU|CPU) +", log, re.MULTILINE))
    parts = set(re.findall(r"^\S+ +BPU +(id\(\d+\)) ", log, re.MULTILINE))
    return "refused" if not devices else "bpu" if devices == {"BPU"} and len(parts) == 1 else "cpu"


def main():
    paths = [os.path.abspath(path) for path in sys.argv[1:]]
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    answers = os.fdopen(os.dup(1), "w")
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w") as quiet:
        os.chdir(folder)
        os.dup2(quiet.fileno(), 1)
        os.dup2(quiet.fileno(), 2)
        from horizon_tc_ui.hb_mapper import main as mapper  # noqa: PLC0415 - prints while it is imported

        for path in paths:
            log = ask(mapper, path)
            on_cpu = " ".join(re.findall(r"^(\S+) +CPU ", log, re.MULTILINE))
            print(Path(path).stem, verdict(log), on_cpu, sep="\t", file=answers, flush=True)
        os.chdir("/")


if __name__ == "__main__":
    main()
