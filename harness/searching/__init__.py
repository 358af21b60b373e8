"""Seed after seed until a run fails, some of them done again in another process."""
