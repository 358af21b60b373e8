"""Faults of disks: slow ones, full ones, ones that fail, and ones that lie.

Slow disks and those that stall concern every system. The others strike a single copy of data that
few systems check, so `all` leaves them out: they are drawn where they are named, and for systems
that claim to survive them, or at least to notice. Sources: Bairavasundaram et al., "An Analysis of
Data Corruption in the Storage Stack" (FAST 2008); Ganesan et al., "Redundancy Does Not Imply Fault
Tolerance" (FAST 2017); Rebello et al., "Can Applications Recover from fsync Failures?" (ATC 2020).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from splitbrain.harness.nemesis.control import Effect
from splitbrain.harness.nemesis.injection import Context, Injection, Strike, merged
from splitbrain.harness.nemesis.kind import Kind, Parameter, Words, log_uniform
from splitbrain.harness.nemesis.rules import DiskRule, Trouble

CALLS = {
    "slow": "fsyncs_slowed",
    "stall": "fsyncs_stalled",
    "fsync": "fsyncs_failed",
    "fsync-dropped": "fsyncs_failed",
    "eio": "calls_failed",
    "enospc": "writes_refused",
    "short": "calls_shortened",
    "lost": "writes_not_done",
    "misdirected": "writes_misplaced",
    "misread": "reads_misplaced",
    "stale": "reads_outdated",
}
"""What each trouble is seen to do."""


def _trouble(context: Context, trouble: Trouble, amount: float = 0.0) -> Injection:
    """The trouble, from the fault's start to its end."""
    targets, control = context.targets(), context.control
    rule = DiskRule(context.fault.id, targets.nodes, trouble, amount)

    def end() -> Effect:
        control.remove_disk_rule(rule)
        return {CALLS[trouble]: rule.affected}

    return Strike(targets.nodes, context.detail(targets), lambda: control.add_disk_rule(rule), end)


def slow(context: Context) -> Injection:
    """``disk.slow``: every fsync takes longer, as on a disk that others use too."""
    return _trouble(context, "slow", context.options["delay"])


def stall(context: Context) -> Injection:
    """``disk.stall``: no fsync ends before the fault does, as when a controller resets."""
    return _trouble(context, "stall")


def fsync_error(context: Context) -> Injection:
    """``disk.fsync_error``: fsyncs fail, with EIO; what was dirty is lost, or is still dirty."""
    dropped = context.options["pages"] == "dropped"
    return _trouble(
        context, "fsync-dropped" if dropped else "fsync", context.options["probability"]
    )


def io_error(context: Context) -> Injection:
    """``disk.eio``: reads and writes fail, with EIO, and have done nothing."""
    return _trouble(context, "eio", context.options["probability"])


def full(context: Context) -> Injection:
    """``disk.enospc``: writes that make a file longer fail, with ENOSPC; a part may be written."""
    return _trouble(context, "enospc", context.options["probability"])


def short(context: Context) -> Injection:
    """``disk.short_io``: reads and writes do less than they were asked to, as POSIX allows."""
    return _trouble(context, "short", context.options["probability"])


def lost_write(context: Context) -> Injection:
    """``disk.lost_write``: the disk says that a write is done, and it is not."""
    return _trouble(context, "lost", context.options["probability"])


def misdirected(context: Context) -> Injection:
    """``disk.misdirected``: a call goes to another place of its file, whole sectors away."""
    reads = context.options["calls"] == "reads"
    return _trouble(context, "misread" if reads else "misdirected", context.options["probability"])


def stale_read(context: Context) -> Injection:
    """``disk.stale_read``: a read returns what was there before the file's last write."""
    return _trouble(context, "stale", context.options["probability"])


def bit_rot(context: Context) -> Injection:
    """``disk.bitrot``: bits of what is durable flip, at once and for good."""
    bits = int(context.options["bits"])
    return _at_once(context, lambda node, _: context.control.rot_disk(node, bits, context.rng))


def truncate(context: Context) -> Injection:
    """``disk.truncate``: a file loses its end, at once and for good."""
    size = int(context.options["bytes"])
    return _at_once(context, lambda node, _: context.control.cut_disk(node, size, context.rng))


def helix(context: Context) -> Injection:
    """``disk.helix``: each target loses another part of its files (after Jepsen's helix): what all
    have together is still whole."""
    parts = len(context.targets().nodes)
    return _at_once(context, lambda node, part: context.control.blank_disk(node, part, parts))


def _at_once(context: Context, strike: Callable[[str, int], Effect]) -> Injection:
    """What is done to each target's disk when the fault starts, told its number among them.

    Any one server is one that has something on its disk, if there are any: what is empty cannot be
    damaged, and where one server keeps what all others derive, they would mostly be struck in vain.
    """
    control, effects = context.control, list[Effect]()
    full = tuple(name for name in context.hosts if control.has_data(name))
    one = context.fault.target in ("one", "leader")
    targets = replace(context, hosts=full).targets() if one and full else context.targets()

    def begin() -> None:
        effects.extend(strike(node, number) for number, node in enumerate(targets.nodes))

    return Strike(targets.nodes, context.detail(targets), begin, lambda: merged(effects))


