"""Laws that hold for generators put together in any way (Hypothesis puts them together)."""

from collections import Counter
from random import Random

from generator_simulator import LATENCY, invocations, simulate, told, values
from hypothesis import given
from hypothesis import strategies as st

from splitbrain.checkers.history.operation import FAIL, INFO, INVOKE, OK
from splitbrain.harness.generators import (
    Context,
    Invocation,
    any_of,
    concurrent_keys,
    cycle,
    delay,
    each_client,
    filter_,
    flip_flop,
    lift,
    limit,
    mix,
    on_clients,
    phases,
    repeat,
    reserve,
    sequential_keys,
    stagger,
    synchronize,
    time_limit,
    until_ok,
    weighted,
)
from splitbrain.harness.streams import stream

CLIENTS = 4

operation = st.builds(
    lambda f, value: {"f": f, "value": value},
    st.sampled_from(["read", "write"]),
    st.integers(0, 9),
)
flat = st.lists(operation, max_size=5)
short = st.floats(0, 100e-9, allow_nan=False)
small = st.integers(0, 6)


def combined(inner):
    """One more combinator around generators that all end."""
    some = st.lists(inner, max_size=3)
    several = st.lists(inner, min_size=2, max_size=3)  # one list alone is refused
    return st.one_of(
        some,
        st.builds(limit, small, inner),
        st.builds(lambda n, g: limit(n, repeat(g)), small, inner),
        st.builds(lambda g: cycle(g, 2), inner),
        st.builds(lambda gs: mix(*gs), several),
        st.builds(lambda g, h: weighted((1, g), (3, h)), inner, inner),
        st.builds(lambda gs: any_of(*gs), several),
        st.builds(lambda gs: flip_flop(*gs), several),
        st.builds(lambda gs: phases(*gs), some),
        st.builds(synchronize, inner),
        st.builds(stagger, short, inner),
        st.builds(delay, short, inner),
        st.builds(time_limit, short, inner),
        st.builds(lambda g: time_limit(100e-9, cycle(delay(5e-9, g))), inner),
        st.builds(each_client, inner),
        st.builds(lambda which, g: on_clients(which, g), st.sets(st.integers(0, 3)), inner),
        st.builds(lambda n, g, h: reserve(n, g, h), st.integers(1, CLIENTS), inner, inner),
        st.builds(until_ok, inner),
        st.builds(lambda g: filter_(lambda invocation: invocation.f == "read", g), inner),
        st.builds(lambda g: sequential_keys([1, 2], lambda key: g), inner),
        st.builds(on_pairs, inner),
    )


def on_pairs(generator):
    """Concurrent keys, where there are enough clients for them."""
    return reserve(CLIENTS, _Pairs(generator))


class _Pairs:
    """Two clients a key if there are two; the generator itself if not."""

    def __init__(self, generator):
        self.generator = generator
        self.pairs = concurrent_keys(2, range(3), lambda key: generator)

    def next(self, context):
        if len(context.members) < 2:
            return lift(self.generator).next(context)
        return self.pairs.next(context)

    def update(self, context, event):
        return self

    def __repr__(self):
        return f"_Pairs({self.generator!r})"


generators = st.recursive(flat, combined, max_leaves=6)
seeds = st.integers(0, 3)


def outcomes(seed):
    """Outcomes that depend on the invocation alone."""
    return lambda invocation: stream(seed, invocation.time, invocation.client).choice(
        [OK, OK, FAIL, INFO]
    )


def run(generator, seed, **options):
    return simulate(generator, clients=CLIENTS, seed=seed, outcome=outcomes(seed), **options)


@given(generators, seeds)
def test_histories_are_well_formed(generator, seed):
    history = run(generator, seed)

    open_by = {}
    for event in history:
        if event.type == INVOKE:
            assert event.process not in open_by, "one operation open a process"
            open_by[event.process] = event
        else:
            invocation = open_by.pop(event.process)
            assert event.time == invocation.time + LATENCY
            assert (event.f, event.value) == (invocation.f, invocation.value)
    assert not open_by
    assert [event.time for event in history] == sorted(event.time for event in history)


@given(generators, seeds)
def test_a_seed_gives_one_history(generator, seed):
    assert run(generator, seed) == run(generator, seed)


