"""The loops of the isolation checkers, run as they are or compiled (`splitbrain.checkers.kernels`).

What their arrays hold is coded once, in `codes`.
"""
