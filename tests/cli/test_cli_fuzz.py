"""Whatever is in a file, a command ends with a verdict or one sentence: mutations of good files.

Each case is made from its number alone, so one that fails is repeated by its number.
"""

import json
import re
import signal
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner
from damaged_files import damaged, odd_place
from good_histories import CALLS, good_history

from splitbrain.checkers.registry import CHECKERS
from splitbrain.harness.commands.cli import main

SAMPLES = Path(__file__).parents[1] / "data" / "histories"
RECORDED = {
    "c01-ok.txt": "kv",
    "c01-bad.txt": "kv",
    "etcd_000.log": "cas-register",
    "cas-register-bad-immediate-failure.edn": "cas-register",
    "cas-register-good-cas-register-bug.edn": "cas-register",
    "paper-example.edn": "list-append",
    "paper-example.json": "list-append",
}
LEVELS = ("read-committed", "snapshot-isolation", "serializable", "strict-serializable")
CASE_SECONDS = 60
CASES, CHUNK = 20_000, 100


class Endless(Exception):
    """A case that does not end."""


@contextmanager
def time_limit(seconds):
    def stop(number, frame):
        raise Endless

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def judged(case, *words):
    """Run a command; whatever it was given, it must end well."""
    with time_limit(CASE_SECONDS):
        result = CliRunner().invoke(main, [str(word) for word in words])
    told = f"case {case}: splitbrain {' '.join(map(str, words))}\n{result.output[-3000:]}"
    assert isinstance(result.exception, SystemExit | None), told
    assert result.exit_code in (0, 1, 2, 3), told
    assert "Traceback" not in result.output, told
    if result.exit_code == 1:
        assert re.search(r'INVALID|refuted|"validity": "invalid"', result.stdout), told
    if result.exit_code == 2:
        assert result.stderr.strip(), told
        assert len(result.stderr) < 2000 + 200 * len(words), told
    return result


def history_of(random):
    """A model, a name for a file, and a good history of that model."""
    if random.random() < 0.4:
        name = random.choice(list(RECORDED))
        return RECORDED[name], name, (SAMPLES / name).read_bytes()
    model = random.choice(list(CALLS))
    return model, "history.jsonl", good_history(model)


def words_of(model, random):
    words = ["--model", model]
    if model in ("list-append", "rw-register") and random.random() < 0.7:
        words += ["--consistency", random.choice(LEVELS)]
    if model == "bounded-staleness":
        words += ["--option", "seconds=1"]
    if model == "rw-register" and random.random() < 0.3:
        words += ["--option", "complete=true"]
    return words


def try_check(case, random, folder, run):
    model, name, good = history_of(random)
    path = folder / name
    path.write_bytes(damaged(good, random, edn=not name.endswith(("jsonl", "json"))))
    if random.random() < 0.2:
        model = random.choice(list(CHECKERS))
    judged(case, "check", path, *words_of(model, random))


def try_verify(case, random, folder, run):
    """A certificate, or the history that it is about, is changed."""
    model, name, good = history_of(random)
    path, certificate = folder / name, folder / "verdict.json"
    path.write_bytes(good)
    words = words_of(model, random)
    printed = judged(case, "check", path, *words, "--json").stdout
    if not printed:
        return
    if random.random() < 0.2:
        path.write_bytes(damaged(good, random, edn=name.endswith("edn")))
        certificate.write_text(printed)
    elif random.random() < 0.3:
        certificate.write_bytes(damaged(printed.encode(), random))
    else:
        certificate.write_text(json.dumps(odd_place(json.loads(printed), random)))
    said = ("--model", model) if random.random() < 0.5 else ()
    judged(case, "verify", path, certificate, *said)


def try_report(case, random, folder, run):
    """A file of a run's folder is changed, in its text or in one place of its data."""
    for name, data in run.items():
        (folder / name).write_bytes(data)
    name = random.choice(list(run))
    if name.endswith(".json") and random.random() < 0.6:
        changed = json.dumps(odd_place(json.loads(run[name]), random)).encode()
    else:
        changed = damaged(run[name], random)
    (folder / name).write_bytes(changed)
    judged(case, "report", folder)
    judged(case, "verify", folder)
    judged(case, "check", folder)


def try_replay(case, random, folder, run):
    """A plan is changed. Few of these still are plans; large ones are another test's."""
    plan = odd_place(json.loads(run["plan.json"]), random)
    bytewise = random.random() < 0.5
    text = damaged(run["plan.json"], random) if bytewise else json.dumps(plan).encode()
    if re.search(rb"[0-9]{4,}|[0-9][eE]", re.sub(rb"[0-9]+\.[0-9]+", b"0", text)):
        return
    (folder / "plan.json").write_bytes(text)
    judged(case, "replay", folder / "plan.json", "--runs", folder / "again")


TRIES = (*(try_check,) * 10, *(try_verify,) * 5, *(try_report,) * 4, try_replay)


def try_case(case, folder, run):
    """One case: everything about it is drawn from its number."""
    random = Random(f"damaged/{case}")
    here = folder / str(case)
    here.mkdir()
    random.choice(TRIES)(case, random, here, run)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The files of a small run that failed and was shrunk."""
    runs = tmp_path_factory.mktemp("runs")
    words = "run leader-follower-summary -w register -t 2s -c 2 -n 3 -s 3 --shrink-budget 20"
    CliRunner().invoke(main, [*words.split(), "--runs", str(runs)])
    (folder,) = runs.glob("*/")
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    return {name: data for name, data in files.items() if not name.startswith("report")}


def test_some_damaged_files_end_in_a_verdict_or_a_sentence(tmp_path, run):
    for case in range(30):
        try_case(case, tmp_path, run)


@pytest.mark.nightly
@pytest.mark.parametrize("chunk", range(CASES // CHUNK))
def test_damaged_files_end_in_a_verdict_or_a_sentence(chunk, tmp_path, run):
    for case in range(chunk * CHUNK, (chunk + 1) * CHUNK):
        try_case(case, tmp_path, run)
