# Everything runs from .venv, which the first target that needs it creates from uv.lock.
.DEFAULT_GOAL := help
.PHONY: help demo serve test test-system test-openapi test-deep crash chaos hostile drill bench check format clean
PYTHON ?= python3
RUN := .venv/bin/
# The system's certificates first, for networks with a certificate authority of their own; then uv's.
SYNC := VIRTUAL_ENV= .venv/bin/uv sync --quiet --frozen --inexact --python .venv/bin/python

# Whatever the shell says: without bytecode each of the many processes would compile every library again.
export PYTHONDONTWRITEBYTECODE :=

# A worker takes all tests that share a running system, and whole files of the others (tests/support/scheduling.py).
IN_PARALLEL := -n $(or $(WORKERS),5) --dist loadscope --no-loadscope-reorder -p no:schemathesis -p no:faker
# By itself: its tests all have one name, which running in parallel takes for one test.
SCHEMATHESIS := tests/interfaces/http/test_openapi_schemathesis.py

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

demo: .venv/ready ## send the example orders through the whole system and check the books
	@$(RUN)tallystick demo

serve: .venv/ready ## run all parts on the embedded Postgres and NATS until Ctrl-C
	@$(RUN)tallystick dev

test: .venv/ready .venv/bin/hledger ## every promise once, on real Postgres and NATS; WORKERS=8 on a machine with more cores
	@$(RUN)pytest $(IN_PARALLEL) -m "not system" --ignore=$(SCHEMATHESIS)

test-system: .venv/ready .venv/client-generators/ready .venv/bin/hledger ## whole systems killed, hung, upgraded, restored, failed over; clients generated from the OpenAPI document; AGAIN=1 for those that failed, one by one
	@$(RUN)pytest $(if $(AGAIN),--last-failed -p no:schemathesis -p no:faker,$(IN_PARALLEL)) -m system --ignore=$(SCHEMATHESIS) --timeout=600

test-openapi: .venv/ready ## schemathesis: a request for every bound in the OpenAPI document
	@OPENAPI_EXAMPLES=25 $(RUN)pytest $(SCHEMATHESIS)

test-deep: .venv/ready ## 10,000 examples of everything that moves money, interleaved in any way, and 300 of each other property; EXAMPLES=500 for fewer
	@MONEY_EXAMPLES=$(or $(EXAMPLES),10000) $(RUN)pytest --timeout=0 --hypothesis-show-statistics tests/domain/money
	@HYPOTHESIS_PROFILE=deep $(RUN)pytest -n $(or $(WORKERS),3) --timeout=0 --ignore=tests/domain/money tests/domain tests/infrastructure/postgres/event_store/test_append.py

crash: .venv/ready ## kill -9 of every part in random order under load; SEEDS=20 of them, or SEED=7 alone
	@CRASH_SEED=$(SEED) CRASH_SEEDS=$(or $(SEEDS),20) $(RUN)pytest -vv --durations=0 --durations-min=1 tests/crash/test_random_order.py -k kills_in_random_order

chaos: .venv/ready ## 2,000 payments over three failing providers, processes killed meanwhile, and 500 through one that lies; SEED=7 repeats one, PAYMENTS=, HOSTILE=
	@$(RUN)python -m tests.simulation $(if $(SEED),--seed $(SEED)) $(if $(PAYMENTS),--payments $(PAYMENTS)) $(if $(HOSTILE),--hostile $(HOSTILE))

hostile: .venv/ready ## 20,000 hostile requests, while /health/live is asked; SEED=7 repeats a run, REQUESTS=500 for fewer
	@$(RUN)python -m tests.hostile $(if $(SEED),--seed $(SEED)) $(if $(REQUESTS),--requests $(REQUESTS))

drill: .venv/ready ## upgrades, a restore, failovers, forged messages, hangs and full disks, rehearsed; PARTS="restore failover", SEED=7
	@$(RUN)python -m tests.drill $(if $(SEED),--seed $(SEED)) $(PARTS)

bench: .venv/ready ## the benchmarks; NAME=append for one of them, QUICK=1 for a quick look; NAME=cost BASE=HEAD~1 runs another commit beside this one
	@$(RUN)python -m tests.benchmarks $(NAME) $(if $(QUICK),--quick) $(if $(BASE),--base $(BASE))

check: .venv/ready ## format, lint, types, import contracts
	@$(RUN)ruff format --check .
	@$(RUN)ruff check .
	@$(RUN)mypy
	@$(RUN)lint-imports --no-cache

format: .venv/ready ## rewrite the code as ruff formats it
	@$(RUN)ruff check --fix .
	@$(RUN)ruff format .

clean: ## remove the virtual environment and caches
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Where npm's registry cannot be reached, the test that needs them says so and is skipped; with CI=true it fails.
.venv/client-generators/ready: tests/clients/package-lock.json .venv/ready
	@$(RUN)python -m tests.clients.generators >/dev/null || echo "No generators of TypeScript clients: npm's registry did not answer."

# The same, where Debian's packages cannot be had and hledger is not installed.
.venv/bin/hledger: .venv/ready
	@command -v hledger >/dev/null || $(RUN)python -m tests.clients.debian hledger >/dev/null || echo "No hledger: Debian's packages could not be had."

# 160 MB, for one test: CI asks for it, who works on /docs may.
.venv/bin/chromium: .venv/ready
	@$(SYNC) --group browser --system-certs 2>/dev/null || $(SYNC) --group browser
	@command -v chromium >/dev/null || $(RUN)python -m tests.clients.debian chromium >/dev/null

.venv/ready: pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tallystick needs Python 3.11 or newer, this is %d.%d" % sys.version_info[:2])'
	@test -x .venv/bin/uv || { $(PYTHON) -m venv .venv && .venv/bin/python -m pip install --quiet --disable-pip-version-check uv; }
	@$(SYNC) --system-certs 2>/dev/null || $(SYNC)
	@touch .venv/ready
