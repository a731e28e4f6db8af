#!/usr/bin/env bash
# console.sh run|test: installs the page's npm packages: those that bundle it (run) or those of its tests too (test).
# The bundle itself is made by the build, see build.rs.
. "$(dirname "$0")/say.sh"

cd "$(dirname "$0")/../console"
# What was installed last: for which purpose, from which lock file.
stamp=node_modules/.installed
lock=$(sha256sum package-lock.json | cut -d' ' -f1)
installed=$(cat "$stamp" 2>/dev/null || true)

if [ "$installed" = "$1 $lock" ] || [ "$installed" = "test $lock" ]; then
    done_line "npm packages of the page: all there"
    exit 0
fi

options=(--no-audit --no-fund --loglevel=error)
[ "$1" = test ] || options+=(--omit=dev)
doing "installing npm packages of the page"
npm ci "${options[@]}" >/dev/null ||
    fail "npm could not install the page's packages" "check the network (and proxy); by hand: cd console && npm ci"
printf '%s %s\n' "$1" "$lock" >"$stamp"
done_line "npm packages of the page: installed"
