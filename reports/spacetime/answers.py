"""Who answered an operation, and what it then was: read from the trace."""

from __future__ import annotations

from splitbrain.checkers.history import Call
from splitbrain.harness.runs.recorded_trace import Message
from splitbrain.reports.model import RunView
from splitbrain.reports.spacetime.window import client_host
from splitbrain.reports.wording import safe_text, shortened


def answered_by(view: RunView, call: Call) -> str:
    """`` from n1, leader of term 5``: whose answer ended an operation, as words to go after it;
    `` at n1`` if the operation learned nothing.

    Nothing where the trace doesn't tell, and of an operation that names a server itself.
    """
    answer = _answer(view, call)
    if answer is None or call.argument == answer.source:
        return ""
    asked = call.argument[-1:] if isinstance(call.argument, list) else [call.argument]
    learned = asked == [None] or call.result != call.argument
    role = view.trace.role_at(answer.source, answer.sent)
    told = f" {'from' if learned else 'at'} {answer.source}"
    if role is not None and role.term:
        told += f", {role.name} of term {role.term}"
    return safe_text(shortened(told, 60))


def _answer(view: RunView, call: Call) -> Message | None:
    """The message whose receipt ended an operation that succeeded."""
    if call.outcome != "ok" or call.end is None:
        return None
    trace = view.trace
    at = trace.last_event(client_host(view, call.process), call.end, "receive")
    if at is None or abs(trace.time(at) - call.end) > _INSTANT:
        return None
    message = trace.received(at)
    return message if message and message.source in view.servers else None


_INSTANT = 1_000
"""How far apart (ns) the same moment may be in the history, in ns, and in the trace, in seconds."""
