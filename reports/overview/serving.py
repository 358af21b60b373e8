"""The runs of a folder over HTTP, on this machine only, and only to be read.

A run whose report is not written yet, since a hunt goes on, is shown all the same. Nothing is
written, no file outside of the folder is shown (nor one that a link in it leads to), and
a request that names another host is refused, so that no page of somebody else's can read runs
through a name that it has made point here.
"""

from __future__ import annotations

from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from splitbrain.reports.html import render_html
from splitbrain.reports.model import load_run
from splitbrain.reports.overview.comparing import compared
from splitbrain.reports.overview.page import render_index
from splitbrain.reports.run_files import RunError
from splitbrain.reports.templating import render_page

LOOPBACK = "127.0.0.1"
REPORT = "report.html"
"""A run's page, which is made for who asks where it is not written yet."""

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".jsonl": "text/plain; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
    ".py": "text/plain; charset=utf-8",
    ".gz": "application/gzip",
}
"""What is shown, and as what; nothing else is."""

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


class RunsServer(ThreadingHTTPServer):
    """A server of a folder of runs; `serve_forever` runs it, `server_close` ends it.

    Attributes:
        runs: the folder.
    """

    daemon_threads = True

    def __init__(self, runs: Path, port: int) -> None:
        """Listen on a port of the loopback address; 0 takes a free one.

        Raises:
            OSError: the port is taken.
        """
        self.runs = runs.resolve()
        super().__init__((LOOPBACK, port), _Handler)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{LOOPBACK}:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    server: RunsServer

    def do_GET(self) -> None:
        """Answer with a page or a file."""
        host = (self.headers.get("Host") or "").rsplit(":", 1)[0]
        if host not in (LOOPBACK, "localhost"):
            self._answer(HTTPStatus.FORBIDDEN, "text/plain", b"ask for 127.0.0.1 or localhost\n")
            return
        url = urlsplit(self.path)
        try:
            if url.path in ("/", "/index.html"):
                self._page(render_index(self.server.runs, served=True))
            elif url.path == "/compare":
                self._page(self._comparison(parse_qs(url.query)))
            else:
                self._file(unquote(url.path))
        except RunError as error:
            text = f"{error}\n".encode(errors="backslashreplace")
            self._answer(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", text)

    do_HEAD = do_GET

    def _comparison(self, query: dict[str, list[str]]) -> str:
        names = [query.get(side, [""])[0] for side in ("one", "other")]
        folders = [self._inside(name) for name in names]
        if not all(folder is not None and (folder / "plan.json").is_file() for folder in folders):
            raise RunError("there are no two such runs: choose them on the first page")
        lines = compared(*(folder for folder in folders if folder is not None))
        styles = ("report.css", "index.css")
        return render_page("compare.html.j2", styles, (), names=names, lines=lines)

    def _inside(self, name: str) -> Path | None:
        """The path of this name in the folder; None for one that leads out of it."""
        if "\0" in name:
            return None
        try:
            path = (self.server.runs / name.lstrip("/")).resolve()
        except (OSError, RuntimeError):
            return None
        return path if path.is_relative_to(self.server.runs) else None

    def _file(self, name: str) -> None:
        path = self._inside(name)
        if path is not None and path.name == REPORT and not path.exists():
            self._page(render_html(load_run(path.parent)))  # a hunt writes reports when it ends
            return
        kind = None if path is None else _TYPES.get(path.suffix)
        if path is None or kind is None or not path.is_file():
            raise RunError("there is no such file")
        try:
            data = path.read_bytes()
        except OSError as error:
            raise RunError(f"the file can't be read: {error.strerror}") from None
        self._answer(HTTPStatus.OK, kind, data)

    def _page(self, text: str) -> None:
        data = text.encode(errors="backslashreplace")
        self._answer(HTTPStatus.OK, "text/html; charset=utf-8", data)

    def _answer(self, status: HTTPStatus, kind: str, data: bytes) -> None:
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of requests."""
