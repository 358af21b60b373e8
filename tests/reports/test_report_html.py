"""The page as a file: self-contained, well-formed, safe, small, and the same every time."""

import base64
import gzip
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
import sample_runs

from splitbrain.reports import (
    load_run,
    render_html,
    render_markdown,
    render_terminal,
    write_report,
)
from splitbrain.reports.card import failure_card
from splitbrain.reports.junit import render_junit
from splitbrain.reports.packing import pack

VOID = {"meta", "br", "img", "input", "link", "hr"}
# In SVG these are written self-closing.
URL_ATTRIBUTES = ("src", "href", "action", "data", "poster", "srcset", "xlink:href", "background")


class Page(HTMLParser):
    """A page taken apart: its tags, links, texts, and what is wrong with its nesting."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.errors, self.tags, self.links, self.ids = [], [], [], [], []
        self.scripts, self.text, self.handlers = [], [], []
        self.feed(text)
        self.close()
        self.errors += [f"{tag} is not closed" for tag in self.open]

    def handle_starttag(self, tag, attributes):
        self._note(tag, attributes)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self._note(tag, attributes)

    def _note(self, tag, attributes):
        values = dict(attributes)
        self.tags.append(tag)
        self.links += [values[name] for name in URL_ATTRIBUTES if name in values]
        self.ids += [values["id"]] if "id" in values else []
        self.handlers += [name for name in values if name.startswith("on") or name == "style"]

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.errors.append(f"</{tag}> closes something else at {self.getpos()}")

    def handle_data(self, data):
        if self.open and self.open[-1] in ("script", "style"):
            self.scripts.append(data)
        else:
            self.text.append(data)

    @property
    def words(self):
        return " ".join("".join(self.text).split())


def unpacked(text, which="data"):
    """The data of a timeline, as the page's script sees them."""
    pattern = rf'<script type="application/gzip\+base64" id="{which}">([^<]*)</script>'
    data = re.search(pattern, text)
    return json.loads(gzip.decompress(base64.b64decode(data[1])))


@pytest.fixture(params=sample_runs.ALL)
def run(request, tmp_path):
    return sample_runs.ALL[request.param](tmp_path / "run")


def test_a_page_is_well_formed_and_refers_to_nothing_outside_its_folder(run):
    page = Page(render_html(load_run(run)))

    assert page.errors == []
    assert len(page.ids) == len(set(page.ids))
    for link in page.links:
        assert link.startswith(("#", "data:application/")) or (run / link).is_file(), link
    assert {
        link
        for link in page.links
        if link.startswith("#") and not link.startswith(("#op-", "#whole-op-"))
    } <= {f"#{name}" for name in page.ids}
    assert not {"link", "img", "iframe", "object", "embed", "base", "form"} & set(page.tags)
    # No handlers and no style attributes: the policy in the head forbids the former.
    assert page.handlers == []


def test_a_page_names_no_network_address(run):
    text = render_html(load_run(run))
    # A value of the hostile run; shown as text, and linked by nothing.
    text = text.replace("https://example.invalid/", "")
    assert "https://" not in text
    assert "http://" not in text


@pytest.mark.slow
def test_a_page_is_the_same_every_time(run):
    first = write_report(run).page.read_bytes()

    assert write_report(run).page.read_bytes() == first


def test_a_page_depends_on_where_its_folder_is_in_its_commands_alone_and_not_on_the_hash_seed(
    tmp_path,
):
    here, there = sample_runs.stale_run(tmp_path / "here"), tmp_path / "and" / "there"
    shutil.copytree(here, there)
    page = write_report(here).page.read_bytes().replace(bytes(here), bytes(there))
    program = "import sys; from splitbrain import reports; reports.write_report(sys.argv[1])"
    root = Path(__file__).parents[2]
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)}
        subprocess.run([sys.executable, "-c", program, there], check=True, env=environment)

        assert (there / "report.html").read_bytes() == page


def test_only_our_own_script_may_run(run):
    text = render_html(load_run(run))
    page = Page(text)

    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    assert "default-src 'none'" in policy
    assert re.search(r"script-src 'sha256-[A-Za-z0-9+/]{43}='", policy)
    timelines = 2 if (run / "shrunk").exists() else 1
    assert page.tags.count("script") == text.count("</script") == 1 + timelines


def test_hostile_values_stay_text(tmp_path):
    text = render_html(load_run(sample_runs.hostile_run(tmp_path / "run")))
    page = Page(text)

    assert "</script><img src=x" in page.words
    assert "<img" not in text
    assert "{{ 7 * 7 }}" in page.words
    assert "\u202e" not in text
    assert "\\u202e" in text
    assert "A" * 1000 not in text
    assert "\x00" not in text
    labels = unpacked(text)["label"]
    assert any("</script>" in label for label in labels)  # only as data


def test_commands_come_from_where_the_run_is_and_never_from_what_a_file_says(tmp_path):
    folder = sample_runs.stale_run(tmp_path / "a run's")
    shown = load_run(folder)
    texts = [render_html(shown), render_markdown(shown), render_terminal(shown)]
    texts += [render_junit(shown), json.dumps(failure_card(shown))]

    assert not [text for text in texts if "evil.example" in text]
    assert shown.repeat == f"splitbrain replay {shlex.quote(str(folder))}"
    assert all("s/shrunk" in text for text in texts)


