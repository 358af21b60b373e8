"""Histories: what clients saw, and everything needed to read, write and draw it."""

from splitbrain.checkers.history.calls import Call
from splitbrain.checkers.history.drawing import drawn
from splitbrain.checkers.history.errors import HistoryError, HistoryWriteError
from splitbrain.checkers.history.formats.edn import read_edn
from splitbrain.checkers.history.formats.jsonl import read_jsonl
from splitbrain.checkers.history.formats.porcupine import read_etcd_log, read_kv_log
from splitbrain.checkers.history.history import History
from splitbrain.checkers.history.loading import load
from splitbrain.checkers.history.operation import (
    FAIL,
    INFO,
    INVOKE,
    NEMESIS,
    OK,
    TYPES,
    Operation,
    Process,
)
from splitbrain.checkers.history.writing import JsonlWriter, write_jsonl

__all__ = [
    "FAIL",
    "INFO",
    "INVOKE",
    "NEMESIS",
    "OK",
    "TYPES",
    "Call",
    "History",
    "HistoryError",
    "HistoryWriteError",
    "JsonlWriter",
    "Operation",
    "Process",
    "drawn",
    "load",
    "read_edn",
    "read_etcd_log",
    "read_jsonl",
    "read_kv_log",
    "write_jsonl",
]
