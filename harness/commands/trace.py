"""`splitbrain trace`: questions to the trace of a run."""

from __future__ import annotations

from pathlib import Path

import click

from splitbrain.harness.commands.common.output import say


@click.command(name="trace")
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@click.argument("words", metavar="[WORD]...", nargs=-1)
@click.option(
    "--knew", metavar="NODE@WHEN", help="Only what a node knew of by then: n3@2210, n3@6.5s."
)
@click.option("--heard", metavar="NODE", help="Tell of each event when this node came to know it.")
@click.option(
    "--until",
    metavar="WHEN",
    help="Only events up to then (6.5s); of a trace over 48 MB, what is before it is read.",
)
@click.option(
    "--limit", type=click.IntRange(min=1), default=200, show_default=True, help="Events told."
)
def command(
    run: Path,
    words: tuple[str, ...],
    knew: str | None,
    heard: str | None,
    until: str | None,
    limit: int,
) -> None:
    """Tell the events of RUN that have all WORDs, with their numbers.

    A node knows of an event if a chain of messages leads from it to the node (happened before).
    "A leader of term 7 before n1 heard of it": splitbrain trace RUN role leader 7 --heard n1.

    Exits with 0; with 2 if there is no trace, or no such node.
    """
    from splitbrain.harness.plan import InvalidPlan, parse_seconds
    from splitbrain.harness.runs.folders import StoreError
    from splitbrain.harness.runs.querying import hears_of, matching, moment_of, told
    from splitbrain.harness.runs.recorded_trace import RunTrace

    end = None if until is None else round(parse_seconds(until, "--until") * 1e9)
    trace = RunTrace(run, end)
    if not trace.events:
        raise StoreError(f"{run}: {trace.problem or 'it has no trace.jsonl'}")
    if trace.part:
        say(f"note: {trace.part}; --until WHEN reads another part")
    if heard is not None and heard not in trace.hosts:
        raise InvalidPlan(f"--heard {heard}: there are {', '.join(trace.hosts[:20])}")
    known = None
    if knew is not None:
        moment = moment_of(trace, knew)
        known = trace.past([moment.event])
        say(f"what {moment.node} knew at {trace.time(moment.event) / 1e9:.6f} s, of each its last:")
        for host, last in sorted(known.items()):
            say(f"  {host}: {told(trace, last).strip()}")
        if not words:
            return
    found = matching(trace, words, known)
    found = [at for at in found if end is None or trace.time(at) <= end]
    for at in found[:limit]:
        say(told(trace, at))
        if heard is not None:
            then = hears_of(trace, at, heard)
            never = f"{heard} never hears of it"
            say(f"         {never if then is None else f'{heard} hears of it:{told(trace, then)}'}")
    if len(found) > limit:
        say(f"... {len(found) - limit:,} more: give more words, or --limit")
    if not found:
        say("no event has these words")
