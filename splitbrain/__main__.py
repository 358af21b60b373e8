"""``python -m splitbrain``: the command line, where no script was installed for it."""

from splitbrain.harness.commands.cli import main

if __name__ == "__main__":
    main(prog_name="splitbrain")
