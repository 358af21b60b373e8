"""CPU seconds of whole commands until something happens, beside Python and pytest alone.

    python benchmarks/startup.py [--times 5]

The median of so many processes; files of byte code are there already, as after a first use.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from quick import parsed
from tabulate import tabulate

ONE_RUN = """
from splitbrain import simulate
from splitbrain.systems.registry import experiment


@simulate(runs=1)
def test_raft(plan):
    return experiment(plan.with_(system="raft", workload="register", time_limit=1.0))
"""

CLI = (sys.executable, "-m", "splitbrain")
PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")


def cpu_seconds(*words, folder):
    """CPU seconds of a process and of those it started."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(words, cwd=folder, stdout=subprocess.DEVNULL, env=os.environ, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)} ended with {done.returncode}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def history(lines):
    for number in range(lines // 2):
        f, value = ("write", 1) if number % 2 == 0 else ("read", 1)
        asked = None if f == "read" else value
        yield json.dumps({"process": 0, "type": "invoke", "f": f, "value": asked})
        yield json.dumps({"process": 0, "type": "ok", "f": f, "value": value})


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=5)
    times = parsed(parser, times=1).times
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "ten.jsonl").write_text("\n".join(history(20)) + "\n")
        (folder / "test_none.py").write_text("def test_none():\n    pass\n")
        (folder / "test_one_run.py").write_text(ONE_RUN)
        commands = {
            "python -c pass": (sys.executable, "-c", "pass"),
            "splitbrain --help": (*CLI, "--help"),
            "splitbrain check, ten operations": (*CLI, "check", "ten.jsonl", "-m", "register"),
            "pytest, without the plugin": (*PYTEST, "-p", "no:splitbrain", "test_none.py"),
            "pytest": (*PYTEST, "test_none.py"),
            "pytest, one run of Raft": (*PYTEST, "test_one_run.py"),
        }
        rows = []
        for told, words in commands.items():
            cpu_seconds(*words, folder=folder)
            taken = [cpu_seconds(*words, folder=folder) for _ in range(times)]
            rows.append([told, f"{median(taken):.2f}"])
    print(tabulate(rows, ["command", "CPU s"], "github", disable_numparse=True))


if __name__ == "__main__":
    main()