def _probable(default: float) -> tuple[Parameter, ...]:
    return (Parameter("probability", default, "that a call is struck", high=1.0),)


def _draw_probability(rng: Random) -> dict[str, Any]:
    return {"probability": round(log_uniform(rng, 0.02, 1.0), 3)}


SLOW = Kind(
    "disk.slow",
    "Every fsync of the targets takes longer, by an exponentially distributed time.",
    slow,
    Words("disk of {targets} slow", "disk fast again"),
    aliases=("slow-disk",),
    parameters=(Parameter("delay", 0.1, "mean of the additional time, in seconds", high=60.0),),
    draw=lambda rng: {"delay": round(log_uniform(rng, 0.005, 0.5), 3)},
)

STALL = Kind(
    "disk.stall",
    "No fsync of the targets ends before the fault does; reads and writes go to the page cache as "
    "ever.",
    stall,
    Words("disk of {targets} stalls", "disk answers again"),
    aliases=("stall",),
)

FSYNC_ERROR = Kind(
    "disk.fsync_error",
    "Fsyncs fail. What they were to save is still dirty, or it counts as clean though it is not on "
    "the platter, so that the next fsync succeeds and saves nothing.",
    fsync_error,
    Words("fsyncs of {targets} fail", "fsyncs succeed again"),
    aliases=("fsync-error",),
    parameters=(
        *_probable(1.0),
        Parameter("pages", "dropped", "what was to be saved", choices=("dropped", "kept")),
    ),
    draw=lambda rng: {**_draw_probability(rng), "pages": rng.choice(("dropped", "kept"))},
    by_name=True,
)

EIO = Kind(
    "disk.eio",
    "Reads and writes fail with an input/output error, and do nothing.",
    io_error,
    Words("disk of {targets} fails", "disk works again"),
    aliases=("eio",),
    parameters=_probable(0.5),
    draw=_draw_probability,
    by_name=True,
)

ENOSPC = Kind(
    "disk.enospc",
    "The disk is full: writes that make a file longer fail, and may leave a part of what they were "
    "to write.",
    full,
    Words("disk of {targets} full", "there is room again"),
    aliases=("enospc", "disk-full"),
    parameters=_probable(1.0),
    draw=_draw_probability,
    by_name=True,
)

SHORT_IO = Kind(
    "disk.short_io",
    "Reads and writes do only a part of what they were asked to, and say so.",
    short,
    Words("short reads and writes on {targets}", "whole reads and writes again"),
    aliases=("short-io",),
    parameters=_probable(0.5),
    draw=_draw_probability,
    by_name=True,
)

LOST_WRITE = Kind(
    "disk.lost_write",
    "Writes do not reach the platter though the fsync succeeds; the next read shows it.",
    lost_write,
    Words("disk of {targets} loses writes", "disk keeps writes again"),
    aliases=("lost-write",),
    parameters=_probable(0.5),
    draw=_draw_probability,
    by_name=True,
)

MISDIRECTED = Kind(
    "disk.misdirected",
    "Writes go to another place of their file, some sectors away, though the fsync succeeds; or "
    "reads come from there.",
    misdirected,
    Words("disk of {targets} takes one place for another", "disk knows its places again"),
    aliases=("misdirected",),
    parameters=(
        *_probable(0.5),
        Parameter("calls", "writes", "what goes astray", choices=("writes", "reads")),
    ),
    draw=lambda rng: {**_draw_probability(rng), "calls": rng.choice(("writes", "reads"))},
    by_name=True,
)

STALE_READ = Kind(
    "disk.stale_read",
    "Reads return what was there before the last write to the file.",
    stale_read,
    Words("disk of {targets} returns old data", "disk returns new data again"),
    aliases=("stale-read",),
    parameters=_probable(0.5),
    draw=_draw_probability,
    by_name=True,
)

BITROT = Kind(
    "disk.bitrot",
    "Bits of what is durable flip, at once and for good.",
    bit_rot,
    Words("bits rot on the disk of {targets}", "what has rotted stays so"),
    aliases=("bitrot",),
    parameters=(Parameter("bits", 1, "how many", low=1, high=1000),),
    most=3,
    by_name=True,
)

TRUNCATE = Kind(
    "disk.truncate",
    "A file loses its last bytes, at once and for good.",
    truncate,
    Words("a file of {targets} loses its end", "what was cut off stays so"),
    aliases=("truncate",),
    parameters=(Parameter("bytes", 64, "how many", low=1, high=1e9),),
    draw=lambda rng: {"bytes": int(log_uniform(rng, 1, 4096))},
    most=3,
    by_name=True,
)

HELIX = Kind(
    "disk.helix",
    "Each target loses another part of each of its files, which reads as zero bytes from then on: "
    "of several copies, every part is left somewhere.",
    helix,
    Words("each of {targets} loses another part of its files", "what was lost stays so"),
    aliases=("helix",),
    weights={"all": 3, "majority": 1, "minority": 1},
    most=2,
    by_name=True,
)
