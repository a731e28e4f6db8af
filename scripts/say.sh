# shellcheck shell=bash
# How every set-up script speaks: one line a step, a tick when it is done, and errors that say what to do.
# Sourced, never run.

set -euo pipefail

# Exit status of a check that could not be made on this machine, which is no failure of what it checks.
export NOT_DONE=75

say() { printf '%s\n' "$*"; }
done_line() { printf '  ✓ %s\n' "$*"; }
doing() { printf '  … %s\n' "$*"; }

# fail WHAT [HINT…]: one line with what went wrong, further ones with what to do about it.
fail() {
    printf '  ✗ %s\n' "$1" >&2
    shift
    local hint
    for hint in "$@"; do printf '    %s\n' "$hint" >&2; done
    exit 1
}

# at_least WANTED FOUND: whether version FOUND is WANTED or newer.
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n1)" = "$1" ]; }

have() { command -v "$1" >/dev/null 2>&1; }

# Runs a command as root, by sudo when that is needed.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif have sudo; then sudo "$@"
    else fail "not root and no sudo, which this needs: $*" "run that command as root, then try again"
    fi
}
