# SPDX-License-Identifier: Apache-2.0
# Needs python3 (3.11 or newer, with venv), perl, make and g++; everything else is installed into .venv.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
JOBS   ?= 2
# Further arguments of the command that a target runs: make sim ARGS="--images 2 --waves"
ARGS   ?=

# Makes .venv, heals it, or sees in a moment that nothing is to be done. A PYTHON that was asked for
# is that of the environment; else the environment's own Python goes on.
ASKED   := $(filter-out default file undefined,$(origin PYTHON))
SETUP    = $(if $(ASKED),$(PYTHON),$(firstword $(wildcard $(BIN)/python) $(PYTHON))) scripts/environment.py \
           $(if $(ASKED),--this-python) $(VENV)

.DEFAULT_GOAL := help
.PHONY: help sim fuzz performance performance-measure performance-report test lint accuracy accuracy-report example fusesoc registers package clean distclean area area-table timing levels proofs mutants docs documents bench-train

help: ## Show this list
	@echo "make TARGET [ARGS=...]"
	@sed -n 's/^\([a-z-]*\):[^#]*## /  \1|/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-20s %s\n", $$1, $$2}'

# models of the training package, with random weights: they need PyTorch
UNTRAINED := mobilenetv2 resnet20 resnet8 ultranet mobilenetv2_224 resnet18

sim: $(VENV)/$(if $(filter $(UNTRAINED),$(NETWORK)),all,sim).stamp ## Run the shipped network on CIFAR-10 images through the Verilog (no torch), or NETWORK=ultranet ...
	$(BIN)/python scripts/run_network.py $(if $(NETWORK),--network $(NETWORK)) $(ARGS)

fuzz: $(VENV)/sim.stamp ## Run random layer programs on the core: PROGRAMS=300 SEED=1
	$(BIN)/python scripts/fuzz.py $(if $(PROGRAMS),--programs $(PROGRAMS)) $(if $(SEED),--seed $(SEED)) $(ARGS)

performance: $(VENV)/$(if $(filter $(UNTRAINED),$(NETWORK)),all,sim).stamp ## Measure the cycles of every layer: NETWORK=vgg7, a model of lsfq train or a folder, BATCH=1
	$(BIN)/python scripts/performance.py $(if $(NETWORK),--network $(NETWORK)) $(if $(BATCH),--batch $(BATCH)) $(ARGS)

performance-measure: $(VENV)/all.stamp ## Measure networks, the sweep and the area for the report (docs/performance)
	$(BIN)/python scripts/performance.py --sweep --json docs/performance/measured.json
	$(BIN)/python scripts/performance.py --network mobilenetv2 --json docs/performance/mobilenetv2.json
	$(BIN)/python scripts/performance.py --network resnet20 --json docs/performance/resnet20.json
	$(BIN)/python scripts/performance.py --network ultranet --json docs/performance/ultranet.json
	$(BIN)/python scripts/performance.py --network mobilenetv2_224 --json docs/performance/mobilenetv2_224.json
	$(BIN)/python scripts/performance.py --network resnet18 --json docs/performance/resnet18.json
	$(BIN)/python scripts/area.py --json docs/performance/area.json

performance-report: $(VENV)/all.stamp ## Make docs/performance (tables, pictures) from what was measured
	$(BIN)/python scripts/performance_report.py $(ARGS)

area: $(VENV)/synth.stamp ## Synthesise the core; LUT, FF, DSP and BRAM by block, shares of devices
	$(BIN)/python scripts/area.py $(ARGS)

area-table: $(VENV)/synth.stamp ## Synthesise the cores of the table of lsfq estimate (an hour): CORES="4x4 8x8"
	$(BIN)/python scripts/area.py $(addprefix --core ,$(or $(CORES),4x4 4x16 16x4 8x8 16x16 16x16-depthwise2 4x4-7series 8x8-7series 16x16-7series 4x4-ecp5 8x8-ecp5)) --table lsfq/estimate/areas.json $(ARGS)

timing: $(VENV)/synth.stamp ## Place and route a reduced core for ECP5; its clock and longest path
	$(BIN)/python scripts/timing.py $(ARGS)

levels: $(VENV)/synth.stamp ## Count the levels of logic between registers of a reduced core, synthesised for an ECP5
	$(BIN)/python scripts/levels.py $(ARGS)

bench-train: $(VENV)/bench.stamp ## Time a training step: float, LSFQ, Brevitas (installs Brevitas), with bars
	$(BIN)/python scripts/bench_train.py $(ARGS)

mutants: $(VENV)/all.stamp ## Plant faults in the Verilog one at a time, and count those that the benches notice: ARGS="--count 200"
	$(BIN)/python scripts/mutants.py $(ARGS)

proofs: $(VENV)/synth.stamp ## Prove rules of the small modules by induction, and the multiplier equal to plain products
	$(BIN)/python scripts/prove.py $(ARGS)

test: $(VENV)/all.stamp ## Run the whole test suite (JOBS=2 at a time)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tb -n $(JOBS) --dist worksteal --durations=25 $(ARGS)

lint: $(VENV)/all.stamp ## Check style and types of the Python, and the Verilog with -Wall
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python scripts/lint_rtl.py

accuracy: $(VENV)/sim.stamp ## Evaluate every exported network on its whole test set, integers only
	$(BIN)/python scripts/evaluate.py $(ARGS)

accuracy-report: $(VENV)/all.stamp ## Make docs/accuracy (tables, pictures) from records/
	$(BIN)/python scripts/accuracy_report.py $(ARGS)

example: $(VENV)/all.stamp ## Own network, from nn.Module to the simulated core (examples/own_network)
	$(BIN)/python examples/own_network/own_network.py $(ARGS)

fusesoc: $(VENV)/sim.stamp ## Run FuseSoC's sim target
	$(BIN)/fusesoc run --target=sim lsfq:accel $(ARGS)

registers: $(VENV)/package.stamp ## Make Verilog, constants and documentation from the register description
	$(BIN)/python scripts/generate_registers.py $(ARGS)

package: $(VENV)/package.stamp ## Make the IP package without Vivado; check it against schema and Verilog
	$(BIN)/python scripts/generate_registers.py --check
	$(BIN)/python scripts/package_ip.py $(ARGS)

docs: $(VENV)/docs.stamp ## Make the documents' site in build/site; fails on a dead link
	$(BIN)/mkdocs build --strict
	@echo "open build/site/index.html"

documents: $(VENV)/all.stamp ## Make the drawings, command_line.md and verification.md from the code
	$(BIN)/python scripts/documents.py $(ARGS)

clean: ## Remove what builds and tests made
	rm -rf build .pytest_cache .ruff_cache .hypothesis

distclean: clean ## Remove everything that is not in the repository but data/ and runs/
	rm -rf $(VENV) *.egg-info examples/*/build .mypy_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# In steps, because simulation does without torch. Editable: the packages are used in place.
.PHONY: FORCE
FORCE:

$(VENV)/sim.stamp: FORCE
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 7))' \
	  || { echo "setup: $(PYTHON) is missing or too old, 3.11 or newer is needed: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(SETUP) sim

$(VENV)/package.stamp: $(VENV)/sim.stamp
	@$(SETUP) sim package

$(VENV)/synth.stamp: $(VENV)/sim.stamp
	@$(SETUP) sim synth

$(VENV)/bench.stamp: $(VENV)/sim.stamp
	@$(SETUP) sim train bench

$(VENV)/docs.stamp: $(VENV)/sim.stamp
	@$(SETUP) sim docs

$(VENV)/all.stamp: $(VENV)/sim.stamp
	@$(SETUP) sim train package synth docs onnx dev
