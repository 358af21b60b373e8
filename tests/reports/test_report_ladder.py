"""The ladder of isolation levels as a page: each refutation leads to the run that shows it."""

import pytest
from click.testing import CliRunner
from test_report_html import Page

from splitbrain.harness.commands.cli import main
from splitbrain.reports import load_run


@pytest.fixture(scope="module")
def ladder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("isolation") / "report"
    asked = ["isolation", "snapshot-isolation", "--seeds", "0", "--report", str(folder)]
    return folder, CliRunner().invoke(main, asked)


def test_the_page_says_what_is_refuted_by_which_run(ladder):
    folder, done = ladder
    page = Page((folder / "index.html").read_text())

    assert done.exit_code == 0, done.output
    assert done.output.endswith(f"report: {folder}/index.html\n")
    assert page.errors == []
    assert "snapshot-isolation claims strong-snapshot-isolation" in page.words
    assert "repeatable-readrefuted: G2-itemscript G2-itemT1 read x" in page.words
    pages = {link for link in page.links if link.endswith(".html")}
    assert len(pages) == 2
    for link in pages:
        assert load_run((folder / link).parent).judgement == "INVALID"
        assert 'id="spacetime"' in (folder / link).read_text()


def test_a_folder_that_has_one_is_left_alone(ladder):
    folder, _ = ladder
    before = (folder / "index.html").read_bytes()
    asked = ["isolation", "snapshot-isolation", "--seeds", "0", "--report", str(folder)]

    again = CliRunner().invoke(main, asked)

    assert again.exit_code == 2
    assert "give --report a folder of its own" in again.output
    assert (folder / "index.html").read_bytes() == before
