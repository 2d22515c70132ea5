# Needs Python 3.11 to 3.14, git and make; everything else goes into .venv.

PYTHON ?=
JOBS ?= 2
ARGS ?=

BIN := .venv/bin
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check --no-input
INSTALL := $(PIP) install --require-hashes --only-binary :all: --no-deps
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-build \
	--custom-compile-command "make lock" $(UPGRADE)
SOURCE_TOO := $(filter-out --no-build,$(LOCK))

AUDIT := $(BIN)/pip-audit --vulnerability-service osv --timeout 5 --progress-spinner off \
	--disable-pip --require-hashes --requirement requirements/run.txt
SBOM ?= sbom.json

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run test check audit fmt docs samples bench bench-docs bench-shares bench-ledger \
	bench-scale timing floods faults fuzz lock sbom clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.dev ## Make .venv with everything to run, test and check

run: .venv/.run ## Start the server (ARGS="..." for hufu serve)
	@exec $(BIN)/hufu serve $(ARGS)

test: .venv/.dev ## Run all tests, and see what they cover (ARGS="..." for pytest, JOBS=2)
	@$(BIN)/pytest -n $(JOBS) $(or $(ARGS),--cov --cov-report=term)

check: .venv/.dev ## Check style, types, layers, generated documents and known vulnerabilities
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --quiet --check
	@$(BIN)/mypy src
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/hufu docs --check
	@$(MAKE) --no-print-directory audit ARGS=

audit: .venv/.dev ## Look whether something that hufu needs to run has a known vulnerability
	@found=$$(mktemp); log=$$(mktemp); trap 'rm -f "$$found" "$$log"' EXIT; \
	if $(AUDIT) --output "$$found" $(ARGS) 2>"$$log"; then exit 0; fi; \
	if [ -s "$$found" ]; then cat "$$found" >&2; exit 1; fi; \
	if ! grep -Eq 'requests\.exceptions|ConnectionError|ServiceError' "$$log"; then \
		cat "$$log" >&2; exit 1; \
	fi; \
	echo "Not looked for known vulnerabilities: the list of them cannot be reached."

fmt: .venv/.dev ## Format the code
	@$(BIN)/ruff check --quiet --fix --exit-zero
	@$(BIN)/ruff format --quiet

docs: .venv/.dev ## Write the generated documents again
	@$(BIN)/hufu docs

samples: .venv/.dev ## Record the sample answers, and which index serves what, again
	@$(BIN)/pytest tests/dialects tests/pages tests/storage/test_schema_page.py --record-samples

bench: .venv/.dev ## Measure hufu beside its peers, about an hour (ARGS="--rounds 1 --seconds 1 --only allauth")
	@PYTHONPATH=tests $(BIN)/python bench/compare.py $(ARGS)

bench-docs: .venv/.dev ## Put the newest run of `make bench` into docs/performance.md
	@$(BIN)/python bench/report.py

bench-shares: .venv/.dev ## Measure where the time of a request goes (ARGS="--rounds 9 --seconds 1")
	@PYTHONPATH=tests $(BIN)/python bench/shares.py $(ARGS)

bench-ledger: .venv/.dev ## Measure how fast rewards are given (ARGS="--rounds 5 --length 1000000")
	@$(BIN)/python bench/ledger.py $(ARGS)

bench-scale: .venv/.dev ## Measure whether many accounts make a server slow (ARGS="--sizes 10000 1000000")
	@PYTHONPATH=tests $(BIN)/python bench/scale.py $(ARGS)

timing: .venv/.dev ## Measure whether the time of an answer tells who has an account (ARGS="--count 2000")
	@PYTHONPATH=tests $(BIN)/python bench/timing.py $(ARGS)

floods: .venv/.dev ## Flood a server with guesses and requests for messages (ARGS="--count 100000")
	@PYTHONPATH=tests $(BIN)/python bench/floods.py $(ARGS)

faults: .venv/.dev ## Break everything around a server, and see what holds (ARGS="--only worker")
	@PYTHONPATH=tests $(BIN)/python -m faults.run $(ARGS)

fuzz: .venv/.fuzz ## Look for inputs that break the server (ARGS="--seconds 600 phone email")
	@$(BIN)/python fuzz/run.py $(ARGS)

lock: .venv/.dev ## Resolve the requirements again (UPGRADE=--upgrade for newer versions)
	@$(LOCK) pyproject.toml --output-file requirements/run.txt --group build
	@$(LOCK) pyproject.toml --output-file requirements/dev.txt \
		--all-extras --group build --group dev --constraints requirements/run.txt
	@$(LOCK) --output-file requirements/fuzz.txt --group fuzz --constraints requirements/dev.txt
	@$(SOURCE_TOO) --output-file requirements/patroni-source.txt --no-deps --group patroni-source
	@$(SOURCE_TOO) --output-file requirements/patroni.txt --group patroni \
		--constraints requirements/patroni-source.txt \
		--no-emit-package python-etcd --no-emit-package ydiff
	@for peer in fastapi-users allauth; do \
		$(LOCK) --output-file bench/requirements-$$peer.txt --group bench-$$peer; \
	done
	@if command -v npm >/dev/null; then cd bench/peers/better_auth && npm install --package-lock-only \
		--omit-lockfile-registry-resolved --ignore-scripts --no-audit --no-fund --silent; fi

sbom: .venv/.dev ## Write sbom.json, which lists all that hufu needs to run (CycloneDX)
	@PYTHONWARNINGS=ignore $(BIN)/cyclonedx-py requirements requirements/run.txt \
		--pyproject pyproject.toml --output-reproducible --output-file $(SBOM)

clean: ## Remove .venv and all caches; data stays
	@rm -rf .venv .fuzz .patroni bench/.peers .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage* htmlcov
	@find src tests bench fuzz -name __pycache__ -prune -exec rm -rf {} +

.venv/.run: requirements/run.txt pyproject.toml | $(BIN)/python
	@echo "Installing what hufu needs to run"
	@$(INSTALL) --requirement requirements/run.txt
	@$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@

.venv/.dev: requirements/dev.txt .venv/.run
	@echo "Installing what tests and checks need"
	@$(INSTALL) --requirement requirements/dev.txt
	@touch $@

# Not every Python and system has a wheel of atheris; without it fewer targets run.
.venv/.fuzz: requirements/fuzz.txt .venv/.dev
	@echo "Installing what fuzzing needs"
	@if $(INSTALL) --requirement requirements/fuzz.txt 2>/dev/null; then touch $@; fi

$(BIN)/python:
	@set -e; \
	usable='import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 15))'; \
	for python in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11); do \
		if "$$python" -c "$$usable" >/dev/null 2>&1; then \
			echo "Making .venv with $$("$$python" --version)"; \
			exec "$$python" -m venv --clear .venv; \
		fi; \
	done; \
	echo "No usable Python among: $(or $(PYTHON),python3 and python3.11 to python3.14)." >&2; \
	echo "hufu needs CPython 3.11 to 3.14 with the module venv (on Debian: python3-venv)." >&2; \
	echo "Name one with: make PYTHON=/path/to/python3 ..." >&2; \
	exit 1
