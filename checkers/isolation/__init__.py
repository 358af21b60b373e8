"""Transaction isolation: which consistency models a history of transactions refutes, and why.

    from checkers.isolation import list_append

    verdict = list_append("snapshot-isolation").check(load("history.jsonl"))

Anomalies and models have their standard names (`checkers.isolation.consistency`).
"""

from checkers.isolation.bank import bank
from checkers.isolation.certificate import verify
from checkers.isolation.certificate_error import CertificateError, NoCertificate
from checkers.isolation.consistency import MODELS as CONSISTENCY_MODELS
from checkers.isolation.doctors import doctors
from checkers.isolation.list_append import list_append
from checkers.isolation.loading import load_transactions
from checkers.isolation.long_fork import causal_reverse, long_fork
from checkers.isolation.predicates import predicate_reads
from checkers.isolation.rw_register import rw_register

__all__ = [
    "CONSISTENCY_MODELS",
    "CertificateError",
    "NoCertificate",
    "bank",
    "causal_reverse",
    "doctors",
    "list_append",
    "load_transactions",
    "long_fork",
    "predicate_reads",
    "rw_register",
    "verify",
]
