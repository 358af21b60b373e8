"""The store as a system: what it claims, and the bug of its first form.

splitbrain run examples/rest_store/system.py --faults partition,pause
splitbrain run examples/rest_store/system.py --bug REST-01 --count 20
splitbrain hunt examples/rest_store/system.py --bug REST-01
splitbrain run examples/rest_store/system.py --ground processes --faults partition,pause
"""

from examples.rest_store.test_rest_store import ENV, Client
from splitbrain import Bug, Claims, System, program

SYSTEM = System(
    name="rest-store",
    title="a replicated store: FastAPI under uvicorn, httpx between the replicas",
    server=program("examples.rest_store.service:main", env=ENV),
    client=Client,
    workloads=("register",),
    claims=Claims(("process.pause", "net", "net.slicer", "net.reset", "client")),
    bugs=(
        Bug(
            id="REST-01",
            title="a change compares before it has the lock",
            server=program("examples.rest_store.first_form:main", env=ENV),
            workload="register",
            faults=(),
            nodes=3,
            seeds=20,
            shows=("linearizable(cas-register)",),
            source="made up; the commonest race of asynchronous services",
        ),
    ),
)
