"""Load that one server cannot bear: caches, and load balancers (DDIA chapter 1, "Scalability")."""
