#!/bin/sh
# Runs a program with the tools of build/venv first on the PATH, the collection where Ansible finds it, and every home, cache and
# temporary folder of theirs in build/. Never for pip: it needs the caller's HOME to find its configuration.
# Usage: tools/run.sh PROGRAM ARGUMENT...
set -eu
build=$(cd "$(dirname "$0")/.." && pwd)/build
mkdir -p "$build/home"
# Settings of the caller's own Ansible and Python projects do not belong here.
unset ANSIBLE_CONFIG ANSIBLE_ROLES_PATH ANSIBLE_INVENTORY PYTHONPATH PYTHONHOME
export HOME="$build/home" XDG_CACHE_HOME="$build/home/.cache" XDG_CONFIG_HOME="$build/home/.config" XDG_DATA_HOME="$build/home/.local/share"
export ANSIBLE_HOME="$build/home/.ansible" ANSIBLE_COLLECTIONS_PATH="$build/tree"
export HYPOTHESIS_STORAGE_DIRECTORY="$build/hypothesis" PYTHONDONTWRITEBYTECODE=1
export PATH="$build/venv/bin:$PATH"
# Ansible refuses to run without UTF-8.
export LC_ALL=C.UTF-8
[ -t 1 ] || export NO_COLOR=1 PY_COLORS=0 ANSIBLE_FORCE_COLOR=0
exec "$@"
