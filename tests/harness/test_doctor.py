"""The doctor looks at what a run depends on, and says what is wrong with it."""

import sys
from types import ModuleType

import pytest

from splitbrain.harness import doctor
from splitbrain.harness.processes import pids, vdso
from splitbrain.harness.simulation.trio_hooks import UnsupportedTrio


def test_a_sound_installation_is_found_sound():
    findings = list(doctor.diagnose())
    assert all(finding.good for finding in findings), findings
    assert "same trace" in findings[-1].text


def test_a_package_of_ours_that_comes_from_elsewhere_is_found(monkeypatch, tmp_path):
    other = ModuleType("splitbrain.reports")
    other.__file__ = str(tmp_path / "reports" / "__init__.py")
    monkeypatch.setitem(sys.modules, "splitbrain.reports", other)
    bad = [finding.text for finding in doctor.diagnose() if not finding.good]
    assert bad == [
        f"splitbrain.reports comes from {tmp_path / 'reports'}, which is another installation: "
        "uninstall one of them"
    ]


def test_a_trio_without_what_the_simulator_needs_is_found(monkeypatch):
    def refuse():
        raise UnsupportedTrio("trio 99 has no hook: install trio 0.35")

    monkeypatch.setattr(doctor, "check_trio", refuse)
    assert [f.text for f in doctor.diagnose() if not f.good] == [
        "trio 99 has no hook: install trio 0.35"
    ]


def test_runs_that_differ_are_found(monkeypatch):
    seeds = iter(range(10))

    def another_each_time(make_run):
        world = doctor.World(next(seeds), make_run=make_run)
        for name, peer in (("n1", "n2"), ("n2", "n1")):
            world.add_server(name, doctor._gossip, (peer,))
        with world.booted():
            world.run_until(1.0)
        return world

    monkeypatch.setattr(doctor, "_small_world", another_each_time)
    bad = [finding.text for finding in doctor.diagnose() if not finding.good]
    assert [text.partition(",")[0] for text in bad] == ["the same plan gave another trace"]


@pytest.mark.skipif(sys.platform != "linux", reason="the ground needs Linux")
def test_what_real_processes_cannot_have_here_is_said(monkeypatch):
    monkeypatch.setattr(vdso, "unavailable", lambda: "no vDSO")
    monkeypatch.setattr(pids, "unavailable", lambda: "no pid namespace")
    findings = list(doctor.diagnose())
    assert all(finding.good for finding in findings), findings
    texts = "\n".join(finding.text for finding in findings)
    assert "real processes cannot have clocks of their own: no vDSO" in texts
    assert "left its session while keeper and warden are killed at once: no pid namespace" in texts


@pytest.mark.skipif(sys.platform != "linux", reason="the ground needs Linux")
def test_that_nothing_can_be_left_of_a_run_is_said(monkeypatch):
    monkeypatch.setattr(pids, "unavailable", lambda: None)
    texts = [finding.text for finding in doctor.diagnose()]
    assert (
        "real processes end with their run whatever is killed: they have a pid namespace" in texts
    )
