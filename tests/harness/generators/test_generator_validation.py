"""What is told of generators that do what none may."""

import pytest

from splitbrain.harness.generators import (
    Context,
    GeneratorError,
    Invocation,
    any_of,
    flip_flop,
    lift,
    mix,
    on_clients,
    repeat,
    synchronize,
    validate,
)

READ, WRITE = {"f": "read"}, {"f": "write", "value": 1}


class Answering:
    """A generator that always gives the same answer."""

    def __init__(self, answer):
        self.answer = answer

    def next(self, context):
        return self.answer, self

    def update(self, context, event):
        return self


class TestValidate:
    @pytest.mark.parametrize(
        ("answer", "message"),
        [
            (Invocation(5, 1, "read"), "is by a client that is not free"),
            (Invocation(6, 0, "read"), "is not for now"),
        ],
    )
    def test_unsound_invocations(self, answer, message):
        context = Context(5, (0, 2), 3, None)

        with pytest.raises(GeneratorError, match=message):
            validate(Answering(answer)).next(context)

    def test_waiting_for_nobody(self):
        waiting = on_clients([0, 1], synchronize(repeat(READ)))
        never, _ = lift(waiting).next(Context(5, (0, 2), 3, None))

        with pytest.raises(GeneratorError, match=r"waits for an operation .* and none is open"):
            validate(Answering(never)).next(Context(5, (0, 1, 2), 3, None))

    def test_waiting_for_the_past(self):
        past, _ = lift(Invocation(5, 0, "read")).next(Context(4, (), 3, None))

        with pytest.raises(GeneratorError, match="waits for a time that has come"):
            validate(Answering(past)).next(Context(5, (0, 2), 3, None))


@pytest.mark.parametrize("choose", [mix, any_of, flip_flop])
def test_a_list_in_place_of_its_elements_is_refused(choose):
    with pytest.raises(TypeError, match=rf"write {choose.__name__}\(a, b\), or"):
        choose([READ, WRITE])
