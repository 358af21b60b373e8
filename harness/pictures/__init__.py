"""Pictures that a system adds to the report of its runs: forms as data, which the report draws."""
