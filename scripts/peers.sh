#!/usr/bin/env bash
# peers.sh: installs other people's trackers, which `make accuracy` measures beside ours, and prints their interpreters,
# one a line. Each has a venv of its own, as they want versions of each other that exclude each other. Not for use: only
# for comparison.
. "$(dirname "$0")/say.sh"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/atalaya/peers
for package in supervision==0.25.1 trackers==2.1.0 norfair==2.3.0 motmetrics==1.4.0; do
    venv=$cache/$package
    if [ ! -e "$venv/.installed" ]; then
        doing "installing $package to compare with" >&2
        if python3 -m venv "$venv" && "$venv/bin/pip" install --quiet "$package" >&2; then
            touch "$venv/.installed"
        else
            done_line "$package could not be installed and is left out" >&2
            continue
        fi
    fi
    printf '%s\n' "$venv/bin/python"
done
