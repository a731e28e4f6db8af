#!/usr/bin/env bash
# contract.sh [install]: sends a real server all that its OpenAPI document allows, and much that it does not, and fails on
# every answer that breaks the document or that is an error of ours (schemathesis, all checks). `install` only makes sure
# that the tool is there. SEED=N tries others than the usual requests, EXAMPLES=N more of them for each route.
. "$(dirname "$0")/say.sh"
cd "$(dirname "$0")/.."

TOOL=schemathesis==4.32.5
# It takes half a minute; this is for one that hangs.
SECONDS_AT_MOST=240
venv=${XDG_CACHE_HOME:-$HOME/.cache}/atalaya/$TOOL

install() {
    [ ! -e "$venv/.installed" ] || return 0
    doing "installing $TOOL for the test of the HTTP contract"
    python3 -m venv "$venv" && "$venv/bin/pip" install --quiet "$TOOL" ||
        fail "pip could not install $TOOL" "check the network and that python3-venv is installed, then try again"
    touch "$venv/.installed"
}

# The server says where it listens.
address() {
    local line end=$((SECONDS + 30))
    while ! line=$(grep -m1 -o 'http://127\.0\.0\.1:[0-9]*' "$work/said"); do
        [ "$SECONDS" -lt "$end" ] && kill -0 "$server" || { cat "$work/log" >&2; fail "the server does not start"; }
        sleep 0.1
    done
    printf '%s' "$line"
}

start() {
    mkdir "$work/pipelines"
    cat >"$work/pipelines/plain.toml" <<-'TOML'
		name = "plain"
		description = "A ball"
		kind = "live"
		launch = '''
		videotestsrc name=source is-live=true pattern=ball ! video/x-raw,format=I420,width=160,height=120,framerate=5/1
		  ! tee name=views
		views. ! appsink name=records sync=false
		'''
		[parameters.speed]
		type = "int"
		min = 1
		max = 10
		description = "Of the ball"
		target = "source.horizontal-speed"
	TOML
    cat >"$work/atalaya.toml" <<-TOML
		data_dir = "$work/data"
		pipelines_dir = "$work/pipelines"
		[server]
		listen = "127.0.0.1:0"
		requests_per_second = 0
		[webrtc]
		listen = "127.0.0.1:0"
	TOML
    "$program" serve --config "$work/atalaya.toml" >"$work/said" 2>"$work/log" &
    server=$!
}

# run DOCUMENT ARGUMENTS… in the folder of this run, as the tool leaves files where it is.
run() {
    local document=$1
    shift
    (cd "$work" && timeout "$SECONDS_AT_MOST" "$venv/bin/schemathesis" --config-file contract.toml run "$document" \
        --url "$url" --checks all --seed "${SEED:-1}" --generation-database none --no-color "$@")
}

# A test that cannot fail is worse than none: a document that promises what is not so has to be found out.
can_fail() {
    ! run "$work/wrong.json" --include-path /api/v1/session --include-method GET --max-examples 1 \
        --phases examples,coverage,fuzzing >"$work/wrong.log" 2>&1 ||
        fail "schemathesis does not notice a document that is wrong"
    grep -q "Response violates schema" "$work/wrong.log" ||
        { cat "$work/wrong.log" >&2; fail "schemathesis failed on something else than the wrong document"; }
}

install
[ "${1:-}" != install ] || exit 0
program=$(realpath "${CARGO_TARGET_DIR:-target}")/debug/atalaya
work=$(mktemp -d)
cp scripts/contract.toml scripts/contract.py "$work"
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"' EXIT
start
url=$(address)
TOKEN=$("$program" token issue --role admin --config "$work/atalaya.toml" 2>/dev/null)
export TOKEN
"$venv/bin/python" scripts/contract.py "$url" "$work"
can_fail
run "$work/openapi.json" --max-examples "${EXAMPLES:-10}" --continue-on-failure
