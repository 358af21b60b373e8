"""Many runs at once: one page beside their folders, and a server that shows it."""
