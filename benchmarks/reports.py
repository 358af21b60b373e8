"""How long a report takes to make, and how large its page is, by the number of operations.

    python benchmarks/reports.py            # writes benchmarks/reports.txt, too

Runs of 1,000, 10,000 and 100,000 operations by ten clients under five faults, valid ones and ones
with a stale read; each figure is the least of three, in seconds of CPU. One more is a simulated run
that loses a write, with its trace of 70,000 messages, which the page draws: it is measured once.
The last line is how busy the machine was: seconds of CPU grow a little where others use its caches.
"""

import argparse
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "reports"))

import sample_runs
from quick import parsed

from splitbrain.harness.plan import Plan
from splitbrain.harness.planning import draw
from splitbrain.harness.runs.store import run_in_folder
from splitbrain.reports import render_terminal, write_report
from splitbrain.systems import registry

SIZES = (1_000, 10_000, 100_000)
KINDS = {"valid": sample_runs.valid_run, "invalid": sample_runs.stale_run}


def traced_run(folder):
    """Leader-follower replication that loses writes, under 1,000 operations a second."""
    system, bug = registry.bugs()["REP-01"]
    plan = Plan(
        system.name,
        bug.workload,
        bug=bug.id,
        nodes=3,
        clients=30,
        seed=2,
        rate=1000.0,
        time_limit=15.0,
    )
    folder.mkdir()
    run = run_in_folder(registry.experiment(draw(plan, ",".join(bug.faults))), folder)
    return len(run.history.calls()), str(run.validity)


def measured(folder, times_tried=3):
    """Least CPU seconds to write a run's report and tell it, and the page's bytes."""
    times = []
    for _ in range(times_tried):
        start = time.process_time()
        view = write_report(folder)
        render_terminal(view)
        times.append(time.process_time() - start)
    return min(times), view.page.stat().st_size


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words = parsed(parser)
    lines = [f"{'operations':>10}  {'verdict':8} {'CPU s':>6} {'page, KB':>9}"]
    with tempfile.TemporaryDirectory() as scratch:
        for size in SIZES[:2] if words.quick else SIZES:
            for kind, make in KINDS.items():
                seconds, page = measured(make(Path(scratch) / f"{kind}{size}", size))
                lines.append(f"{size:>10,}  {kind:8} {seconds:6.2f} {page / 1000:9,.0f}")
                print(lines[-1])
        size, kind = traced_run(Path(scratch) / "traced")
        seconds, page = measured(Path(scratch) / "traced", 1)
        lines.append(f"{size:>10,}  {kind:8} {seconds:6.2f} {page / 1000:9,.0f}  with its trace")
        print(lines[-1])
    lines.append(
        f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, "
        f"Python {platform.python_version()}"
    )
    if not words.quick:
        (Path(__file__).with_suffix(".txt")).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
