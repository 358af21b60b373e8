"""The gallery: each committed page and picture is whole, and says nothing of where it was made."""

import base64
import gzip
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from click.testing import CliRunner
from sample_traces import two_leaders_run
from test_report_html import Page

from splitbrain.harness.commands.cli import main
from splitbrain.reports import load_run
from splitbrain.reports.gallery import write_exhibit, write_list
from splitbrain.systems.stories import STORIES, story_named

GALLERY = Path(__file__).parents[2] / "docs" / "gallery"
PAGES = sorted(GALLERY.glob("*.html"))


def test_there_are_a_dozen_and_the_list_has_them_all():
    listed = re.findall(r"^## \[([\w-]+)\]", (GALLERY / "README.md").read_text(), re.MULTILINE)

    assert len(PAGES) >= 12
    assert sorted(listed) == [page.stem for page in PAGES]
    assert listed == [story.name for story in STORIES]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_tells_its_story_and_nothing_of_its_maker(path):
    text = path.read_text()
    page = Page(text)
    story = story_named(path.stem)

    assert page.errors == []
    assert f"splitbrain show {story.name}" in page.words
    assert story.subject in page.words
    assert 'id="story"' in text
    assert 'id="witness"' in text
    assert not re.search(r"/(tmp|home|root|work|usr)/", text)
    assert not re.search(r"20\d\d-\d\d-\d\d", page.words), "it says when it was made"
    assert all(link.startswith(("#", "data:application/")) for link in page.links)
    assert path.stat().st_size < 200_000


@pytest.mark.parametrize("path", sorted(GALLERY.glob("*.svg")), ids=lambda path: path.stem)
def test_a_picture_by_itself_is_an_svg_file_with_its_colours_in_it(path):
    root = ElementTree.fromstring(path.read_text())

    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert not tags & {"script", "foreignObject", "image", "a", "use"}
    assert "--gold" in "".join(root.itertext())


def made(folder, *name):
    """What the command writes into a folder, by the files' names."""
    result = CliRunner().invoke(main, ["show", *name, "--gallery", str(folder)])
    assert result.exit_code == 0, result.output
    return {path.name: told(path) for path in folder.iterdir()}


def told(path):
    """A file's text, with the data of pages unpacked: how they are packed is zlib's affair."""
    text = path.read_text()
    return PACKED.sub(lambda found: gzip.decompress(base64.b64decode(found[0])).decode(), text)


PACKED = re.compile("H4sI[A-Za-z0-9+/]{40,}=*")
MAKE = "docs/gallery is not what the code makes: run `splitbrain show --gallery docs/gallery`"


def test_a_committed_page_is_what_the_command_makes(tmp_path):
    files = made(tmp_path, "lost-root")
    del files["README.md"]  # of that story alone

    assert sorted(files) == ["lost-root.html", "lost-root.svg"]
    assert files == {name: told(GALLERY / name) for name in files}, MAKE


@pytest.mark.nightly
def test_all_that_is_committed_is_what_the_command_makes(tmp_path):
    files = made(tmp_path)

    assert sorted(files) == sorted(path.name for path in GALLERY.iterdir()), MAKE
    assert [name for name in files if files[name] != told(GALLERY / name)] == [], MAKE


def test_every_story_has_a_name_of_its_own():
    assert len({story.name for story in STORIES}) == len(STORIES)


def test_an_exhibit_is_the_same_whenever_it_is_made(tmp_path):
    story = story_named("stale-read")
    pages = []
    for name in ("one", "other"):
        view = load_run(two_leaders_run(tmp_path / name))
        page = write_exhibit(story, view, tmp_path / f"gallery {name}")
        pages.append((page.read_bytes(), page.with_suffix(".svg").read_bytes()))
        assert write_list([story], page.parent).name == "README.md"

    assert pages[0] == pages[1]
