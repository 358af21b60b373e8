"""Certificates of linearizability checked again, by code that imports none of the detectors."""
