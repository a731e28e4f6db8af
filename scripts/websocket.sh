#!/usr/bin/env bash
# websocket.sh: makes sure that the cases of the Autobahn test suite are there, for the tests of the gateway's sockets.
. "$(dirname "$0")/say.sh"

TOOL=kosoku==0.1.0
venv=${XDG_CACHE_HOME:-$HOME/.cache}/atalaya/$TOOL

[ ! -e "$venv/.installed" ] || exit 0
doing "installing $TOOL for the test of the gateway's sockets"
python3 -m venv "$venv" && "$venv/bin/pip" install --quiet "$TOOL" ||
    fail "pip could not install $TOOL" "check the network and that python3-venv is installed, then try again"
touch "$venv/.installed"
