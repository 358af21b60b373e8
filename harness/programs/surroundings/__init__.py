"""What an unmodified program has around it: time, randomness, identity, environment, libraries.

`surrounding` puts all of it, network and files too, in place from a program's first line on.
"""
