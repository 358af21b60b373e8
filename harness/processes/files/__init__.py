"""What real processes keep: what is synced, what a power loss leaves, full and slow disks."""
