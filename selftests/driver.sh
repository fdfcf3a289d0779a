#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The driver, `refstorm`: what it prints, its exit codes, and what is left when it is
# interrupted or killed. Everything else of it is tested by its own unit tests.
. "$(dirname "$0")/ktap.sh"

begin
refstorm=$(command -v refstorm || command -v /usr/local/sbin/refstorm || command -v "$(dirname "$0")/../bin/refstorm" || :)
[ -n "$refstorm" ] || skip_all "no refstorm here: make install"
if ! "$refstorm" --version >/dev/null 2>&1; then skip_all "$refstorm does not run here"; fi
# with_modules RC COMMAND...: run, with the modules that the tests have
with_modules() {
	code=$1 command=$2
	shift 2
	if [ -n "${REFSTORM_MODULE_DIR-}" ]; then set -- --module-dir "$REFSTORM_MODULE_DIR" "$@"; fi
	run "$code" "$command" "$@"
}
out=$(mktemp)

# run RC COMMAND...: the driver, whose exit code must be RC; its output is in $said
run() {
	wanted=$1 rc=0
	shift
	said=$("$refstorm" "$@" 2>&1) || rc=$?
	[ "$rc" = "$wanted" ] || fail "refstorm $*: exit code $rc instead of $wanted: $said"
}

quiet_module() {
	becomes nothing_runs || fail "storms=$(status storms) threads=$(status threads) are left"
	expect_idle
}
nothing_runs() { [ "$(status storms)" = 0 ] && [ "$(status threads)" = 0 ]; }

load_twice() {
	with_modules 0 load
	loaded rsref && loaded refstorm
	with_modules 0 load
	quiet_module
	run 0 unload
	! loaded rsref && ! loaded refstorm
	run 0 unload
}

refused_without_module() {
	run 3 list
	expect_in "refstorm load" "$said"
	run 3 exec create a kref
}

usage() {
	for words in "" "nonsense" "storm --seconds x" "storm --provider nonsense" "list nothing" \
		"storm --workers 0" "exec"; do
		# shellcheck disable=SC2086 # words
		run 2 $words
	done
}

listings() {
	run 0 list
	for provider in atomic refcount kref percpu_ref rs_refcount rs_kref rs_percpu_ref; do
		expect_in "$provider" "$said"
	done
	for what in objects storms events status alloc errors; do
		run 0 list "$what"
		run 0 --json list "$what"
		expect_in "{" "$said"
	done
}

executes() {
	run 0 exec create a rs_percpu_ref + get a 2 + put a 2 + kill a + wait a + destroy a
	expect_in "command=create object=a result=done" "$said"
	expect_in "command=kill object=a result=true" "$said"
	expect_in "command=destroy object=a result=done" "$said"
	said=$(printf 'create b kref\nkill b\ndestroy b\n' | "$refstorm" exec -)
	expect_in "command=destroy object=b result=done" "$said"
	quiet_module
}

executes_up_to_the_refusal() {
	run 2 exec create a kref + put a + get a
	expect_in "EPERM" "$said"
	expect_in "you hold 0" "$said"
	expect_in "^" "$said"
	expect 0 "$(grep object=a "$dir/objects" | value held)" "held after the refusal"
	run 0 exec kill a + destroy a
	run 2 --json exec get nobody
	expect_in '"errno": "ENOENT"' "$said"
	quiet_module
}

storms() {
	run 0 storm --keep --provider kref --provider rs_percpu_ref --seconds 0.8 --seed 11
	expect_in "verdict: held" "$said"
	expect 11 "$(tail -n 1 "$dir/storms" | value seed)" seed
	expect rs_percpu_ref "$(tail -n 1 "$dir/storms" | value provider)" provider
	quiet_module
}

storms_in_json() {
	"$refstorm" --json storm --keep --provider kref --seconds 0.8 >"$out" 2>/dev/null
	said=$(cat "$out")
	for part in '"verdict": "held"' '"exit": 0' '"provider": "kref"' '"interrupted": false' \
		'"kernel_log": "clean"'; do
		expect_in "$part" "$said"
	done
	if command -v python3 >/dev/null; then python3 -m json.tool <"$out" >/dev/null; fi
	quiet_module
}

# The driver arms, announces and counts the warnings itself.
saturates() {
	run 0 storm --keep --pattern saturate --seconds 0.3
	expect_in "verdict: held" "$said"
	quiet_module
}

