#!/usr/bin/env bash
# deny.sh install|check|advisories: licences, sources and known holes of every crate in the tree, by cargo-deny.
. "$(dirname "$0")/say.sh"

VERSION=0.20.2
# The database of known holes is a git repository elsewhere; a machine without a way to it is told so.
DATABASE_SECONDS=60

install() {
    if cargo deny --version 2>/dev/null | grep -qF " $VERSION"; then
        done_line "cargo-deny $VERSION: there"
        return
    fi
    doing "building cargo-deny $VERSION, once: some minutes"
    # Unoptimised: it is built far longer than it ever runs.
    cargo install --quiet --locked --debug "cargo-deny@$VERSION" ||
        fail "cargo-deny could not be built" "by hand: cargo install --locked cargo-deny@$VERSION"
    done_line "cargo-deny $VERSION: installed"
}

advisories() {
    if ! timeout "$DATABASE_SECONDS" cargo deny --locked fetch db >/dev/null 2>&1; then
        say "known holes NOT checked: their database cannot be reached from here"
        return "$NOT_DONE"
    fi
    cargo deny --locked check --disable-fetch advisories
}

case ${1:-} in
    install) install ;;
    check) cargo deny --locked check licenses bans sources ;;
    advisories) advisories ;;
    *) fail "usage: deny.sh install|check|advisories" ;;
esac
