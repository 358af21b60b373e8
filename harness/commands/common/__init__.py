"""What several commands have in common: exit codes, options, output."""
