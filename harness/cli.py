"""The command line. One of the two doors: it may import every floor, and nothing imports it.

Exit codes: 0 valid, 1 invalid, 2 bad input or usage, 3 unknown; 130 when interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from harness.exits import EXIT_BAD_INPUT, EXIT_INTERRUPTED, PlainGroup, finish

if TYPE_CHECKING:
    from checkers.verdict import Validity
    from harness.experiment import Experiment
    from harness.investigate import Investigation
    from harness.plan import Plan

RUNS = Path("runs")

runs_option = click.option(
    "--runs",
    type=click.Path(path_type=Path, file_okay=False),
    default=RUNS,
    show_default=True,
    help="Folder in which each run gets a folder of its own.",
)
shrink_option = click.option(
    "--shrink-budget",
    type=click.IntRange(min=0),
    default=400,
    show_default=True,
    help="Runs that making a failure smaller may take; 0 to leave it as it is.",
)


@click.group(cls=PlainGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="splitbrain", prog_name="splitbrain")
def main() -> None:
    """Test distributed systems: inject faults, check histories, shrink failures.

    Start with `splitbrain demo`.
    """


@main.command()
@click.argument("system")
@click.option("--workload", "-w", help="What clients do; the system's first, unless given.")
@click.option(
    "--faults",
    "-f",
    default="kill,partition",
    show_default=True,
    help="Kinds of faults, by name or family, with commas between; 'all', or 'none'.",
)
@click.option(
    "--nodes", "-n", type=click.IntRange(1, 99), help="Servers; the system's usual number."
)
@click.option("--clients", "-c", type=click.IntRange(1, 999), default=5, show_default=True)
@click.option("--time-limit", "-t", default="10s", show_default=True, help="Virtual time of load.")
@click.option("--rate", default=20.0, show_default=True, help="Operations a virtual second.")
@click.option("--seed", "-s", type=int, default=0, show_default=True)
@click.option(
    "--count", type=click.IntRange(min=1), default=1, show_default=True, help="Seeds to try."
)
@click.option("--bug", help="Run the system with this planted bug (splitbrain list bugs).")
@click.option("--option", "-o", "options", multiple=True, help="NAME=VALUE, of the workload.")
@runs_option
@shrink_option
def run(
    system: str,
    workload: str | None,
    faults: str,
    nodes: int | None,
    clients: int,
    time_limit: str,
    rate: float,
    seed: int,
    count: int,
    bug: str | None,
    options: tuple[str, ...],
    runs: Path,
    shrink_budget: int,
) -> None:
    """Run SYSTEM under a workload and faults, judge it, and shrink what fails.

    With --count, seeds are tried one after the other until one fails; only the last run is kept.
    """
    from harness.plan import Plan, parse_seconds
    from harness.planning import draw, parse_options
    from systems import registry

    chosen = registry.system(system)
    base = Plan(
        system=system,
        workload=workload
        or (registry.BUGS[bug].workload if bug in registry.BUGS else None)
        or chosen.workloads[0],
        bug=bug,
        nodes=nodes or chosen.nodes,
        clients=clients,
        time_limit=parse_seconds(time_limit, "--time-limit"),
        rate=rate,
        options=parse_options(options),
    )

    def make(chosen_seed: int) -> Experiment:
        return registry.experiment(draw(base.with_(seed=chosen_seed), faults))

    finish(_try_seeds(make, seed, count, runs, shrink_budget))


def _try_seeds(
    make: Callable[[int], Experiment], seed: int, count: int, runs: Path, budget: int
) -> Validity:
    from harness.progress import ProgressLine
    from harness.search import search

    chosen = seed
    if count > 1:
        with ProgressLine(sys.stderr) as line:

            def tried(done: int, _: Validity) -> None:
                line.show(f"trying seeds: {done - seed + 1} of {count}")

            found = search(make, range(seed, seed + count), done=tried)
        chosen = seed + found.tried - 1
        click.echo(
            f"{found.tried} of {count} seeds tried, {found.operations} operations: "
            f"{found.valid} valid, {len(found.unknown)} unknown, "
            + (f"seed {chosen} is INVALID" if found.failure else "none invalid")
        )
    found_run = _investigate(make(chosen), runs, budget)
    _tell(found_run)
    return found_run.run.validity


def _investigate(experiment: Experiment, runs: Path, budget: int) -> Investigation:
    """Run, keep, shrink, report, with progress on standard error."""
    from harness.investigate import investigate
    from harness.progress import ProgressLine
    from harness.run import check_plan
    from harness.store import new_folder
    from reports import write_report

    check_plan(experiment)
    folder = new_folder(runs, experiment.plan)

    def running(fraction: float, phase: str) -> None:
        line.show(f"running: {phase}, {fraction:.0%}")

    def shrinking(made: int, best: Plan) -> None:
        size = "" if best.operations is None else f"{len(best.operations)} operations, "
        line.show(f"shrinking: run {made}, {size}{len(best.faults)} faults left")

    try:
        with ProgressLine(sys.stderr) as line:
            investigation = investigate(
                experiment,
                folder,
                replay=f"splitbrain replay {quote(str(folder))}",
                shrunk_replay=f"splitbrain replay {quote(str(folder / 'shrunk'))}",
                budget=budget,
                progress=running,
                shrink_progress=shrinking,
            )
    except KeyboardInterrupt:
        click.echo(
            "splitbrain: interrupted; what was recorded is kept: "
            f"splitbrain report {quote(str(folder))}",
            err=True,
        )
        sys.exit(EXIT_INTERRUPTED)
    if investigation.shrunk is not None:
        write_report(investigation.telling_folder)
    if investigation.problem is not None:
        click.echo(f"splitbrain: {investigation.problem}", err=True)
    write_report(folder)
    return investigation


def _tell(investigation: Investigation) -> None:
    from reports import load_run, render_terminal

    click.echo(render_terminal(load_run(investigation.folder)))


@main.command()
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@runs_option
def replay(run: Path, runs: Path) -> None:
    """Repeat RUN (its folder, or a plan.json) and say whether it came out the same.

    Exits with the code of the verdict; with 2 if the trace differs from the recorded one.
    """
    from harness.plan import InvalidPlan
    from harness.store import read_plan, recorded_digest
    from systems import registry

    plan = read_plan(run)
    if plan.system not in registry.SYSTEMS and "." in plan.system:
        raise InvalidPlan(
            f"{run} is a run of a test's own system, {plan.system}: "
            "repeat it with pytest TEST --splitbrain-replay PLAN"
        )
    investigation = _investigate(registry.experiment(plan), runs, budget=0)
    _tell(investigation)
    before, now = recorded_digest(run), investigation.run.trace.digest()
    if before is None:
        click.echo("nothing to compare with: RUN holds no recorded trace")
    elif before == now:
        click.echo(f"same trace, byte for byte (sha256 {now[:16]})")
    else:
        click.echo(
            f"splitbrain: the trace differs (sha256 {now[:16]}, recorded {before[:16]}): it was "
            "made by another version, or the system under test is not deterministic",
            err=True,
        )
        sys.exit(EXIT_BAD_INPUT)
    finish(investigation.run.validity)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--model", "-m", required=True, help="What the history must look like.")
@click.option(
    "--keyed/--not-keyed",
    default=None,
    help="Whether values are [key, value] pairs of independent keys; found out unless given.",
)
@click.option(
    "--budget",
    type=click.FloatRange(min=0, min_open=True),
    help="Seconds until the verdict is unknown; 60, unless given. Linearizability only.",
)
@click.option(
    "--algorithm",
    help="Linearizability only: 'search', or the name of a monitor; chosen unless given.",
)
@click.option(
    "--consistency",
    help="'sequential' in place of linearizable; for transactions an isolation level.",
)
@click.option("--option", "-o", "options", multiple=True, help="NAME=VALUE, of the checker.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
def check(
    file: Path,
    model: str,
    keyed: bool | None,
    budget: float | None,
    algorithm: str | None,
    consistency: str | None,
    options: tuple[str, ...],
    as_json: bool,
) -> None:
    """Judge a recorded history: Jepsen EDN, JSON lines, Porcupine's logs, plain or gzipped.

    Linearizability: register, cas-register, multi-register, kv, set, queue, stack, priority-queue,
    counter, mutex, fenced-lock, log, or your own model, FILE.py:NAME. Transactions: list-append,
    rw-register. Others: splitbrain list checkers.
    """
    import msgspec

    from harness.checking import checker, read
    from harness.planning import parse_options
    from harness.progress import ProgressLine
    from reports import render_verdicts

    with ProgressLine(sys.stderr) as line:

        def checking(passed: float) -> None:
            line.show(f"checking: {passed:.0%}")

        try:
            judge = checker(
                model,
                keyed=keyed,
                seconds=budget,
                algorithm=algorithm,
                consistency=consistency,
                options=parse_options(options),
                progress=checking,
            )
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        line.show("reading")
        history = read(file, model)
        verdict = judge.check(history)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(verdict.to_json()), indent=2).decode())
    else:
        for note in history.notes:
            click.echo(f"note: {note}")
        click.echo(render_verdicts([verdict]))
    finish(verdict.validity)


@main.command(name="verify")
@click.argument("history", type=click.Path(path_type=Path, exists=True))
@click.argument("certificate", required=False, type=click.Path(path_type=Path, exists=True))
@click.option("--model", "-m", required=True, help="The model of the verdict.")
def verify_command(history: Path, certificate: Path | None, model: str) -> None:
    """Check a verdict again, without the search that found it.

    CERTIFICATE is what `splitbrain check --json` printed, or a run's folder; if HISTORY is a run's
    folder, it can be left out. Exits with 0 if the certificate holds, 1 if not, 2 if it is none.
    """
    from checkers.linearizability import CertificateError, NoCertificate
    from harness.checking import verified

    try:
        click.echo(f"confirmed: {verified(history, certificate, model)}")
    except CertificateError as error:
        click.echo(f"refuted: {error}")
        sys.exit(1)
    except NoCertificate as error:
        click.echo(f"splitbrain: {error}", err=True)
        sys.exit(EXIT_BAD_INPUT)
    except ValueError as error:
        if type(error) is not ValueError:
            raise  # a history or a model that can't be read: told like everywhere
        raise click.UsageError(str(error)) from None


@main.command(name="report")
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path, exists=True, file_okay=False))
def report_command(run: Path) -> None:
    """Write RUN's report again (a killed run has none yet), and print where it is."""
    from reports import load_run, render_terminal, write_report

    page = write_report(run)
    click.echo(render_terminal(load_run(run)))
    click.echo(page)


