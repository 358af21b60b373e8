"""How many messages a second a core routes between programs that speak Maelstrom's protocol.

    python benchmarks/processes.py [--nodes 10] [--seconds 5] [--tokens 100]

Each of ten programs sends tokens to others, and each that comes at once to another one. What is
measured is the CPU time of the harness (switch, trace, history), of the bridges
between it and the programs, and of the programs themselves; what the first two take is what routing
costs, and so how many messages a core of its own would route in a second. Beside it, in the same
run, stands the least that routes between the same programs: one process of asyncio that reads a
line, parses its JSON and writes it to whom it is for, without links, faults, trace or counts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from quick import parsed

from splitbrain.harness import Plan, run
from splitbrain.systems.maelstrom import chosen_fields
from splitbrain.systems.registry import experiment

PROGRAM = """
import json, random, sys
out, name, others = sys.stdout, None, []
LINE = '{"src":"%s","dest":"%s","body":{"type":"token"}}'
for line in sys.stdin:
    if '"init"' in line:
        told = json.loads(line)["body"]
        name, others = told["node_id"], [n for n in told["node_ids"] if n != told["node_id"]]
        print('{"src":"%s","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}' % name)
        for _ in range(TOKENS):
            print(LINE % (name, random.choice(others)))
    elif '"token"' in line:
        print(LINE % (name, random.choice(others)))
    else:
        told = json.loads(line)
        body = told["body"]
        answer = {"type": "echo_ok", "in_reply_to": body["msg_id"], "echo": body.get("echo")}
        print(json.dumps({"src": name, "dest": told["src"], "body": answer}))
    out.flush()
"""

TICK = os.sysconf("SC_CLK_TCK")


class Watch(threading.Thread):
    """The CPU seconds of all processes below this one, by what they are."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.over = threading.Event()
        self.seconds: dict[int, tuple[str, float]] = {}
        self._mine = Path("/proc/self/cmdline").read_bytes()

    def run(self) -> None:
        """Look until it is over."""
        while not self.over.wait(0.1):
            self.look()

    def look(self) -> None:
        """See what each process has used so far."""
        parents: dict[int, int] = {}
        used: dict[int, float] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError):
                    fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
                    parents[int(entry.name)] = int(fields[1])
                    used[int(entry.name)] = (int(fields[11]) + int(fields[12])) / TICK
        for pid, seconds in used.items():
            ancestor = pid
            while ancestor in parents and ancestor != os.getpid():
                ancestor = parents[ancestor]
            if ancestor == os.getpid() != pid:
                with suppress(OSError):
                    line = Path(f"/proc/{pid}/cmdline").read_bytes()
                    if line:  # it has not ended
                        what = "bridges" if line == self._mine else "programs"
                        self.seconds[pid] = (what, seconds)


async def asyncio_alone(command: str, nodes: int, seconds: float) -> tuple[int, float]:
    """How many messages asyncio passes on by itself, and its own CPU seconds."""
    names = [f"n{number}" for number in range(1, nodes + 1)]
    programs = {
        name: await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", command),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for name in names
    }
    passed = 0

    async def read(program: asyncio.subprocess.Process) -> None:
        nonlocal passed
        assert program.stdout is not None
        while line := await program.stdout.readline():
            if (there := programs.get(json.loads(line)["dest"])) is not None:
                assert there.stdin is not None
                there.stdin.write(line)
                passed += 1

    began = time.process_time()
    reading = [asyncio.ensure_future(read(program)) for program in programs.values()]
    for name, program in programs.items():
        told = {"type": "init", "msg_id": 1, "node_id": name, "node_ids": names}
        assert program.stdin is not None
        program.stdin.write(json.dumps({"src": "c0", "dest": name, "body": told}).encode() + b"\n")
    await asyncio.sleep(seconds)
    spent = time.process_time() - began
    for task in reading:
        task.cancel()
    await asyncio.gather(*reading, return_exceptions=True)
    for program in programs.values():
        program.kill()
        await program.wait()
    return passed, spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--nodes", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--tokens", type=int, default=100, help="that each node keeps under way")
    parser.add_argument("--traced", action="store_true", help="keep the trace, as `run` does")
    options = parsed(parser, nodes=3, seconds=2.0)
    command = PROGRAM.replace("TOKENS", str(options.tokens))
    fields = chosen_fields("python3", "echo", {"operation_timeout": 0.5})
    fields["options"]["ground"]["program"] = [sys.executable, "-c", command]
    plan = Plan(**fields, nodes=options.nodes, clients=1, time_limit=options.seconds, rate=1.0)
    watch = Watch()
    watch.start()
    before, began = time.process_time(), time.monotonic()
    with open(os.devnull, "wb") as nowhere:
        result = run(
            experiment(plan),
            tracing=options.traced,
            trace_file=nowhere if options.traced else None,
        )
    took, harness = time.monotonic() - began, time.process_time() - before
    watch.over.set()
    watch.join()
    told = [e.value for e in result.history.events("traffic")]
    rate = sum(told[0].values()) / options.seconds
    total = rate * took  # the tokens go round until the end
    used: Counter[str] = Counter({"harness": harness})
    for what, seconds in watch.seconds.values():
        used[what] += seconds
    routing = used["harness"] + used["bridges"]
    print(f"CPython {platform.python_version()}, {os.cpu_count()} cores, {options.nodes} nodes")
    print(f"messages a second of wall time  {rate:10.0f}")
    for what in ("harness", "bridges", "programs"):
        print(f"microseconds a message, {what:8}{used[what] / total * 1e6:10.1f}")
    print(f"messages a second of one core   {total / routing:10.0f}  (harness and bridges)")
    passed, spent = asyncio.run(asyncio_alone(command, options.nodes, options.seconds))
    print(f"messages a second of one core   {passed / spent:10.0f}  (asyncio alone)")


if __name__ == "__main__":
    main()
