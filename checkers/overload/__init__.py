"""Load that does not wait for answers, and what is left of a service after too much of it.

>>> metastable(after=2.0).name
'metastable'
"""

from splitbrain.checkers.overload.goodput import metastable

__all__ = ["metastable"]
