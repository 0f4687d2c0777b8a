# `make` sets up, `make test` proves everything; `make help` lists the rest.

VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := env

env:  ## make .venv with everything that development needs
	@python=$$(scripts/find-python) && "$$python" scripts/bootstrap.py $(VENV)

.PHONY: env
