"""The last questions, asked of clients that answer at once as the test decides."""

from splitbrain.checkers.history import INFO, OK
from splitbrain.checkers.vocabulary import TIMED_OUT
from splitbrain.harness.client import Outcome
from splitbrain.harness.runs.finals import ATTEMPTS, FRUITLESS_SECONDS, TIMEOUT_SECONDS, Finals
from splitbrain.harness.workloads.workload import FinalRead

SERVERS = ("n1", "n2", "n3")
QUESTIONS = tuple(FinalRead("read", key) for key in "abcdef")


class Clients:
    """One client; servers in `silent` never answer, the others always do.

    Attributes:
        asked: the servers that were asked, in order.
        now: seconds, of which only silence takes any.
    """

    def __init__(self, silent=(), heard=SERVERS):
        self.silent, self.heard, self.asked = silent, set(heard), []
        self.now = 100.0

    def perform(self, client, f, value, then, *, server, timeout):
        server = server or "n1"
        self.asked.append(server)
        if server in self.silent:
            self.now += timeout
            then(Outcome(INFO, value, f"{TIMED_OUT} {timeout:g} s"))
        else:
            then(Outcome(OK, value))


class Recorder:
    def nemesis(self, kind, value):
        self.answers = value


def asked(clients, **how):
    recorder, done = Recorder(), []
    finals = Finals(clients, recorder, QUESTIONS, SERVERS, (), **how)
    finals.ask(1, lambda: done.append(True))
    assert done == [True]
    return recorder.answers


def test_who_answers_is_asked_each_question_once():
    clients = Clients()
    assert asked(clients, real_time=True) == dict.fromkeys(SERVERS, "ok")
    assert len(clients.asked) == len(QUESTIONS) + len(SERVERS)


def test_in_virtual_time_a_silent_server_is_asked_again_and_again():
    clients = Clients(silent=SERVERS)
    assert asked(clients) == dict.fromkeys(SERVERS, "silent")
    questions = len(QUESTIONS) + len(SERVERS)
    assert len(clients.asked) == questions * (ATTEMPTS + len(SERVERS))


def test_in_real_time_nobody_waits_for_a_server_that_was_silent_so_often():
    clients = Clients(silent=SERVERS)
    assert asked(clients, real_time=True) == dict.fromkeys(SERVERS, "silent")
    assert {name: clients.asked.count(name) for name in SERVERS} == dict.fromkeys(SERVERS, ATTEMPTS)


def test_where_nobody_must_answer_nothing_is_repeated_after_long_silence():
    clients = Clients(silent=SERVERS)
    assert asked(clients, now=lambda: clients.now) == dict.fromkeys(SERVERS, "silent")
    repeated = round(FRUITLESS_SECONDS / TIMEOUT_SECONDS) - 1
    assert len(clients.asked) == repeated + len(QUESTIONS) + len(SERVERS)


def test_as_long_as_answers_come_questions_are_repeated_though_nobody_must_answer():
    clients, demanded = Clients(silent=("n1",)), Clients(silent=("n1",))
    assert asked(clients, now=lambda: clients.now) == asked(demanded)
    # Whoever asks n1 in vain asks the others in the end, who answer.
    assert len(clients.asked) < len(demanded.asked)
    assert {"n2", "n3"} <= set(clients.asked)


def test_one_that_nobody_ever_heard_of_is_asked_once_and_the_others_answer_for_it():
    clients = Clients(silent=("n1",), heard=("n2", "n3"))
    assert asked(clients, real_time=True) == {"n1": "silent", "n2": "ok", "n3": "ok"}
    assert clients.asked.count("n1") == 1
