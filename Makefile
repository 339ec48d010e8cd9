# Every target makes what it needs, from nothing but Python 3.11 or newer and make.
# `make` alone lists them.

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
COMPILED := build/compiled

# The first Python that is new enough; PYTHON=... chooses another.
ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11 python,\
	$(shell $(name) -c '$(ENOUGH)' 2>/dev/null && echo $(name))))

# Test processes side by side; each starts the brokers that its tests ask for. For two cores: what
# runs on Kafka waits for half of its time, what needs no broker never does.
PROCESSES ?= 3
test-fast: PROCESSES := 2

# How long `make chaos` goes on; SEED=... repeats a run.
SECONDS ?= 60

# Brokers of the cluster that kafka-up starts.
BROKERS ?= 1

.DEFAULT_GOAL := help
.PHONY: help install demo test test-fast check format schemas lock compiled bench chaos kafka-up kafka-down

help: ## list what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

install: $(INSTALLED) ## .venv with the locked dependencies and the command .venv/bin/baton

$(INSTALLED): requirements/dev.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Baton needs Python 3.11 or newer: none was found" >&2; exit 1; }
	@echo "Installing into $(VENV) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
		echo "Python could not make $(VENV): its venv module may be a package of its own, such as python3-venv" >&2; \
		rm -rf $(VENV); exit 1; }
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(INSTALLED) ## a company's leads, through the embedded broker, and what both teams want to know
	@$(BIN)/baton demo

# Compiled modules are kept, whatever the machine prefers: each test process, and each worker that
# tests start, would compile all of them anew.
test test-fast: export PYTHONDONTWRITEBYTECODE :=

test: $(INSTALLED) ## every test; what was skipped is listed with its reason
	@rm -f .coverage .coverage.*
	$(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile --no-loadscope-reorder --max-worker-restart 0 --cov --cov-report=
	@echo "Branch coverage of the domain and the contract, which has to be 100 %:"
	@$(BIN)/python -m coverage report --include='lifecycle/*,schemas/*' --fail-under=100
	@echo "Branch coverage of the rest:"
	@$(BIN)/python -m coverage report --include='events/*,handlers/*'

test-fast: $(INSTALLED) ## the tests that need no broker
	$(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile -m "not kafka and not embedded and not slow"

check: $(INSTALLED) ## lint, format, types, direction of imports, generated schemas
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/baton schemas --check

format: $(INSTALLED) ## put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

schemas: $(INSTALLED) ## write the published schemas anew
	$(BIN)/baton schemas

# Where the packages come from is each machine's business: no address gets into the files.
LOCK := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/python -m piptools compile -q --upgrade \
	--generate-hashes --strip-extras --allow-unsafe --no-emit-index-url --no-emit-trusted-host \
	--no-emit-find-links --no-emit-options

lock: $(INSTALLED) ## lock the newest versions that pyproject.toml allows
	$(LOCK) --extra embedded --extra postgresql --extra dev -o requirements/dev.txt pyproject.toml
	$(LOCK) --constraint requirements/dev.txt --extra postgresql -o requirements/run.txt pyproject.toml
	HATCH_BUILD_HOOK_ENABLE_CUSTOM=true $(LOCK) --constraint requirements/dev.txt --build-deps-for wheel --only-build-deps \
		-o requirements/build.txt pyproject.toml

compiled: $(COMPILED)/.made ## the decider as machine code, in build/compiled: put that first on PYTHONPATH (needs a C compiler)

$(COMPILED)/.made: $(INSTALLED) deploy/compiled.py $(shell find lifecycle schemas events handlers -type f -not -name '*.pyc')
	@echo "Compiling what each signal passes into $(COMPILED) ..."
	@$(BIN)/python -m deploy.compiled $(COMPILED) >/dev/null
	@touch $@

bench: compiled ## Baton and its peers on one log (Java 17, Maven; about an hour); BENCH=--help lists options
	PYTHONPATH="$(CURDIR)/$(COMPILED):$(CURDIR)" $(BIN)/python -P -m tests.benchmarks $(BENCH)

chaos: $(INSTALLED) ## faults at random under load, then everything compared; SECONDS=60 SEED=any
	@$(BIN)/python -m tests.faults.chaos --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

kafka-up: $(INSTALLED) ## start Apache Kafka here (Java 17; Maven the first time); BROKERS=3 for three
	@$(BIN)/python -m deploy.kafka up --brokers $(BROKERS)

kafka-down: $(INSTALLED) ## stop it and remove its data
	@$(BIN)/python -m deploy.kafka down