# Storms that the module says are running, by the words of their rows.
running() { grep -c state=running "$dir/storms" || :; }
run_at_least() { [ "$(running)" -ge "$1" ]; }
wait_for_storms() { becomes run_at_least "$1" || fail "no storm runs: $(cat "$out")"; }

interrupted() {	# interrupted SIGNAL
	rc=0
	"$refstorm" storm --keep --provider rs_percpu_ref --seconds 600 >"$out" 2>&1 &
	pid=$!
	wait_for_storms 1
	sleep 0.3
	kill -"$1" "$pid"
	wait "$pid" || rc=$?
	expect 130 "$rc" "exit code"
	expect_in "rs_percpu_ref" "$(cat "$out")"
	expect_in "verdict" "$(cat "$out")"
	[ "$(tail -n 1 "$dir/storms" | value elapsed_ms)" -lt 600000 ] || fail "it went on to its end"
	expect stopped "$(tail -n 1 "$dir/storms" | value verdict)" verdict
	quiet_module
}

killed() {
	"$refstorm" storm --keep --provider rs_percpu_ref --seconds 1.5 >"$out" 2>&1 &
	pid=$!
	wait_for_storms 1
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null || :
	quiet_module
	row=$(tail -n 1 "$dir/storms")
	expect held "$(echo "$row" | value verdict)" verdict
	[ "$(echo "$row" | value elapsed_ms)" -ge 1500 ] || fail "it ended early: $row"
}

two_at_once() {
	"$refstorm" storm --keep --provider kref --seconds 1.2 >"$out" 2>&1 &
	first=$!
	"$refstorm" storm --keep --provider rs_kref --seconds 1.2 >"$out.2" 2>&1 &
	second=$!
	wait "$first" || fail "the first: $? $(cat "$out")"
	wait "$second" || fail "the second: $? $(cat "$out.2")"
	grep -q 'kref.*held' "$out" || fail "$(cat "$out")"
	grep -q 'rs_kref.*held' "$out.2" || fail "$(cat "$out.2")"
	rm -f "$out.2"
	quiet_module
}

unload_stops_storms() {
	echo "storm provider=kref ms=60000" >"$dir/control"
	run 0 unload
	! loaded refstorm
}

# One step proves nothing, so the exit code is 1.
oracle_leaves_nothing() {
	run 0 unload
	with_modules 1 oracle --counter kref --steps 1 --seed 7
	expect_in 'kernel log: clean' "$said"
	expect_in 'repeat: refstorm oracle --counter kref --seed 7 --steps 1' "$said"
	! loaded rsref && ! loaded refstorm
}

# No counter keeps this bound: a grace period takes longer.
explains() {
	with_modules 1 storm --keep --provider rs_percpu_ref --seconds 5 --bound-ms 1 --hard-bound 1
	for part in "what must hold: release() runs within the bound" "what is known:" "where it went wrong:" \
		"last changes" "likely causes of no-lost-count:" "  oracle: " "the modules stay loaded"; do
		expect_in "$part" "$said"
	done
	run 0 explain --no-oracle
	expect_in "where it went wrong:" "$said"
	expect_in "repeat: refstorm storm --provider rs_percpu_ref" "$said"
	run 0 explain no-lost-count
	expect_in "likely causes" "$said"
	run 2 explain nonsense
	quiet_module
}

check "load and unload may be said twice" load_twice
check "without the module it says how to load it, and exits with 3" refused_without_module
check "wrong words exit with 2" usage
load_all
check "list shows every table, also as JSON" listings
check "exec runs commands from words and from stdin" executes
check "exec stops at a refused command, shows why, and exits with 2" executes_up_to_the_refusal
check "storm holds and exits with 0" storms
check "storm --json prints a document" storms_in_json
check_warning "a storm that broke is explained by itself, and by explain" explains
check_warning "storm --pattern saturate holds, and its warnings are counted" saturates
check "Ctrl-C stops the storm and still prints a verdict" interrupted INT
check "SIGTERM stops the storm and still prints a verdict" interrupted TERM
check "SIGHUP stops the storm and still prints a verdict" interrupted HUP
check "a storm ends at its time though the driver was killed" killed
check "two drivers at once do not disturb each other" two_at_once
check "unload stops a running storm first" unload_stops_storms
check_warning "oracle judges the kernel log, tells how to repeat a run, and removes what it loaded" oracle_leaves_nothing
rm -f "$out"
end
