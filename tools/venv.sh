#!/bin/sh
# Makes a virtual environment, or brings an existing one up to date.
# Usage: tools/venv.sh FOLDER REQUIREMENTS_FILE...
# PYTHON names the interpreter to use; without it: python3.11, else a python3 that is 3.11 or newer.
# CONSTRAINTS names the file of versions; without it: constraints.txt.
# HOME and the PIP_* variables stay the caller's, so that pip finds its index and its certificates as it always does.
set -eu
folder=$1
shift

say() {
    printf '%s\n' "$*" >&2
}

# A name on the PATH proves nothing: version managers leave shims behind for interpreters that are not there.
new_enough() {
    "$1" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

can_make_environments() {
    "$1" -c 'import ensurepip, venv' >/dev/null 2>&1
}

python=
without_venv=
for candidate in ${PYTHON:-python3.11 python3}; do
    if new_enough "$candidate"; then
        if can_make_environments "$candidate"; then
            python=$candidate
            break
        fi
        without_venv=$candidate
    fi
done
if [ -z "$python" ] && [ -n "$without_venv" ]; then
    say "$without_venv cannot make virtual environments: its venv package is missing. On Debian and Ubuntu: apt-get install python3-venv" \
        "(or the package named after the version, such as python3.11-venv). Nothing was changed."
    exit 1
fi
if [ -z "$python" ]; then
    say "Python 3.11 or newer is needed, and was not found (tried: ${PYTHON:-python3.11, python3})." \
        "Install it, or name an interpreter: make PYTHON=/path/to/python3.12. Nothing was changed."
    exit 1
fi

# An environment whose making was interrupted has an interpreter, but no pip.
if ! "$folder/bin/python" -m pip --version >/dev/null 2>&1; then
    rm -rf "$folder"
    "$python" -m venv "$folder"
fi
requirements=
for file in "$@"; do
    requirements="$requirements --requirement $file"
done
say "Installing $* into $folder"
# shellcheck disable=SC2086 # the list of options is meant to be split; the files are named by the Makefile
if ! "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --constraint "${CONSTRAINTS:-constraints.txt}" $requirements; then
    say "pip could not install $* into $folder (its own message is above). Run the same command again once that is mended."
    exit 1
fi
