"""Transaction isolation: which consistency models a history of transactions refutes, and why.

    from splitbrain.checkers.isolation import list_append

    verdict = list_append("snapshot-isolation").check(load("history.jsonl"))

Anomalies and models have their standard names (`splitbrain.checkers.isolation.consistency`).
"""

from splitbrain.checkers.certificate import CertificateError, NoCertificate
from splitbrain.checkers.isolation.consistency import MODELS as CONSISTENCY_MODELS
from splitbrain.checkers.isolation.lists.checker import list_append
from splitbrain.checkers.isolation.loading import load_transactions
from splitbrain.checkers.isolation.predicates.checker import predicate_reads
from splitbrain.checkers.isolation.recheck.verdicts import verify
from splitbrain.checkers.isolation.registers.checker import rw_register

__all__ = [
    "CONSISTENCY_MODELS",
    "CertificateError",
    "NoCertificate",
    "list_append",
    "load_transactions",
    "predicate_reads",
    "rw_register",
    "verify",
]
