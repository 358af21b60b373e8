"""Chapter 2: data models."""
