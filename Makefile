# Everything a checkout needs to run its demo and its tests; all that is made lands in build/. `make help` lists the targets.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo practice test test-servers test-engine bench environments lint lint-ruff lint-imports lint-types lint-lab-types lint-ansible lint-changelog \
	lint-docs sanity unit cores deep deep-faults deep-states deep-wire mutants lab lab-products lab-protocols lab-roles lab-wire \
	molecule package format clean

ROUTE ?= externally_secured
STATE ?= unpatched
MINUTES ?= 60
ENGINE ?= own

controller := build/venv
lab := build/lab-venv
# Ansible finds a collection at ansible_collections/NAMESPACE/NAME only; a link gives the checkout that place.
tree := build/tree/ansible_collections/sharepoint/mail

run := tools/run.sh
# tests/conftest.py adds to this file; the parts of `make test` and `make deep` are processes of their own.
skipped := build/skipped.txt
test deep cores: export SKIPPED_TESTS := $(CURDIR)/$(skipped)

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

demo: environments  ## a broken farm, made to deliver: ROUTE=externally_secured, ROUTE=iis_relay or ROUTE=anonymous; ENGINE=pwsh
	$(run) python tests/demo/demo.py --route "$(ROUTE)" --engine "$(ENGINE)"

practice: environments  ## a farm to try things on, until Ctrl+C or MINUTES=60 have passed: STATE=unpatched, or another; ENGINE=pwsh
	@$(run) python -m tests.demo.practice --state "$(STATE)" --minutes "$(MINUTES)" --engine "$(ENGINE)"

# Parts disturb each other nowhere, and many of them wait for mail: three run at a time. One part's failure does not hide another's.
define side_by_side
	@rm -f $(skipped); failed=; \
	$(MAKE) --no-print-directory --keep-going --jobs=3 --output-sync=target $(1) || failed=yes; \
	all=all; if [ -s $(skipped) ]; then echo "make $@: skipped:"; cat $(skipped); all="all others"; fi; \
	if [ -n "$$failed" ]; then echo "make $@: failed" >&2; exit 1; fi; echo "make $@: $$all passed"
endef

test: environments  ## everything below, except what is marked *
	$(call side_by_side,lab-roles lab-wire lint unit lab-protocols lab-products package)

deep: environments  ## * what is slow or rare: ansible-test sanity, Molecule, each state of the lab, more faults
	$(call side_by_side,deep-wire sanity deep-states molecule)

test-servers: environments  ## * against Debian's Postfix and Dovecot
	$(run) python -m tests.servers

test-engine: environments  ## * against a real PowerShell, 7.4 or later, found on PATH or by the variable PWSH
	$(run) env LAB_NETWORK=45 python -m pytest -m "engine or not deep" tests/lab_tests/pwsh tests/integration/test_engine.py

bench: environments  ## * ratios, each measured in one run
	@for script in tests/bench/[!_]*.py; do $(run) python -m "tests.bench.$$(basename "$$script" .py)" || exit 1; done

lint: lint-ruff lint-imports lint-types lint-lab-types lint-ansible lint-changelog lint-docs  ## ruff, import-linter, mypy, ansible-lint, changelog, documentation

lint-ruff: $(controller)/installed
	$(controller)/bin/ruff check .
	$(controller)/bin/ruff format --check .

lint-imports: $(controller)/installed  # the rooms of plugin_utils, and who may know whom: pyproject.toml
	PYTHONPATH=plugins $(controller)/bin/lint-imports --cache-dir build/import-linter

lint-types: environments
	$(run) env MYPYPATH=build/tree mypy --cache-dir build/mypy \
		-p ansible_collections.sharepoint.mail.plugins.plugin_utils -p ansible_collections.sharepoint.mail.plugins.action \
		-p ansible_collections.sharepoint.mail.plugins.filter \
		-m tests.conftest $(addprefix -p tests.,bench demo integration report servers unit) \
		$(addprefix -p tests.lab_tests.,engine ews iis pwsh) $(addprefix -m tests.lab_tests.,test_faults test_lifetime) -m tests.waiting \
		-m tools.sanity -m tools.mutants --exclude '/lab_tests/engine/sample_'

