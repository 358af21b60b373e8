"""The hunt: many plans on all cores until the time is up; failures grouped, made small, remembered.

    targets ──► drawing ──► plans ──► workers: run, judge ──► groups ──► shrink once ──► memory
                   ▲                                                                       │
                   └────────────── what is remembered is tried first ◄────────────────────┘

`drawing` makes a plan of a system's name and a seed: workload, sizes, machines, faults.
`work` is what a worker does; `pool` and `cluster` have workers, `tasks` hands them work, again if
they are lost. `memory` is the file that remembers groups of failures and which seeds were tried;
`sharding` and `merging` are for machines that know nothing of each other. `hunt` is the loop,
`night` what a table says of several. `telling` writes what came of it for people and for CI.
"""