@main.command(name="list")
@click.argument("what", type=click.Choice(["systems", "workloads", "faults", "checkers", "bugs"]))
def list_command(what: str) -> None:
    """List what there is: systems, workloads, faults, checkers or planted bugs."""
    from tabulate import tabulate

    from systems.catalogue import catalogue

    headers, rows = catalogue(what)
    click.echo(
        tabulate(rows, headers=headers, tablefmt="simple", maxcolwidths=[None, None, 60, 40])
    )


@main.command()
@runs_option
def demo(runs: Path) -> None:
    """Find a lost write in a replicated store, make it small, then show Raft survive the same.

    Takes under a minute. Exits with 0 if both came out as they should.
    """
    from harness.demo import run_demo
    from reports import load_run, render_terminal
    from systems import registry

    def render(folder: Path) -> str:
        return render_terminal(load_run(folder))

    sys.exit(run_demo(registry.experiment, runs, _investigate, render, click.echo))


@main.command()
@click.argument("system")
@click.option("--bug", help="Judge the system with this planted bug (splitbrain list bugs).")
@click.option(
    "--seeds", type=click.IntRange(min=0), default=5, show_default=True, help="Runs a workload."
)
@click.option(
    "--faults", "-f", default="none", show_default=True, help="Faults during the workloads."
)
def isolation(system: str, bug: str | None, seeds: int, faults: str) -> None:
    """Try to refute each isolation level of SYSTEM: ten scripted anomalies, then workloads.

    Exits with 1 if the level that the system claims is refuted, with 0 if not.
    """
    from harness.progress import ProgressLine
    from systems import registry
    from systems.transactions.ladder import climb, matrix

    chosen = registry.system(system)
    planted = registry.bug(chosen, bug) if bug else None
    with ProgressLine(sys.stderr) as line:
        ladder = climb(chosen, bug=planted, seeds=seeds, faults=faults, progress=line.show)
    click.echo(matrix(ladder))
    sys.exit(0 if ladder.holds else 1)


@main.command()
def doctor() -> None:
    """Check this installation: versions, where packages come from, whether runs are
    deterministic."""
    from harness.doctor import diagnose

    healthy = True
    for line in diagnose():
        click.echo(f"{'ok  ' if line.good else 'BAD '} {line.text}")
        healthy = healthy and line.good
    sys.exit(0 if healthy else EXIT_BAD_INPUT)


if __name__ == "__main__":
    main()