lint-lab-types: environments  # what runs in the lab's environment
	$(run) $(lab)/bin/mypy --cache-dir build/lab-mypy -p tests.lab $(addprefix -p tests.lab_tests.,exchange sharepoint states) \
		-m tests.lab_tests.test_readme $(addprefix -m tests.lab_tests.engine.sample_,cmdlets host objects)

lint-ansible: environments
	$(run) ansible-lint --profile production --offline

lint-changelog: environments
	$(run) antsibull-changelog lint

lint-docs: environments
	$(run) antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=dependent \
		--disallow-unknown-collection-refs .

# Not under $(run), for it hands the caller's pip configuration on.
sanity: environments  ## * ansible-test sanity
	$(controller)/bin/python tools/sanity.py

unit: environments  ## tests that need no lab; the report in Chromium, where it is installed
	$(run) python -m pytest tests/unit tests/report

mutants: environments  ## * mutation testing of the loop, secrets, connectors and rules: ONLY='*.masking.*' for some of it
	$(run) nice -n 10 python tools/mutants.py $(if $(ONLY),'$(ONLY)')

lab: environments  ## tests against the lab
	@$(MAKE) --no-print-directory --keep-going --jobs=1 lab-products lab-protocols lab-wire lab-roles

lab-products: environments
	$(run) $(lab)/bin/python -m pytest tests/lab_tests/exchange tests/lab_tests/sharepoint tests/lab_tests/states tests/lab_tests/test_readme.py

lab-protocols: environments
	$(run) env LAB_NETWORK=43 python -m pytest $(addprefix tests/lab_tests/,engine ews iis test_faults.py test_lifetime.py)

# Through the wire: what runs the roles, and the rest.
roles := $(addprefix tests/integration/test_,anonymous.py iis_role.py practice.py relay_route.py story.py undo.py)
states := tests/integration/test_states.py tests/integration/test_mutants.py
every := tests/integration/test_every_task.py

lab-wire: environments
	$(run) env LAB_NETWORK=41 python -m pytest tests/integration $(foreach file,$(roles) $(states) $(every),--ignore=$(file))

lab-roles: environments
	$(run) env LAB_NETWORK=46 python -m pytest $(roles) $(states)

deep-wire: environments
	$(run) env LAB_NETWORK=44 python -m pytest -m deep tests/integration $(foreach file,$(states) $(every),--ignore=$(file))

deep-states: environments
	$(run) env LAB_NETWORK=42 python -m pytest -m deep $(states)

deep-faults: environments  ## * a fault in each task of the role, one after another: about half an hour
	$(run) env LAB_NETWORK=47 python -m pytest -m deep $(every)

molecule: environments  ## * each scenario of extensions/molecule
	$(run) molecule test --all

package: environments  ## the collection as Galaxy would carry it, built and installed
	$(run) ansible-galaxy collection build --force --output-path build/package
	$(run) ansible-galaxy collection install --offline --force --collections-path build/package build/package/sharepoint-mail-*.tar.gz
	$(run) env ANSIBLE_COLLECTIONS_PATH="$(CURDIR)/build/package" ansible-doc sharepoint.mail.connection_info >build/package/documentation.txt

cores: environments  ## * the demo and a slice of the tests on the oldest and the newest ansible-core
	$(call side_by_side,core-2.16.19 core-2.18.19 core-2.21.5)

core-%: environments  # one of them: make core-2.17.14
	@LAB_NETWORK=$(subst .,,$(basename $*)) tools/cores.sh $*

format: $(controller)/installed  ## * lay out the Python files
	$(controller)/bin/ruff format .
	$(controller)/bin/ruff check --fix-only .

environments: $(controller)/installed $(lab)/installed $(tree)

# These stamps are what makes a second run install nothing.
$(controller)/installed: requirements.txt requirements-dev.txt constraints.txt tools/venv.sh
	@tools/venv.sh $(controller) requirements.txt requirements-dev.txt
	@touch $@

$(lab)/installed: tests/lab/requirements.txt constraints.txt tools/venv.sh
	@tools/venv.sh $(lab) tests/lab/requirements.txt
	@touch $@

$(tree):
	@mkdir -p $(@D)
	@ln -s ../../../.. $@

clean:  ## * remove build/
	rm -rf build
