"""A kind of fault from another package: by import path, by entry point, or as itself."""

from __future__ import annotations

import json
import sys

import pytest
from click.testing import CliRunner

from splitbrain.harness import Plan, faults, run
from splitbrain.harness.commands.cli import main
from splitbrain.harness.nemesis.catalogue import every_kind, known, named, plan_name, resolve
from splitbrain.harness.nemesis.claims import Claims, regime
from splitbrain.harness.nemesis.kind import Kind, Parameter, Words
from splitbrain.harness.nemesis.kinds import process
from splitbrain.harness.plan import Fault, InvalidPlan
from splitbrain.reports.wording import fault_text
from splitbrain.systems import registry

SOURCE = """
from splitbrain.harness.nemesis.injection import Strike
from splitbrain.harness.nemesis.kind import Kind, Parameter, Words


def prepare(context):
    targets = context.targets()
    seen = []

    def begin():
        for node in targets.nodes:
            context.control.jump_clock(node, context.options["leap"])
            seen.append(node)

    return Strike(targets.nodes, context.detail(targets), begin, lambda: {"leapt": seen})


LEAP = Kind(
    "calendar.leap_second",
    "The wall clock repeats a second and is never set right.",
    prepare,
    Words("leap second on {targets}", "leap second over"),
    aliases=("leap-second",),
    parameters=(Parameter("leap", -1.0, "seconds that the clock jumps", -10, 10),),
    targets=("one", "all"),
    weights={"one": 1},
    draw=lambda rng: {"leap": rng.choice((-1.0, 1.0))},
)
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with a kind of fault, found as a user's own is: from the working directory."""
    name = f"ownfaults_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(SOURCE)
    (tmp_path / "broken.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("splitbrain.harness.nemesis.catalogue._outside", {})
    yield name
    sys.modules.pop(name, None)


def test_a_run_with_it_replays_from_its_plan(package, tmp_path):
    kind = f"{package}:LEAP"
    arguments = ["raft", "--faults", kind, "--nodes", "3", "--runs", str(tmp_path / "runs")]
    ran = CliRunner().invoke(main, ["run", *arguments, "--time-limit", "3s"])

    assert ran.exit_code == 0, ran.output
    (folder,) = (tmp_path / "runs").glob("*/")
    plan = json.loads((folder / "plan.json").read_text())
    assert {fault["kind"] for fault in plan["faults"]} == {kind}
    again = CliRunner().invoke(main, ["replay", str(folder / "plan.json"), "--runs", str(tmp_path)])
    assert again.exit_code == 0, again.output


def test_its_effect_is_recorded_under_its_id(package):
    plan = Plan("raft", "register", nodes=3, time_limit=2.0)
    source = faults.of(f"{package}:LEAP", at=0.5, target="n1")
    result = run(registry.experiment(plan.with_(faults=source.draw(0, plan))))

    stop = [e.value for e in result.history.events("calendar.leap_second")][-1]
    assert stop["targets"] == ["n1"]
    assert stop["effect"] == {"leapt": ["n1"]}


def test_no_old_claim_covers_its_family(package):
    claims = Claims(("process", "net", "clock", "scenario"))

    assert regime([Fault(f"{package}:LEAP", 1, 1)], 3, claims) == "beyond"


def test_an_installed_package_offers_it_by_its_id(package, tmp_path, monkeypatch):
    install(tmp_path, "calendar.leap_second", f"{package}:LEAP")
    monkeypatch.setattr("splitbrain.harness.nemesis.catalogue.ENTRIES", fresh_entries())

    kind = named("calendar.leap_second")
    assert kind in every_kind()
    assert resolve("leap-second") == resolve("calendar") == (kind,)
    assert plan_name(kind) == "calendar.leap_second"
    plan = Plan("raft", "register")
    assert {f.kind for f in faults.leap_second().draw(1, plan)} == {"calendar.leap_second"}


@pytest.mark.parametrize(
    ("point", "target", "complaint"),
    [
        ("calendar.leap", "{}:LEAP", "the entry point must have the kind's id"),
        ("calendar.leap_second", "{}:LEEP", "has no LEEP"),
    ],
)
def test_an_installed_package_that_is_wrong_is_named(
    package, tmp_path, monkeypatch, point, target, complaint
):
    install(tmp_path, point, target.format(package))
    monkeypatch.setattr("splitbrain.harness.nemesis.catalogue.ENTRIES", fresh_entries())

    with pytest.raises(InvalidPlan) as raised:
        resolve("all")

    assert point in str(raised.value)
    assert complaint in str(raised.value)


def install(folder, point, target):
    info = folder / "ownfaults-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ownfaults\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[splitbrain.faults]\n{point} = {target}\n")


def fresh_entries():
    from splitbrain.checkers.entries import Entries
    from splitbrain.harness.nemesis.kinds import PATHS

    return Entries("fault", Kind, PATHS, "splitbrain.faults", error=InvalidPlan)


OWN = Kind(
    "battery.low",
    "The process stands still.",
    process.pause,
    Words("{targets} saves power", "{targets} wakes"),
    parameters=(Parameter("level", 0.1, "how low", 0, 1),),
)
TWIN = Kind("battery.low", "Another with the same id.", process.pause)
IMPOSTOR = Kind("process.kill", "Not the kill that one knows.", process.pause)


def test_it_may_be_given_as_itself():
    plan = Plan("raft", "register", time_limit=5.0)
    drawn = (faults.of(OWN, level=0.5) | faults.swarm([OWN])).draw(1, plan)

    assert {fault.kind for fault in drawn} == {f"{__name__}:OWN"}
    assert known("battery.low") is OWN
    assert fault_text("battery.low", ["n1"], ["n1", "n2"], "start", {}) == "battery: n1 saves power"


def test_words_are_not_imported_for_a_name_out_of_a_file(package):
    assert known(f"{package}:LEAP") is None
    assert package not in sys.modules
    assert fault_text("calendar.leap_second", ["n1"], [], "start", {}) == (
        "calendar: leap second begins (n1)"
    )


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("nowhere.faults:KIND", "nowhere.faults cannot be imported"),
        ("broken:KIND", "broken cannot be imported"),
        (f"{__name__}:MISSING", "has no MISSING"),
        (f"{__name__}:SOURCE", "is a str, not a Kind"),
        (f"{__name__}:IMPOSTOR", "another kind with its id 'process.kill'"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_sentence(package, name, complaint):
    result = CliRunner().invoke(main, ["run", "raft", "--faults", name])

    assert result.exit_code == 2
    assert complaint in result.output
    assert "Traceback" not in result.output
    assert name in result.output


def test_two_kinds_of_one_id_are_refused():
    resolve([OWN])
    assert plan_name(OWN) == f"{__name__}:OWN"
    with pytest.raises(InvalidPlan) as raised:
        plan_name(TWIN)

    assert "another kind with its id 'battery.low'" in str(raised.value)


def test_a_kind_that_no_module_holds_cannot_be_planned():
    hidden = Kind("battery.dead", "Nobody can import it.", process.pause)

    with pytest.raises(InvalidPlan) as raised:
        faults.of(hidden)

    assert "has no global with it" in str(raised.value)
