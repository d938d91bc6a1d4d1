# `make help` lists the targets. Everything is installed under .tools/ and .venv/, from hashed requirements.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

UV := .tools/uv/bin/uv
PY := .venv/bin/python
LOCALAWS_PY := .tools/localaws/bin/python
SAM := .tools/sam/bin/sam
export SAM_CLI_TELEMETRY := 0
export UV_NO_PROGRESS := 1
# The certificates that this machine trusts, a company's own among them; pip does so by itself.
export UV_SYSTEM_CERTS := 1

# A Python for uv to bootstrap from, and a venv filled with exactly one hashed requirements file.
$(UV): requirements/uv.txt
	@echo "· installing uv"
	@python3 -m venv --clear .tools/uv
	@.tools/uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

define venv
	@echo "· installing $<"
	@$(UV) venv --quiet --clear --python "$$(cat .python-version)" $(1)
	@$(UV) pip sync --quiet --require-hashes --python $(1)/bin/python $<
	@touch $(1)/.ready
endef

.venv/.ready: requirements/dev.txt .python-version | $(UV)
	$(call venv,.venv)

.tools/localaws/.ready: requirements/localaws.txt .python-version | $(UV)
	$(call venv,.tools/localaws)

.tools/cosmic-ray/.ready: requirements/cosmic-ray.txt .python-version | $(UV)
	$(call venv,.tools/cosmic-ray)

.tools/sam/.ready: requirements/sam.txt .python-version | $(UV)
	$(call venv,.tools/sam)

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

.PHONY: demo
demo: .tools/localaws/.ready .tools/sam/.ready ## deploy to an AWS on this machine, push images, show the verdicts
	@$(LOCALAWS_PY) -m localaws demo

.PHONY: local
local: .tools/localaws/.ready .tools/sam/.ready ## the same AWS to push to by hand, on LOCALAWS_PORT (4566), until Ctrl-C
	@$(LOCALAWS_PY) -m localaws up $(ARGS)

.PHONY: test
test: .venv/.ready .tools/localaws/.ready .tools/sam/.ready ## run every test; ARGS=... goes to pytest
	@.venv/bin/pytest $(ARGS)

.PHONY: mutation
mutation: .venv/.ready ## break the rules that keep images from being touched, one by one, and see the tests fail; MODULES narrows
	@PYTHONHASHSEED=0 PYTHONPATH=src/lib $(PY) -m tests.mutation $(MODULES)

.PHONY: mutation-cosmic-ray
mutation-cosmic-ray: .venv/.ready .tools/cosmic-ray/.ready ## the same of the rules themselves by a second tool, on a copy; MODULES narrows
	@$(PY) -m tests.mutation.cosmic_ray $(MODULES)

.PHONY: bench-inventory
bench-inventory: .venv/.ready ## calls and seconds of a push and a full pass, at 10 to 100,000 workloads; SIZES, PUSHES narrow it
	@PYTHONPATH=src/lib $(PY) -m bench $(ARGS)

SEED := 1
HISTORIES := 10000
FIRST := 0
.PHONY: soak
soak: .venv/.ready ## play thousands of random histories against an ECR in memory; SEED, HISTORIES, FIRST choose them
	@PYTHONPATH=src/lib:. $(PY) -m tests.simulation.soak --seed $(SEED) --histories $(HISTORIES) --first $(FIRST) $(ARGS)

.PHONY: lint
lint: .venv/.ready .tools/sam/.ready ## ruff, mypy --strict, import contracts, cfn-lint, sam validate
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check --quiet .
	@.venv/bin/mypy
	@PYTHONPATH=src/lib .venv/bin/lint-imports --no-logo
	@.tools/sam/bin/cfn-lint
	@AWS_DEFAULT_REGION=us-east-1 $(SAM) validate --lint >/dev/null

.PHONY: format
format: .venv/.ready ## rewrite the code in the project's format
	@.venv/bin/ruff check --fix --quiet . || true
	@.venv/bin/ruff format --quiet .

src/lib/requirements.txt: requirements/bundle.txt
	@cp $< $@

.PHONY: build
build: .tools/sam/.ready src/lib/requirements.txt ## build the functions and their layer
	@PYTHON="$(CURDIR)/.tools/uv/bin/python" PATH="$(CURDIR)/.tools/sam/bin:$$PATH" $(SAM) build

.PHONY: deploy
deploy: build ## deploy to the AWS account of your profile; ARGS=--guided asks for the parameters
	@$(SAM) deploy $(ARGS)

PINS := $(UV) pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --universal \
	--python-version 3.13 --custom-compile-command 'make lock' --upgrade
.PHONY: lock
lock: | $(UV) ## resolve requirements/*.in again, with hashes
	@for use in uv bundle localaws sam cosmic-ray; do $(PINS) requirements/$$use.in -o requirements/$$use.txt; done
	@$(PINS) -c requirements/bundle.txt requirements/dev.in -o requirements/dev.txt

.PHONY: clean
clean: ## remove what was built and installed
	@rm -rf .aws-sam .build .venv .tools .pytest_cache .mypy_cache .ruff_cache .hypothesis