@given(generators, seeds, st.lists(st.integers(0, 300), max_size=10))
def test_asking_more_often_changes_nothing(generator, seed, polls):
    assert run(generator, seed, extra_polls=polls) == run(generator, seed)


@given(generators, seeds)
def test_generators_are_values(generator, seed):
    value = lift(generator)
    before = repr(value)

    first = value.next(Context(0, (0, 2), CLIENTS, Random(seed)))
    second = value.next(Context(0, (0, 2), CLIENTS, Random(seed)))

    assert repr(first) == repr(second)
    assert repr(value) == before


@given(generators, seeds, st.integers(0, 12))
def test_limit_gives_the_first_n(generator, seed, n):
    assert told(run(limit(n, generator), seed)) == told(run(generator, seed))[:n]


@given(generators, seeds, st.integers(1, 60))
def test_time_limit_gives_what_is_before_it(generator, seed, nanoseconds):
    limited = told(run(time_limit(nanoseconds / 1e9, generator), seed))

    assert limited == [event for event in told(run(generator, seed)) if event[0] < nanoseconds]


@given(st.lists(flat, min_size=2, max_size=4), seeds)
def test_a_mix_of_lists_has_all_their_operations(lists, seed):
    mixed = run(mix(*lists), seed)

    assert Counter((event.f, event.value) for event in invocations(mixed)) == Counter(
        (each["f"], each["value"]) for part in lists for each in part
    )


@given(st.lists(flat, min_size=2, max_size=4), seeds)
def test_any_of_lists_keeps_each_in_order(lists, seed):
    tagged = [
        [{"f": f"{i}", "value": each["value"]} for each in part] for i, part in enumerate(lists)
    ]
    history = told(run(any_of(*tagged), seed))

    for i, part in enumerate(lists):
        assert [value for *_, f, value in history if f == str(i)] == [e["value"] for e in part]


@given(st.lists(generators, min_size=1, max_size=4), seeds)
def test_phases_do_not_overlap(parts, seed):
    history = run(phases(*(_tagged(i, part) for i, part in enumerate(parts))), seed)

    phase = 0
    open_count = 0
    for event in history:
        if event.type == INVOKE:
            assert int(event.f) >= phase
            if int(event.f) > phase:
                assert open_count == 0, "a phase starts when everyone is free"
            phase, open_count = int(event.f), open_count + 1
        else:
            open_count -= 1


class _Tagged:
    """A generator with `i` for every f."""

    def __init__(self, i, generator):
        self.i, self.generator = i, lift(generator)

    def next(self, context):
        step = self.generator.next(context)
        if step is None:
            return None
        answer, successor = step
        if isinstance(answer, Invocation):
            answer = Invocation(answer.time, answer.client, str(self.i), answer.value)
        return answer, _Tagged(self.i, successor)

    def update(self, context, event):
        return _Tagged(self.i, self.generator.update(context, event))


def _tagged(i, generator):
    return _Tagged(i, generator)


@given(flat, seeds)
def test_each_client_does_the_whole_list_in_order(operations, seed):
    history = run(each_client(operations), seed)

    for client in range(CLIENTS):
        mine = [e.value for e in invocations(history) if e.process % CLIENTS == client]
        assert mine == [each["value"] for each in operations]


@given(st.integers(1, CLIENTS), generators, generators, seeds)
def test_reserve_keeps_to_its_ranges(count, first, rest, seed):
    history = run(reserve(count, _tagged(0, first), _tagged(1, rest)), seed)

    assert all((e.process % CLIENTS < count) == (e.f == "0") for e in invocations(history))


@given(generators, seeds)
def test_until_ok_has_nothing_after_an_ok(generator, seed):
    history = run(until_ok(generator), seed)

    oks = [event.index for event in history if event.type == OK]
    assert not oks or all(event.index < oks[0] for event in invocations(history))


@given(st.lists(st.integers(), max_size=6), st.lists(st.integers(), max_size=6), seeds)
def test_flip_flop_is_the_lists_interleaved(one, other, seed):
    def as_list(numbers):
        return [{"f": "write", "value": number} for number in numbers]

    expected = [value for pair in zip(one, other, strict=False) for value in pair]
    expected += one[len(other) : len(other) + 1]

    assert values(run(flip_flop(as_list(one), as_list(other)), seed)) == expected
