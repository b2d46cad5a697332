# shellcheck shell=bash
# tools/lib.sh: what the scripts in this folder share; sourced, not run.
set -euo pipefail

# shellcheck disable=SC2034 # for scripts that take a path from the caller
HF_CALLER=$PWD
HF_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$HF_ROOT"

say() { printf '%s\n' "$*"; }
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 3
}
wrong_usage() {
    printf '%s: %s (try --help)\n' "${0##*/}" "$*" >&2
    exit 2
}

# The comment block at the top of a script is its help text.
show_help() { awk 'NR > 1 && !/^#/ { exit } NR > 1 { sub(/^# ?/, ""); print }' "$1"; }

# Reads lines and shows them as one moving line on a terminal, else one of them every few seconds,
# so that a log file stays readable.
progress() {
    local label=$1 line last=$SECONDS shown=0
    while IFS= read -r line; do
        if [[ -t 1 ]]; then
            printf '\r\033[K  %s %s' "$label" "${line:0:$((${COLUMNS:-79} - ${#label} - 4))}"
            shown=1
        elif ((SECONDS - last >= 15)); then
            printf '  %s %s\n' "$label" "${line:0:100}"
            last=$SECONDS
        fi
    done
    if ((shown)); then
        printf '\r\033[K'
    fi
}

# --- Debian packages ---------------------------------------------------------------------------

# Prints the entries (NAME or NAME|OTHER) of tools/packages in the given groups.
packages_of() {
    local group name rest
    while read -r group name rest; do
        if [[ -n $group && $group != \#* && " $* " == *" $group "* ]]; then
            printf '%s\n' "$name"
        fi
    done <tools/packages
}

# Prints those of the given entries of which no alternative is installed. One call of dpkg-query.
packages_missing() {
    local installed entry name found
    installed=" $(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${@//|*/}" "${@##*|}" \
        2>/dev/null | awk '$1 == "installed" { printf "%s ", $2 }')" || true
    for entry in "$@"; do
        found=
        for name in ${entry//|/ }; do
            if [[ $installed == *" $name "* ]]; then
                found=yes
            fi
        done
        if [[ -z $found ]]; then
            printf '%s\n' "$entry"
        fi
    done
}

# Installs what is missing of the given groups; says nothing when there is nothing to do.
need_packages() {
    local entries missing names=() entry name chosen as_root=() log
    if ! command -v dpkg-query >/dev/null; then
        say "This is not a Debian system: install the packages of tools/packages yourself ($*)."
        return 0
    fi
    mapfile -t entries < <(packages_of "$@")
    if ((${#entries[@]} == 0)); then
        return 0
    fi
    mapfile -t missing < <(packages_missing "${entries[@]}")
    if ((${#missing[@]} == 0)); then
        return 0
    fi
    say "Missing Debian packages: ${missing[*]//|*/}"
    if ((EUID != 0)); then
        command -v sudo >/dev/null ||
            die "cannot install packages: run me as root, or install sudo, or run as root:" \
                "apt-get install ${missing[*]//|*/}"
        as_root=(sudo)
    fi
    log=$(mktemp)
    say "Updating the package index ..."
    "${as_root[@]}" apt-get -o DPkg::Lock::Timeout=300 update 2>&1 | tee "$log" | progress apt ||
        say "apt-get update failed; trying with the index that is here."
    for entry in "${missing[@]}"; do
        chosen=${entry%%|*}
        for name in ${entry//|/ }; do
            if apt-cache show --no-all-versions "$name" >/dev/null 2>&1; then
                chosen=$name
                break
            fi
        done
        names+=("$chosen")
    done
    say "Installing ${#names[@]} packages and what they need: ${names[*]}"
    if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -q \
        -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 install --no-install-recommends \
        "${names[@]}" </dev/null 2>&1 | tee "$log" | progress apt; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        die "apt-get install failed (its last words are above); mend that and run me again"
    fi
    rm -f "$log"
    say "Packages installed."
}

# --- Building ----------------------------------------------------------------------------------

# configure DIR [MESON OPTION...]: sets the build folder up unless it is.
configure() {
    local dir=$1
    shift
    if [[ -f $dir/build.ninja ]]; then
        return 0
    fi
    say "Setting up $dir ..."
    mkdir -p "$dir"
    if ! meson setup "$dir" "$@" >"$dir/setup.log" 2>&1; then
        tail -n 20 "$dir/setup.log" >&2
        die "meson setup failed (log: $dir/setup.log)"
    fi
}

# compile DIR [TARGET...]: ninja with its progress; on a failure the errors are printed.
compile() {
    local dir=$1 log=$1/compile.log
    shift
    if ! ninja -C "$dir" "$@" 2>&1 | tee "$log" | progress "building"; then
        grep -vE '^(\[[0-9]+/[0-9]+\] |ninja: Entering)' "$log" | tail -n 60 >&2 || true
        die "the build in $dir failed (log: $log)"
    fi
}

# What runs test programs with it, e.g. (setarch -R); meson's own wrapper option renames the log.
RUN_UNDER=()

# run_tests DIR [MESON TEST ARGUMENT...]: runs tests with progress and counts every single case.
run_tests() {
    local dir=$1 rc=0
    shift
    rm -f "$dir"/meson-logs/testlog*.json
    if [[ -t 1 ]]; then
        "${RUN_UNDER[@]}" meson test -C "$dir" --no-rebuild "$@" || rc=$?
    else
        "${RUN_UNDER[@]}" meson test -C "$dir" --no-rebuild "$@" 2>&1 | grep --line-buffered -E '^ *[0-9]+/[0-9]+ ' ||
            rc=${PIPESTATUS[0]}
    fi
    python3 tools/buildinfo.py count "$dir" "$rc"
}
