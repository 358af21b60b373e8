"""Histories: what clients saw, and everything needed to read, write and draw it."""

from checkers.history.drawing import drawn
from checkers.history.edn import read_edn
from checkers.history.errors import HistoryError, HistoryWriteError
from checkers.history.history import Call, History
from checkers.history.jsonl import read_jsonl
from checkers.history.load import load
from checkers.history.operation import (
    FAIL,
    INFO,
    INVOKE,
    NEMESIS,
    OK,
    TYPES,
    Operation,
    Process,
)
from checkers.history.porcupine import read_etcd_log, read_kv_log
from checkers.history.writing import JsonlWriter, write_jsonl

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
