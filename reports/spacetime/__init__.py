"""Space-time diagrams: who sent what to whom, what was lost, who led, and what came of it."""
