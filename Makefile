# The commands people type. Each works in an activated virtual environment.
.PHONY: install test lint nightly ci constraints

install:  ## this checkout and its tools, in the versions that were tested together
	pip install -c constraints.txt -e '.[dev]'

test:  ## the tests, as the README says
	pytest -n auto

lint:  ## format, lint, types, floors
	ruff format
	ruff check
	mypy
	lint-imports

nightly:  ## the full hunts, twins and fuzzers; takes hours
	pytest -n auto --nightly

ci:  ## everything that must hold before a change lands, in a fresh environment
	.ci/run

constraints:  ## constraints.txt from pyproject.toml
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --extra dev \
	    --no-emit-index-url --no-annotate --no-header pyproject.toml --output-file constraints.new
	(sed -n '/^#/p' constraints.txt; cat constraints.new) > constraints.both
	mv constraints.both constraints.txt && rm constraints.new
