"""A ledger of accounts whose fsyncs are shared, and what is wrong with its first form."""
