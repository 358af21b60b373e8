"""Pictures of the services of the first chapters: each shows what its planted bug does wrong."""

from __future__ import annotations

from splitbrain.reports import load_run
from splitbrain.reports.pictures.drawn import pictures_of, seen_of
from splitbrain.systems.data_models.documents.pictures import DOCUMENT_VERSIONS
from splitbrain.systems.data_models.graph.pictures import NODES
from splitbrain.systems.encoding.records.pictures import MATRIX
from splitbrain.systems.scalability.balancer.pictures import REQUESTS
from splitbrain.systems.scalability.cache_aside.pictures import VERSIONS


def drawn(bug_folder, bug, picture):
    """The form of a picture of a bug's run, which its report draws, too."""
    view = load_run(bug_folder(bug))
    form = picture.draw(seen_of(view))
    (made,) = [each for each in pictures_of(view) if each.name == picture.name]
    assert "".join(made.svgs)
    return form


def test_requests_to_a_backend_that_fails_at_once_are_red_and_many(bug_folder):
    form = drawn(bug_folder, "LB-01-ERRORS", REQUESTS)
    red = [sum(bar.tone == "bad" for bar in lane.bars) for lane in form.lanes]

    assert max(red) >= 5


def test_a_cache_has_a_version_after_it_heard_of_a_later_one(bug_folder):
    form = drawn(bug_folder, "CACHE-01", VERSIONS)
    heard = [
        (lane, point.time, int(point.text.split()[0][1:]))
        for lane in form.lanes
        for point in lane.points
        if point.text != "asks"
    ]

    assert any(
        bar.start > time and int(bar.text[1:]) < version
        for lane, time, version in heard
        for bar in lane.bars
    )


def test_an_edge_is_made_at_a_node_after_it_went(bug_folder):
    form = drawn(bug_folder, "GRAPH-02", NODES)
    beside = [
        point
        for lane in form.lanes
        for point in lane.points
        if not any(b.start <= point.time and (b.end or point.time) >= point.time for b in lane.bars)
    ]

    assert beside


def test_versions_of_a_document_follow_each_other(bug_folder):
    form = drawn(bug_folder, "DOC-01", DOCUMENT_VERSIONS)
    (lane, *_) = form.lanes
    versions = [int(bar.text[1:]) for bar in lane.bars]

    assert lane.name == "registers/all"
    assert len(versions) > 3
    assert versions == list(range(versions[0], versions[0] + len(versions)))


def test_a_record_that_an_old_version_cannot_read_is_red_in_its_column(bug_folder):
    form = drawn(bug_folder, "ENC-02", MATRIX)

    assert form.columns == ("read by 1", "read by 2", "read by 3")
    assert any(cell.tone == "bad" for row in form.rows for cell in row.cells)
