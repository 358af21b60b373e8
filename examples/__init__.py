"""Programs as people write them, and their tests; nothing in a program knows of splitbrain."""
