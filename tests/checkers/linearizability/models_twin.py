"""Random operations for each model, as `random_history` of the twin wants them."""

from __future__ import annotations

import random

from splitbrain.checkers import models


def _elements(r: random.Random) -> list[int]:
    return r.sample(range(3), r.randint(0, 3))


def draw_set(r):
    f = r.choice(("add", "add", "remove", "contains", "read"))
    return f, None if f == "read" else r.randrange(3)


def answer_set(r, f, argument):
    return {"contains": r.random() < 0.5, "read": _elements(r)}.get(f, argument)


def drawing_container(insertion, removal):
    def draw(r):
        f = r.choice((insertion, insertion, removal))
        return f, r.randrange(2) if f == insertion else None

    def answer(r, f, argument):
        return argument if f == insertion else r.choice((0, 0, 1, 1, None))

    return draw, answer


def draw_counter(r):
    f = r.choice(("add", "add", "read"))
    return f, None if f == "read" else r.choice((-1, 1, 1, 2))


def answer_counter(r, f, argument):
    return r.randint(-1, 4) if f == "read" else argument


def draw_mutex(r):
    return r.choice(("acquire", "release")), None


def answer_mutex(r, f, argument):
    return None


def draw_fenced(r):
    f = r.choice(("acquire", "acquire", "release"))
    return f, r.choice((None, None, 1, 2, 3)) if f == "release" else None


def answer_fenced(r, f, argument):
    return r.randint(1, 4) if f == "acquire" else argument


def draw_log(r):
    f = r.choice(("append", "append", "read", "read", "length"))
    if f == "append":
        return f, r.choice("ab")
    return f, r.choice((None, 0, 1)) if f == "read" else None


def answer_log(r, f, argument):
    if f == "append":
        return r.choice((argument, None, [0, argument], [1, argument]))
    if f == "length":
        return r.randrange(3)
    if argument is not None:
        return r.choice(("a", "b", None))
    return [r.choice("ab") for _ in range(r.randrange(3))]


def draw_sticky(r):
    f = r.choice(("claim", "read", "read"))
    return f, r.randrange(1, 4) if f == "claim" else None


def answer_sticky(r, f, argument):
    return r.choice((argument, 1, 2)) if f == "claim" else r.choice((None, 1, 2, 3))


def draw_txn(r):
    micros = []
    for _ in range(r.randint(1, 2)):
        register = r.choice("xy")
        write = r.random() < 0.5
        micros.append(["w", register, r.randrange(2)] if write else ["r", register, None])
    return "txn", micros


def answer_txn(r, f, argument):
    return [m if m[0] == "w" else ["r", m[1], r.choice((None, 0, 1))] for m in argument]


DRAWN = {
    "set": (draw_set, answer_set),
    "queue": drawing_container("enqueue", "dequeue"),
    "stack": drawing_container("push", "pop"),
    "priority-queue": drawing_container("insert", "delete-min"),
    "counter": (draw_counter, answer_counter),
    "mutex": (draw_mutex, answer_mutex),
    "semaphore": (draw_mutex, answer_mutex),
    "fenced-lock": (draw_fenced, answer_fenced),
    "log": (draw_log, answer_log),
    "sticky-register": (draw_sticky, answer_sticky),
    "multi-register": (draw_txn, answer_txn),
}

VARIANTS = {
    name: (models.MODELS[name](), *more)
    for name, more in {
        **dict.fromkeys(DRAWN, ()),
        "multi-register": (
            models.multi_register(initial=None),
            models.multi_register(initial={"x": 0, "y": 1}),
        ),
        "counter": (models.counter(initial=1),),
    }.items()
}
