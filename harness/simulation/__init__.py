"""The simulated world: virtual time, network, disks, clocks, and nodes that are trio programs."""
