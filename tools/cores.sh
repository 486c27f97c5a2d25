#!/usr/bin/env bash
# Runs the demo and the tests marked every_core on the oldest ansible-core, on one between and on the newest, each in an environment of
# its own (build/cores/2.16 and so on). Usage: tools/cores.sh [VERSION...], for example tools/cores.sh 2.17.14
# Pythons are python3.11 and so on of the PATH, else pyenv's. A core without one is left out and said to be; the oldest must run.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

oldest=2.16.19
cores=("${@:-$oldest}")
(($#)) || cores+=(2.18.19 2.21.5)
build=$PWD/build/cores
network=${LAB_NETWORK:-45}
failed=()

# The Pythons that a core runs on, the one to prefer first.
# https://docs.ansible.com/ansible/latest/reference_appendices/release_and_maintenance.html#ansible-core-support-matrix
pythons_of() {
    case $1 in
    2.16.* | 2.17.*) echo 3.11 3.12 ;;
    2.18.* | 2.19.*) echo 3.12 3.11 3.13 ;;
    *) echo 3.13 3.12 ;;
    esac
}

# Being on the PATH proves nothing: version managers leave shims behind for interpreters that are not there.
find_python() {
    local version candidate
    for version in $(pythons_of "$1"); do
        for candidate in "python$version" "$HOME/.pyenv/versions/$version".*/bin/python; do
            if "$candidate" -c 'import ensurepip, venv' >/dev/null 2>&1; then
                echo "$candidate"
                return
            fi
        done
    done
    return 1
}

# All else is as in build/venv, but for the resolver that each core wants in versions of its own.
make_environment() {
    local core=$1 python=$2 folder=$3
    [[ -e $folder.installed && ! requirements.txt -nt $folder.installed && ! constraints.txt -nt $folder.installed ]] &&
        [[ $(<"$folder.installed") == "$core" ]] && return
    mkdir -p "$build"
    grep -vE '^(ansible-core|resolvelib)==' constraints.txt >"$folder.constraints"
    printf '%s\n' "ansible-core==$core" pytest hypothesis >"$folder.requirements"
    PYTHON=$python CONSTRAINTS=$folder.constraints tools/venv.sh "$folder" requirements.txt "$folder.requirements" || return 1
    echo "$core" >"$folder.installed"
}

run_core() {
    local core=$1 folder=$2 status=0
    tools/run.sh "$folder/bin/python" tests/demo/demo.py --subnet "127.$network.200" --out "$folder.demo" >"$folder.demo.txt" 2>&1 || status=1
    if ((status)); then cat "$folder.demo.txt"; else tail -n 2 "$folder.demo.txt"; fi
    tools/run.sh env LAB_NETWORK="$network" "$folder/bin/python" -m pytest -m every_core tests/unit tests/integration || status=1
    return "$status"
}

for core in "${cores[@]}"; do
    started=$SECONDS
    folder=$build/${core%.*}
    if ! python=$(find_python "$core"); then
        echo "ansible-core $core: not run, for it needs Python $(pythons_of "$core" | sed 's/ / or /g'), and none with venv was found"
        [[ $core == "$oldest" ]] && failed+=("$core")
        continue
    fi
    echo "ansible-core $core, $("$python" --version)"
    if make_environment "$core" "$python" "$folder" && run_core "$core" "$folder"; then
        echo "ansible-core $core: passed, $((SECONDS - started)) s"
    else
        echo "ansible-core $core: FAILED, $((SECONDS - started)) s"
        failed+=("$core")
    fi
done

if ((${#failed[@]})); then
    echo "make cores: failed on ${failed[*]}" >&2
    exit 1
fi