def test_the_run_of_a_test_is_repeated_by_that_test(tmp_path):
    folder = sample_runs.valid_run(tmp_path)
    plan = json.loads((folder / "plan.json").read_text())
    for system, command in (
        ("tests.test_kv.test_forgetful", f"pytest -k test_forgetful --splitbrain-replay {folder}"),
        ("tests.test_kv.a; rm -rf", f"splitbrain replay {folder}"),
        ("tests.kv:SYSTEM", f"splitbrain replay {folder}"),
    ):
        (folder / "plan.json").write_text(json.dumps(plan | {"system": system}))
        assert load_run(folder).repeat.removesuffix("/plan.json") == command


def test_the_verdict_the_story_and_the_commands_are_in_the_page_itself(tmp_path):
    page = Page(render_html(load_run(sample_runs.stale_run(tmp_path / "run"))))

    for words in (
        "INVALID raft / register with bug CON-03",
        "Process 0 read x=901 at 9.001 s",
        f"splitbrain replay {tmp_path}/run/shrunk",
        "shrunk from 1,003 operations and 5 faults to 3 operations and 1 fault",
        "client 1 writes x = 902",
        "network: n1 cut off from n2, n3",
        "f1 net.partition yes fails in 27 of 30 schedules with it, in 0 of 30 without",
        "the same plan fails in 27 of 30 other schedules",
        "it reads 901, but x is 902 here",
        "linearizable(cas-register)/stale-read",
        "no effect observed",
        "configurations 1,024",
    ):
        assert words in page.words or words.replace(" ", "") in page.words.replace(" ", ""), words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("unknown", "the budget of 1,000,000 configurations ran out at operation 31 of 40"),
        ("killed", "it has no verdict"),
        ("killed", "the last line was cut off"),
        ("valid", "All 3 checked properties hold"),
        ("lost", "beyond: these faults exceed what the system claims"),
        ("diverged", "(absent)"),
    ],
)
def test_what_a_page_says(tmp_path, name, words):
    page = Page(render_html(load_run(sample_runs.ALL[name](tmp_path / "run"))))

    assert words.lower() in page.words.lower()


def test_the_timeline_holds_every_operation_fault_and_announcement(tmp_path):
    view = load_run(sample_runs.stale_run(tmp_path / "run"))

    data = unpacked(render_html(view), "whole-data")

    starts, total = [], 0
    for delta in data["start"]:
        total += delta
        starts.append(total)
    assert starts == [call.start // 1000 for call in view.calls]
    assert data["marked"] == sorted(view.marked)
    assert data["process"] == [call.process for call in view.calls]
    outcomes = [("ok", "fail", "info")[code] for code in data["outcome"]]
    assert outcomes == [call.outcome for call in view.calls]
    assert [fault[0] for fault in data["faults"]] == ["f1", "f2", "f3", "f4", "f5"]
    assert [mark[4] for mark in data["marks"]] == [f"leader {term}" for term in (1, 2, 3, 4)]
    timeouts = [
        length for length, code in zip(data["length"], outcomes, strict=True) if code == "info"
    ]
    assert timeouts == [2_000_000] * len(timeouts)


def test_20_000_operations_fit_into_400_kilobytes(tmp_path):
    page = write_report(sample_runs.large_run(tmp_path / "run")).page

    assert page.stat().st_size < 400_000
    assert len(unpacked(page.read_text())["start"]) == 20_000


def test_beyond_the_limit_the_operations_around_the_failure_are_kept(tmp_path):
    view = load_run(sample_runs.stale_run(tmp_path / "run"))

    packed = pack(view, limit=100)

    data = json.loads(gzip.decompress(base64.b64decode(packed.data)))
    assert (packed.shown, packed.total) == (100, 1003)
    focus = data["marked"][-1]
    assert data["label"][focus] == "x->901"
    assert len(data["start"]) == 100


def test_an_elision_is_told_on_the_page(tmp_path, monkeypatch):
    monkeypatch.setattr("splitbrain.reports.packing.CALL_LIMIT", 100)
    monkeypatch.setattr("splitbrain.reports.html.pack", lambda view: pack(view, 100))
    view = load_run(sample_runs.stale_run(tmp_path / "run"))

    page = Page(render_html(view))

    assert "Showing 100 operations of 1,003, those around the failure" in page.words


def test_small_files_can_be_downloaded_from_the_page_and_large_ones_are_linked(tmp_path):
    folder = sample_runs.stale_run(tmp_path / "run")

    page = Page(render_html(load_run(folder)))

    embedded = [link for link in page.links if link.startswith("data:")]
    contents = [base64.b64decode(link.split("base64,")[1]) for link in embedded]
    assert (folder / "plan.json").read_bytes() in contents
    assert (folder / "shrunk" / "history.jsonl").read_bytes() in contents
    assert "history.jsonl" in page.links


def test_a_report_is_written_beside_the_run(tmp_path):
    folder = sample_runs.unknown_run(tmp_path / "run")

    page = write_report(folder).page

    assert page == folder / "report.html"
    assert (folder / "report.md").read_text().startswith("## unknown: raft / register")
