# `make` sets up, `make test` proves everything; `make help` lists the rest.

BIN := .venv/bin
FAST := not slow and not programs

# Tests start hundreds of processes; what these import is compiled once, whatever the machine's custom is.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := env
.PHONY: bench bench-compose bench-outbox bench-quick docs env demo test quick checks lint types mypy pyright layers cover crash system-packages node-packages lock wheel wheel-test clean help

env:  ## make .venv with everything that development needs
	@python=$$(scripts/find-python) && "$$python" scripts/bootstrap.py

demo: env  ## send a mail through envoi's own local server and show all of it
	@$(BIN)/python examples/demo.py

test: env system-packages node-packages checks cover wheel-test  ## everything, as before a change lands

quick: env  ## the fast tests only
	@$(BIN)/python -m pytest -q -m "$(FAST)"

checks: env  ## lint, types and layers, two at a time
	@$(MAKE) --no-print-directory --jobs=2 lint types layers

lint: env  ## ruff: rules and format
	@echo "== lint: ruff"
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check . || { echo "not formatted; fix: $(BIN)/ruff format ."; exit 1; }

types: mypy pyright  ## mypy and pyright, both strict

mypy: env
	@echo "== types: mypy"
	@$(BIN)/mypy

pyright: env
	@echo "== types: pyright"
	@$(BIN)/pyright

layers: env  ## who may import whom
	@echo "== layers: import-linter"
	@$(BIN)/lint-imports --no-logo --cache-dir .cache/import-linter

cover: env system-packages node-packages  ## all tests, with branch coverage
	@echo "== tests, with coverage"
	@$(BIN)/coverage erase
	@scripts/tests-in-halves
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report --skip-covered
	@echo "== coverage of smtp/, session/ and outbox/ is 100 %"
	@$(BIN)/coverage report --include 'src/envoi/smtp/*,src/envoi/session/*,src/envoi/outbox/*' --fail-under=100
	@echo "== coverage of oauth/ is at least 98 %"
	@$(BIN)/coverage report --include 'src/envoi/oauth/*' --fail-under=98

system-packages:  ## the mail servers that the tests talk to (Debian)
	@echo "== system packages"
	@scripts/system-packages

node-packages:  ## the OpenID provider that the tests sign in to (npm)
	@echo "== node packages"
	@scripts/node-packages

docs: env  ## the documentation, to be read from build/docs/index.html
	@$(BIN)/python docs/tools/rfcs.py
	@$(BIN)/sphinx-build --quiet --jobs auto --fail-on-warning --keep-going -d .cache/docs -b html docs build/docs
	@echo "docs: build/docs/index.html"

bench: env  ## sending, against what else there is; writes docs/benchmarks.md and its plots
	@scripts/bench-environment
	@$(BIN)/python -m bench --write

bench-quick: env  ## a minute of `make bench`; writes nothing
	@scripts/bench-environment
	@$(BIN)/python -m bench --quick

crash: env system-packages  ## kill thousands of the outbox's processes, and count what was lost and doubled
	@$(BIN)/python -m tests.crash --kills 250

bench-compose: env  ## composing, against what else there is; writes docs/benchmarks/compose.md
	@scripts/bench-environment
	@PYTHONPATH=src:. .cache/bench/venv/bin/python -m bench.compose.compare 15 \
	    $$([ ! -d .cache/bench/node/node_modules ] || echo --nodemailer .cache/bench/node) --write docs/benchmarks/compose.md

bench-outbox: env system-packages  ## the outbox in SQLite, against other queues; writes docs/benchmarks/outbox.md
	@scripts/bench-environment
	@$(BIN)/python -m bench.outbox --write

lock: env  ## pin and hash the requirements again (UPGRADE=1: with the newest versions)
	@scripts/lock $(if $(UPGRADE),--upgrade)

wheel: env  ## dist/: wheel and source distribution
	@echo "== wheel and source distribution"
	@rm -rf dist && mkdir -p .cache
	@$(BIN)/python -m build --no-isolation --outdir dist . >.cache/build.log 2>&1 || { cat .cache/build.log; exit 1; }
	@$(BIN)/twine check --strict dist/* >.cache/build.log || { cat .cache/build.log; exit 1; }

wheel-test: wheel  ## the wheel alone, on the oldest and the newest Python here
	@scripts/wheel-test "$(FAST)"

clean:  ## remove what was made, .venv included
	rm -rf .venv .cache dist build .hypothesis

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*##/\1 =/p' Makefile | awk -F ' = ' '{ printf "make %-16s %s\n", $$1, $$2 }'
