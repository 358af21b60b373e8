"""The command line, one command a file; `cli` names them."""
