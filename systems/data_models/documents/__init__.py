"""A document store: collections, versions, unique fields, and an index that agrees with them.

The problem (DDIA chapter 2, "Document databases"): what belongs together is one document, which is
read and written whole. Then two who change different fields of it overwrite each other; and what is
found by a field, through an index, must be what is there, also after a crash.

The idea: a document has a *version* that goes up with each change, and a change names the version
that it was made from (optimistic concurrency; "compare-and-set" in chapter 7). The index is derived
data: it is made of the documents whenever the store is opened, and is changed in the same step as
they are.

Sources: DDIA chapters 2, 3 ("Other Indexing Structures") and 7 ("Preventing Lost Updates").

Guarantees: fields are linearizable registers, with compare-and-set; a document that was inserted is
found by each of its fields; no two documents of a collection have the same value of a unique field.
All under any number of crashes and power losses, as long as the disk keeps what it synced.

Documents are found by queries and changed by updates of a small language: an update is made where
the document is, so that nobody needs to have read it.

They are kept by the LSM tree of `splitbrain.systems.storage`, a batch for each change: what changes
at once is there as a whole or not at all, and what is obsolete goes when tables are merged.

Layout: ``store`` keeps the documents, ``queries`` has the language, ``server`` answers, ``client``
asks; ``bugs`` has them with
one decision wrong.

Several documents change at once, and are read as of one moment.

Left out: replicas (`splitbrain.systems.data_models.replicated_documents` has them), fields within
fields, documents that are not in memory.
"""

from splitbrain.harness.nemesis.claims import Claims
from splitbrain.harness.system import SINGLE_SERVER, System
from splitbrain.systems.data_models.documents.bugs import BUGS
from splitbrain.systems.data_models.documents.client import DocumentClient
from splitbrain.systems.data_models.documents.pictures import DOCUMENT_VERSIONS
from splitbrain.systems.data_models.documents.server import DocumentServer

__all__ = ["SYSTEM"]

SYSTEM = System(
    name="documents",
    title="a document store with versions and indexes (chapter 2)",
    server=DocumentServer,
    client=DocumentClient,
    workloads=("register", "set", "bank", "lock", "versions", "names", "scan"),
    claims=Claims(
        ("process", "net", "clock", "disk.slow", "disk.stall", "client", "scenario"),
        max_down="all",
    ),
    nodes=1,
    sizes=SINGLE_SERVER,
    bugs=BUGS,
    pictures=(DOCUMENT_VERSIONS,),
)
