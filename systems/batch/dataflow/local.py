"""The same programs on real threads, processes or machines: any executor of `concurrent.futures`.

What the simulated workers make must be what these make: a local pool, or a Dask cluster by
``distributed.Client.get_executor()`` (extra ``dask``).

>>> from concurrent.futures import ThreadPoolExecutor
>>> with ThreadPoolExecutor(2) as pool:
...     run_locally(pool, "words", "to be or\\nnot to be\\n", partitions=3)
(('be', 2), ('not', 1), ('or', 1), ('to', 2))
"""

from __future__ import annotations

from concurrent.futures import Executor, Future

from splitbrain.systems.batch.dataflow.operators import ALL, SAME, Operators, Rows, bucket_of
from splitbrain.systems.batch.dataflow.programs import (
    PROGRAMS,
    TEXT,
    lines_of,
    output_of,
    read_by,
    slice_of,
)


def run_locally(
    executor: Executor, program: str, text: str, table: Rows = (), partitions: int = 2
) -> Rows:
    """The output of a program, its tasks run by an executor: a step when those before have ended.

    Raises:
        KeyError: there is no such program.
        ValueError: a line of the text is no key and number, and the program needs them.
    """
    made: list[list[Rows]] = []
    for step in PROGRAMS[program]:
        tasks: list[Future[Rows]] = []
        for part in range(partitions):
            if step.source:
                rows = lines_of(text) if step.source == TEXT else table
                inputs = [slice_of(rows, part, partitions)]
            else:
                inputs = [
                    tuple(
                        row
                        for other in read_by(read, part, partitions)
                        for row in made[read.step][other]
                        if read.wiring in (SAME, ALL)
                        or bucket_of(row, read.wiring, partitions) == part
                    )
                    for read in step.inputs
                ]
            tasks.append(executor.submit(task, step.operator, inputs))
        made.append([each.result() for each in tasks])
    return output_of(program, made[-1])


def task(operator: str, inputs: list[Rows]) -> Rows:
    """One task; a function of a module, so that other processes find it."""
    return Operators().run(operator, inputs)
