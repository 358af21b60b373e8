"""Whole histories judged from their columns, without a Python object for each operation.

`registers` and `stores` read a history into `operations`, `problems` lays these out for the
compiled search, `judging` runs it and `witness` tells why a key is broken. What is not of the plain
layout is left to calls, which can say what is wrong with it.
"""
