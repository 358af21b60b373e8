"""Property graphs: edges that both ends know, to nodes that are there; paths, and routes.

>>> symmetric_edges().name, no_dangling_edge().name, atomic_visibility().name
('symmetric-edges', 'no-dangling-edge', 'atomic-visibility')
"""

from splitbrain.checkers.graphs.edges import no_dangling_edge, symmetric_edges
from splitbrain.checkers.graphs.paths import atomic_visibility
from splitbrain.checkers.graphs.routes import routes_lead

__all__ = ["atomic_visibility", "no_dangling_edge", "routes_lead", "symmetric_edges"]
