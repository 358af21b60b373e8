"""Chapter 10: batch processing."""
