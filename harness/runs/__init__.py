"""A run, from its plan to its folder: driven, recorded, judged, kept, investigated."""
