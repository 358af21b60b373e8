"""Settings of a system: a plan chooses them, and nothing else of the system changes."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import pytest
from small_register import Client, Durable

from splitbrain.harness import knobs
from splitbrain.harness.hunting import drawing
from splitbrain.harness.knobs import Knob
from splitbrain.harness.plan import InvalidPlan, Plan
from splitbrain.harness.planning import draw
from splitbrain.harness.runs.running import run
from splitbrain.harness.shrinking import shrink
from splitbrain.harness.system import System


class Times(NamedTuple):
    beat: float = 0.1
    wait: float = 0.5


@dataclass(frozen=True)
class Sizes:
    batch: int = 64


class Core:
    patience: ClassVar[int] = 3


class Server(Durable):
    keep: ClassVar[int] = 7
    times: ClassVar[Times] = Times()
    sizes: ClassVar[Sizes] = Sizes()
    core_class: ClassVar[type[Core]] = Core


KEEP = Knob("keep", 0, 10, "entries kept")
BEAT = Knob("beat", 0.01, 1.0, "seconds", "times.beat")
BATCH = Knob("batch", 1, 64, "entries", "sizes.batch")
PATIENCE = Knob("patience", 1, 5, "tries", "core_class.patience")
ALL = (KEEP, BEAT, BATCH, PATIENCE)


def plan(**settings):
    return Plan("kv", "register", nodes=1, time_limit=2.0, options={"system": settings})


def changed(**settings):
    return knobs.apply("kv", ALL, plan(**settings), Server)


@pytest.mark.parametrize(
    ("name", "value", "look"),
    [
        ("keep", 3, lambda server: server.keep),
        ("beat", 0.5, lambda server: server.times.beat),
        ("batch", 2, lambda server: server.sizes.batch),
        ("patience", 1, lambda server: server.core_class.patience),
    ],
)
def test_a_setting_is_changed_wherever_it_stands_and_in_a_subclass_alone(name, value, look):
    before = look(Server)
    server = changed(**{name: value})

    assert look(server) == value
    assert issubclass(server, Server)
    assert look(Server) == before


def test_settings_beside_each_other_are_all_changed():
    server = knobs.apply(
        "kv",
        (BEAT, Knob("wait", 0.1, 9.0, "seconds", "times.wait")),
        plan(beat=0.2, wait=2.0),
        Server,
    )
    assert server.times == Times(0.2, 2.0)


def test_without_settings_the_server_is_the_very_same():
    assert knobs.apply("kv", ALL, Plan("kv", "register"), Server) is Server


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"kep": 3}, "kv has no setting 'kep': did you mean"),
        ({"keep": 11}, "setting 'keep' of kv is 11: give a whole number from 0 to 10"),
        ({"keep": 1.5}, "is 1.5: give a whole number"),
        ({"keep": True}, "is True: give a whole number"),
        ({"beat": float("nan")}, "is nan: give a number from 0.01 to 1"),
        ({"beat": "fast"}, "is 'fast': give a number"),
    ],
)
def test_what_is_no_setting_is_refused_in_a_sentence(settings, sentence):
    with pytest.raises(InvalidPlan, match=sentence):
        changed(**settings)


def test_settings_are_a_mapping():
    wrong = Plan("kv", "register", options={"system": 3})
    with pytest.raises(InvalidPlan, match="option system is 3: give settings with their values"):
        knobs.apply("kv", ALL, wrong, Server)
    assert knobs.told(wrong) == ""


def test_a_way_that_leads_nowhere_is_refused():
    with pytest.raises(TypeError, match="setting gone is not at times"):
        Knob("gone", 0, 1, "nothing", "times.gone").set(Server, 1)
    with pytest.raises(TypeError):
        Knob("gone", 0, 1, "nothing").set(Server, 1)


# In runs and hunts


def test_hunts_draw_settings_and_leave_them_in_streams_of_their_own():
    target = drawing.Target("kv", ("register",), 1, knobs=ALL)
    plans = [drawing.plan_for(target, seed) for seed in range(300)]
    drawn = [knobs.chosen(each) for each in plans]

    assert 60 < sum(not each for each in drawn) < 150
    for knob in ALL:
        values = [each[knob.name] for each in drawn if knob.name in each]
        assert 60 < len(values) < 150
        assert all(knob.problem(value) is None for value in values)
        assert min(values) < knob.low + 0.3 * (knob.high - knob.low)
        assert max(values) > knob.high - 0.3 * (knob.high - knob.low)
    fewer = drawing.Target("kv", ("register",), 1, knobs=ALL[1:])
    without = [drawing.plan_for(fewer, seed) for seed in range(300)]
    assert [p.faults for p in plans] == [p.faults for p in without]
    assert [knobs.chosen(p).get("beat") for p in without] == [each.get("beat") for each in drawn]


class Shrinkable(Durable):
    """Loses what it acknowledged when it is killed, if it is told to be quick."""

    quick: ClassVar[int] = 0
    keep: ClassVar[int] = 7

    @property
    def saves(self):
        return not self.quick


def test_shrinking_takes_back_the_settings_that_the_failure_does_not_need():
    system = System(
        "kv",
        "a register",
        Shrinkable,
        Client,
        ("register",),
        nodes=1,
        knobs=(Knob("quick", 0, 1, "whether it is quick"), KEEP),
    )
    options = {"system": {"quick": 1, "keep": 3}, "disk": {"fsync_latency": 0.002}}
    base = Plan("kv", "register", nodes=1, rate=40.0, options=options)
    for seed in range(20):
        experiment = system.experiment(draw(base.with_(seed=seed), "kill"))
        failing = run(experiment, tracing=False)
        if failing.signature:
            break
    small = shrink(experiment, failing, budget=150).run.plan
    assert small.options == {"system": {"quick": 1}}
