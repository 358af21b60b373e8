"""The store whose processes leave others behind, as a system; also for ``splitbrain run``."""

import sys
from dataclasses import replace
from pathlib import Path

from forwarding_system import SYSTEM as FORWARDING

from splitbrain import command

STORE = str(Path(__file__).with_name("escaping_store.py"))
WORDS = (sys.executable, STORE, "{name}", "{host}", "{port}", "{addresses}")

SYSTEM = replace(FORWARDING, name="escaping-store", server=command(WORDS))
