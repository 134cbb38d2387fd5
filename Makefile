# `make demo` and `make test` fetch everything they need themselves; only Python 3, make and package registries are assumed.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Any Python 3.8 or later starts the bootstrap; it finds or fetches the 3.13 that Leanda runs on.
PYTHON ?= python3
# Set it to point at a Python 3.13 that is not on PATH.
PYTHON313 ?=
export PYTHON313

RUN := .venv/bin/python
# How `make bench` or `make demo` get further arguments: make demo ARGS="--files 100"
ARGS ?=

.PHONY: help
help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: bootstrap
bootstrap: ## Make or refresh the environments (every other target does this first)
	@$(PYTHON) -m local.toolchain.bootstrap

.PHONY: demo
demo: bootstrap ## Run the whole pipeline on this machine and show what comes out
	@$(RUN) -m cli demo $(ARGS)

.PHONY: test
test: bootstrap ## Run the tests, the last four on a cloud of their own
	@$(RUN) -m pytest -n 2 -m "not long" tests/unit tests/infra tests/contracts tests/architecture tests/ports tests/faults/simulated $(ARGS)
	@$(RUN) -m pytest -m "not long" tests/integration tests/e2e tests/security tests/faults/running $(ARGS)

.PHONY: test-all
test-all: bootstrap ## Run those of the local cloud too, and everything with the full counts
	@$(RUN) -m pytest $(ARGS)

.PHONY: planted
planted: bootstrap ## Take out one mechanism at a time and see the tests go red; writes docs/planted-bugs.md
	@$(RUN) -m tests.faults.planted

.PHONY: check
check: bootstrap ## Lint, formatting, types and the import rules
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@$(RUN) -m tools.generate --check

.PHONY: generate
generate: bootstrap ## Write schemas, OpenAPI, sample Lambda events and generated documents anew
	@$(RUN) -m tools.generate

.PHONY: up
up: bootstrap ## Start the local cloud and leave it running
	@$(RUN) -m cli up $(ARGS)

.PHONY: down
down: bootstrap ## Stop the local cloud; its data stays
	@$(RUN) -m cli down $(ARGS)

.PHONY: status
status: bootstrap ## Show what is running and where
	@$(RUN) -m cli status $(ARGS)

.PHONY: bench
bench: bootstrap ## Run the benchmarks
	@$(RUN) -m bench $(ARGS)

.PHONY: bench-parsers
bench-parsers: bootstrap ## Readers against bare loops of their libraries (ARGS=--write puts the table into the docs)
	@$(RUN) -m bench.parsers $(ARGS)

.PHONY: assets
assets: bootstrap ## Write docs/assets.md: what each staged function ships
	@$(RUN) -m cdk.assets

.PHONY: synth
synth: bootstrap ## Write the CloudFormation templates
	@$(RUN) -m cdk.app $(ARGS)

.PHONY: deploy
deploy: bootstrap ## Deploy to the AWS account of the current credentials (ARGS="-c environment=prod")
	@$(RUN) -m cdk.deploy $(ARGS)

.PHONY: lock
lock: bootstrap ## Recompile requirements/*.txt (ARGS=--upgrade for newer versions)
	@$(RUN) -m local.toolchain.lock $(ARGS)

.PHONY: clean
clean: ## Stop the local cloud and remove everything made here; the shared download cache stays
	@if [ -x $(RUN) ]; then $(RUN) -m cli down || true; fi
	rm -rf .leanda .venv cdk.out .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
