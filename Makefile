# make setup   the workflow's environment in .venv (Python 3.11 or newer with venv and pip is all it needs)
# make demo    the demo study to its figures, in results/demo-xtb
# make cost    what a study would take, before anything is trained: make cost CONFIG=config/mini.yaml
# make test    all tests
# make test-gpu   what every potential must do, its MD and its compiled code, on a GPU
# make test-cluster   the small study on a real one-node SLURM (as root; Debian: apt-get install munge slurmctld slurmd slurm-client)
# make faults   one fault after another done to a small study (killed jobs, full disks, damaged files ...): docs/reliability.md; goes on where it stopped
# make bench   our MD, landscapes and trainings beside what could be used in their place: docs/performance.md; QUICK=1 only tries it, ROUNDS=5, ONLY="md"
# make mutants   small wrong changes made to the code, and whether the tests notice: docs/reliability.md; MINUTES=30, SEED=1, AREAS="statistics words"
# make check   formatting, lint and types
PYTHON ?= python3
CORES ?= all
SEED ?= 1
SNAKEMAKE = .venv/bin/snakemake --workflow-profile workflow/profiles/local --cores $(CORES)
FRAMEWORK_PYTHON = $(shell .venv/bin/python -c "import sys; sys.path.insert(0, 'workflow'); from nnip.jobs.environments import interpreter; print(interpreter('$(1)'))")

.PHONY: setup demo cost test test-unit test-nequip test-mace test-gpu test-cluster faults bench mutants environments check format clean

setup: .venv/.ready

.venv/.ready: envs/workflow.lock.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "error: $(PYTHON) is $$($(PYTHON) --version 2>&1), but Python 3.11 or newer is needed: make setup PYTHON=python3.12, say" >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	.venv/bin/python -m pip install --quiet --require-hashes -r envs/workflow.lock.txt
	touch $@

environments: setup
	$(SNAKEMAKE) environments

demo: setup
	$(SNAKEMAKE)

cost: setup
	@$(SNAKEMAKE) cost $(if $(CONFIG),--configfile $(CONFIG)) --quiet host progress reason rules

# two suites at a time, each printed when it ends, then the studies, which use all cores
test: environments
	$(MAKE) --keep-going --jobs 2 --output-sync=line test-unit test-nequip test-mace
	.venv/bin/python -m pytest tests/workflow

test-unit:
	.venv/bin/python -m pytest tests/unit

test-nequip:
	OMP_NUM_THREADS=1 $(call FRAMEWORK_PYTHON,nequip) -m pytest tests/numerics tests/potentials

test-mace:
	OMP_NUM_THREADS=1 $(call FRAMEWORK_PYTHON,mace) -m pytest tests/potentials

ON_GPU = $(addprefix tests/potentials/,test_contract.py test_contract_gradients.py test_trained_md.py test_compiled.py)

test-gpu: environments
	NNIP_TESTS_DEVICE=cuda OMP_NUM_THREADS=1 $(call FRAMEWORK_PYTHON,nequip) -m pytest $(ON_GPU)
	NNIP_TESTS_DEVICE=cuda OMP_NUM_THREADS=1 $(call FRAMEWORK_PYTHON,mace) -m pytest $(ON_GPU)

test-cluster: environments
	.venv/bin/python -m pytest -s tests/cluster

faults: environments
	PYTHONPATH=workflow .venv/bin/python tests/faults/campaign.py --minutes $(or $(MINUTES),60)

.venv-bench/%/.ready: envs/bench-%.lock.txt | setup
	PATH="$(CURDIR)/.venv/bin:$$PATH" bash workflow/scripts/make_environment.sh .venv-bench/$* $<
	touch $@

bench: environments .venv-bench/nequip/.ready .venv-bench/mace/.ready
	PYTHONPATH=workflow .venv/bin/python benchmarks/run.py --cores $(CORES) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(QUICK),--quick) \
	  $(if $(ONLY),--only $(ONLY)) $(if $(STUDIES),--studies $(STUDIES)) $(if $(BENCH_CONFIG),--config $(BENCH_CONFIG))

.venv-mutants/.ready: envs/mutants.lock.txt
	$(PYTHON) -m venv --clear .venv-mutants
	.venv-mutants/bin/python -m pip install --quiet --require-hashes -r envs/mutants.lock.txt
	touch $@

mutants: environments .venv-mutants/.ready
	OMP_NUM_THREADS=1 .venv-mutants/bin/python tests/mutants/campaign.py --minutes $(or $(MINUTES),30) --seed $(SEED) $(if $(AREAS),--areas $(AREAS)) \
	  --python .venv/bin/python --torch-python $(call FRAMEWORK_PYTHON,nequip) --document docs/reliability.md

check: setup
	.venv/bin/ruff format --check workflow tests benchmarks
	.venv/bin/ruff check workflow tests benchmarks
	.venv/bin/snakefmt --check Snakefile workflow
	.venv/bin/snakemake --lint
	.venv/bin/mypy

format: setup
	.venv/bin/ruff format workflow tests benchmarks
	.venv/bin/ruff check --fix workflow tests benchmarks
	.venv/bin/snakefmt Snakefile workflow

clean:
	rm -rf .venv .venvs .venv-bench .venv-mutants
