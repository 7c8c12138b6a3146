# 险小二. Everything runs in .venv, made from requirements.lock; nothing but the package registries is reached.
SHELL := /bin/bash
PY := .venv/bin/python
export RASA_TELEMETRY_ENABLED := false
export TF_CPP_MIN_LOG_LEVEL := 3
export SQLALCHEMY_SILENCE_UBER_WARNING := 1
export PYTHONWARNINGS := ignore
unexport PYTHONDONTWRITEBYTECODE
AS ?= visitor

.PHONY: help install chat shell train test lint eval bench tables transcripts doctor kb-lint lock clean
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.venv/.installed: requirements.lock pyproject.toml
	@bash tools/install.sh

install: .venv/.installed ## the environment

chat: .venv/.installed ## everything: the demo shop with the widget (PORT=5005)
	@.venv/bin/xiaoer chat

shell: .venv/.installed ## rasa shell as a demo account: make shell AS=buyer:demo
	@.venv/bin/xiaoer shell --as $(AS)

train: .venv/.installed ## train if something changed
	@.venv/bin/xiaoer train

test: .venv/.installed ## every test
	@.venv/bin/xiaoer train
	@PYTHONWARNINGS=default $(PY) -m pytest $(ARGS)

lint: .venv/.installed ## ruff, mypy, knowledge
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@.venv/bin/xiaoer kb lint
	@# There are no stories and rules (bot/dialogue/plan.py says what follows), so none of them uses an utterance.
	@set -o pipefail; $(PY) -W ignore -m rasa data validate --fail-on-warnings 2>&1 | { grep -v 'is not used in any story or rule' || true; }

kb-lint: .venv/.installed ## knowledge/ alone
	@.venv/bin/xiaoer kb lint --coverage

eval: .venv/.installed ## topic, product and refusal figures beside a stock pipeline
	@.venv/bin/xiaoer train
	@$(PY) -W ignore -m bench.quality

bench: .venv/.installed ## speed, memory and training beside a stock Rasa (20 minutes; nothing else should run)
	@$(PY) -W ignore -m bench.speed

tables: .venv/.installed ## write the generated tables of docs/ (settings, evaluation, performance)
	@$(PY) -m tools.written_tables
	@$(PY) -m bench.quality --table
	@$(PY) -m bench.speed --table

transcripts: .venv/.installed ## write the conversations of docs/tasks.md as they go now
	@.venv/bin/xiaoer train
	@$(PY) -W ignore tools/transcripts.py

doctor: ## what is missing, and how to mend it
	@if [ -x .venv/bin/xiaoer ]; then .venv/bin/xiaoer doctor; else bash tools/install.sh --check; fi

lock: ## make requirements.lock anew from pyproject.toml
	@.venv/bin/uv pip compile pyproject.toml --extra dev --python-version 3.10 --universal --generate-hashes \
	  --no-header --no-annotate --quiet -o requirements.lock

clean: ## remove what was made
	rm -rf .venv models var .rasa
