"""The hunt: many plans on all cores until the time is up; failures grouped, made small, remembered.

    targets ──► drawing ──► plans ──► workers: run, judge ──► groups ──► shrink once ──► memory
                   ▲                                                                       │
                   └────────────── what is remembered is tried first ◄────────────────────┘

`drawing` makes a plan of a system's name and a seed: workload, sizes, machines, faults.
`work` is what a worker process does. `memory` is the file that remembers groups of failures and
which seeds were tried. `hunt` is the loop. `telling` writes what came of it for people and for CI.
"""
