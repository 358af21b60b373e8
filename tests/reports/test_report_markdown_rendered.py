"""What GitHub's own renderer makes of our Markdown: text, and nothing else.

cmark-gfm is what GitHub renders with; without its binding these tests are left out.
"""

from html.parser import HTMLParser

import pytest
import sample_runs
from hypothesis import example, given, settings
from hypothesis import strategies as st

from splitbrain.reports import load_run, render_markdown
from splitbrain.reports.markdown import escaped
from splitbrain.reports.wording import safe_text

cmark = pytest.importorskip("cmarkgfm.cmark")

EXTENSIONS = ("table", "autolink", "strikethrough", "tasklist")
OPTIONS = cmark.Options.CMARK_OPT_UNSAFE | cmark.Options.CMARK_OPT_FOOTNOTES
BETWEEN = "\u200b"
"""A space of no width, which keeps what it stands in from becoming a link."""


class Rendered(HTMLParser):
    """The tags of a page with their attributes, and its words."""

    def __init__(self, markdown):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.words = [], [], ""
        html = cmark.markdown_to_html_with_extensions(markdown, OPTIONS, EXTENSIONS)
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes

    def handle_data(self, data):
        self.words += data

    def handle_comment(self, data):
        self.tags.append("!--")

    def handle_decl(self, decl):
        self.tags.append("!")

    def handle_pi(self, data):
        self.tags.append("?")

    unknown_decl = handle_decl


PIECES = """
www.evil.example WWW.evil.example http://a.example HTTPS://a.example ftp://a.example FTP://a
mailto:a@b.example xmpp:a@b.example me@host.example me+tag@sub.host.example @someone #12 GH-12
- + * 1. 1) 12. 999999999. # ## ###### > >> | || |-| |---| :-: --- *** ___ === ~~~ ``` ` `` ~~ ~
<b> </b> <img src=x onerror=alert(1)> <script>alert(1)</script> <!-- --> <![CDATA[x]]> <?x?> <!x>
&amp; &#64; &lt; &copy; \\ \\\\ \\* [a](u) ![a](u) [a][b] [a]: u [^1] [^1]: [ ] [x] - [x] <http://a.example>
<me@host.example> *a* **a** _a_ __a__ $a$ $$a$$ {a} : :smile: " ' ( ) . , ; ! ? % ^ / tab
""".split()  # noqa: SIM905 - a list of strings in quotes could not be read
TEXTS = st.lists(
    st.sampled_from(PIECES) | st.sampled_from((" ", "\n", "\t", "  ", "\n\n", "a", "7")) | st.text()
).map("".join)
PLACES = {
    "a paragraph": ("{}", ["p"]),
    "a heading": ("## INVALID: {}", ["h2"]),
    "a sentence": ("The run was {}; this is its story:", ["p"]),
    "an item": ("- {}", ["ul", "li"]),
    "before a full stop": ("Settings: {}.", ["p"]),
    "a cell": (
        "| what | why |\n|---|---|\n| {} | **yes** |",
        ["table", "thead", "tr", "th", "th", "tbody", "tr", "td", "td", "strong"],
    ),
}


def check(place, text):
    """That a text in a place is shown as it is, and makes no tag."""
    frame, tags = PLACES[place]
    plain = " ".join(safe_text(text).split())
    rendered = Rendered(frame.format(escaped(safe_text(text))))
    around = Rendered(frame.format("X"))

    assert rendered.tags == (tags if plain or place != "a paragraph" else [])
    assert rendered.attributes == []
    shown, told = rendered.words, around.words.replace("X", plain)
    assert "".join(shown.replace(BETWEEN, "").split()) == "".join(told.split())


@pytest.mark.parametrize("place", PLACES)
def test_each_mark_of_markdown_is_text(place):
    for piece in PIECES:
        for text in (piece, f"{piece} a", f"a\n{piece} b", f"{piece}a{piece}", f"a {piece} b"):
            check(place, text)


@pytest.mark.parametrize("place", PLACES)
@given(TEXTS)
@example(" ".join(PIECES))
@settings(max_examples=60)
def test_any_text_is_shown_as_it_is_and_is_nothing_but_text(place, text):
    check(place, text)


def test_nobody_is_mentioned_and_no_issue_is_named():
    # GitHub looks for these in the text that comes of rendering, so that no escape helps.
    assert "@someone" not in Rendered(escaped("ask @someone about #12, or me@host.example")).words
    assert "#12" not in Rendered(escaped("ask @someone about #12")).words


@pytest.mark.parametrize("name", sorted({*sample_runs.ALL} - {"large"}))
def test_a_run_is_rendered_without_a_link_or_an_image(tmp_path, name):
    rendered = Rendered(render_markdown(load_run(sample_runs.ALL[name](tmp_path / "run"))))

    ours = {"h2", "p", "pre", "code", "strong", "ul", "li"}
    assert set(rendered.tags) <= ours | {"table", "thead", "tbody", "tr", "th", "td"}
    assert {*rendered.attributes} <= {("class", "language-text"), ("align", "left")}
