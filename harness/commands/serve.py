"""`splitbrain serve`: many runs in a browser, on this machine."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="serve")
@click.argument(
    "runs", type=click.Path(path_type=Path, file_okay=False), default=Path("runs"), metavar="[RUNS]"
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8137, show_default=True, help="0: a free one."
)
def command(runs: Path, port: int) -> None:
    """Show the runs in RUNS on the loopback address, as they are now; nothing is written.

    Runs until it is interrupted.
    """
    from splitbrain.harness.runs.folders import StoreError
    from splitbrain.reports.overview.serving import RunsServer

    if not runs.is_dir():
        raise StoreError(f"{runs}: no such folder: give the folder that holds runs")
    try:
        server = RunsServer(runs, port)
    except OSError as error:
        raise StoreError(f"port {port}: {error.strerror}: give another --port") from None
    click.echo(f"{server.url} shows {runs} (Ctrl-C ends it)")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
