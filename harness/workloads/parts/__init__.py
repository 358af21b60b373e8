"""What the workloads are made of: options, a client's methods, keys, replicas, transactions."""
