"""Chapter 8: who is there, and who is dead: failure detectors and gossip membership."""
