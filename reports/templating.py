"""Pages: templates that escape everything, and one script and one style sheet inside each page.

Whatever came from the system under test is text: escaped in the page, set through ``textContent``
by the script, and a content security policy lets no script run but our own.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from splitbrain.reports.wording import counted, safe_text, seconds, shortened

_COMMENTS = re.compile(r"^[ \t]*//[^\n]*\n|^[ \t]*/\*.*?\*/[ \t]*\n", re.MULTILINE | re.DOTALL)
"""Comments that have lines of their own."""


def render_page(template: str, styles: Sequence[str], scripts: Sequence[str], **values: Any) -> str:
    """A page of a template, with these assets in it."""
    script = _script(tuple(scripts))
    return (
        _environment()
        .get_template(template)
        .render(
            style=Markup("".join(map(_asset, styles))),
            script=Markup(script),
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            **values,
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("splitbrain.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        seconds=seconds, counted=counted, visible=safe_text, shortened=shortened
    )
    return environment


@cache
def _asset(name: str) -> str:
    """A file of ours as it goes into pages: without its comments, which nobody reads there."""
    text = files("splitbrain.reports").joinpath("assets", name).read_text(encoding="utf-8")
    return _COMMENTS.sub("", text)


@cache
def _script(names: tuple[str, ...]) -> str:
    """Scripts as one, each file a part of one strict function."""
    body = "\n".join(map(_asset, names))
    return f'(() => {{\n"use strict";\n{body}\n}})();\n'
