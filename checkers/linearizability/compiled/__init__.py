"""The search over arrays, and what lays problems out for it.

The kernels are plain loops that numba compiles for large histories; `layout` says what their
arrays hold, `searching` drives them, `laying_out` and `from_calls` make the arrays. Nothing in here
chooses an algorithm: that is for `splitbrain.checkers.linearizability.deciding`, above.
"""
