#!/usr/bin/env bash
# packages.sh GROUP…: installs the Debian packages of packages.txt that are missing, and none that are there.
. "$(dirname "$0")/say.sh"

NODE_WANTED=18
missing=()

is_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# Adds what groups $@ want and this machine lacks.
find_missing() {
    local group package
    while read -r group package _; do
        [[ " $* " == *" $group "* ]] || continue
        is_installed "$package" || missing+=("$package")
    done < <(grep -v '^#' "$(dirname "$0")/packages.txt")
}

# Node may come from elsewhere than Debian, whose `npm` conflicts with other suppliers' `nodejs`: what works is kept.
find_missing_node() {
    local found=''
    if have node; then found=$(node --version); fi
    if [ -z "$found" ]; then missing+=(nodejs)
    elif ! at_least "$NODE_WANTED" "${found#v}"; then
        fail "Node ${found#v} is too old: the page needs $NODE_WANTED or newer" \
            "remove it (Debian's own is installed then) or install a newer one, and try again"
    fi
    have npm || missing+=(npm)
}

# On a terminal apt shows its progress itself; elsewhere only what went wrong is worth reading.
# RUNLEVEL=1 keeps servers (Postgres) from being started where no init system is in charge.
apt() {
    local run=(as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -o DPkg::Lock::Timeout=300)
    if [ -t 1 ]; then "${run[@]}" "$@"; return; fi
    local log status=0
    log=$(mktemp)
    "${run[@]}" -qq "$@" >"$log" 2>&1 </dev/null || status=$?
    [ "$status" = 0 ] || tail -n 15 "$log" >&2
    rm -f "$log"
    return "$status"
}

install_missing() { apt install -y --no-install-recommends "${missing[@]}"; }

if ! have dpkg-query || ! have apt-get; then
    fail "this is not Debian or one of its kind" \
        "install by your own package manager what scripts/packages.txt lists, then: make assets console build"
fi

find_missing "$@"
find_missing_node
if [ ${#missing[@]} = 0 ]; then
    done_line "Debian packages ($*): all there"
    exit 0
fi

doing "installing ${#missing[@]} Debian packages: ${missing[*]}"
if ! compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null; then
    apt update || fail "apt-get update failed" "check the network and /etc/apt/sources.list, then try again"
fi
# Package lists grow old: the second try asks for new ones.
install_missing || { apt update && install_missing; } ||
    fail "apt could not install: ${missing[*]}" "what it said is above; by hand: apt-get install ${missing[*]}"
done_line "installed: ${missing[*]}"
