"""Consensus: several servers agree, whatever fails of a minority (DDIA chapter 9)."""
