#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Loading and unloading the modules: idle, in use, with work left over, with bad
# parameters, and with memory that runs out.
. "$(dirname "$0")/ktap.sh"

begin

# A mark before, and the log is looked at after: for every check.
watched() {
	mark_log
	"$@"
	log_clean
}

idle() {
	for _ in 1 2 3; do
		load_all
		expect_idle
		unload_all
		[ ! -e "$dir" ] || fail "the debugfs directory is still there"
	done
}

rsref_alone() {
	load_rsref
	[ ! -e "$dir" ] || fail "rsref.ko has debugfs files"
	! loaded refstorm || fail "refstorm.ko came with it"
	rmmod rsref
	! loaded rsref || fail "still loaded"
}

order() {
	load_all
	expect_failure rmmod rsref
	loaded rsref
	unload_all
}

no_storm() { [ "$(status storms)" = 0 ]; }
# A kill that came after rmmod
storm_kills_on() {
	kills=$(tail -n 1 "$dir/storms" | value kills)
	kills_before=${kills_before:-$kills}
	[ "$kills" -gt "$kills_before" ]
}
while_a_storm_runs() {
	kills_before=
	load_all
	command_to storm provider=rs_percpu_ref ms=3600000
	expect_failure rmmod refstorm
	# Not by modprobe's own look at the count either: the kernel's answer.
	! command -v busybox >/dev/null || expect_failure busybox rmmod refstorm
	expect 1 "$(status storms)" "storms after rmmod"
	becomes storm_kills_on || fail "the storm does nothing any more: $(tail -n 1 "$dir/storms")"
	command_to stop all
	becomes no_storm || fail "the storm does not end"
	row=$(tail -n 1 "$dir/storms")
	expect_in "verdict=stopped" "$row"
	expect_in "invariant=-" "$row"
	expect "$(echo "$row" | value kills)" "$(echo "$row" | value releases)" releases
	unload_soon
}

while_open() {	# while_open FILE
	load_all
	exec 5<"$dir/$1"
	expect_failure rmmod refstorm
	! command -v busybox >/dev/null || expect_failure busybox rmmod refstorm
	cat "$dir/status" >/dev/null
	exec 5<&-
	unload_all
}

left_over() {
	load_all
	for p in $all_providers; do
		command_to create "live-$p" "$p"
		command_to create "held-$p" "$p"
		command_to get "held-$p" 1000
		command_to create "killed-$p" "$p"
		command_to get "killed-$p" 3
		command_to kill "killed-$p"
		command_to create "gone-$p" "$p"
		command_to kill "gone-$p"
	done
	command_to create misused rs_refcount unguarded=1 count=7
	# shellcheck disable=SC2086  # a list
	set -- $all_providers
	expect $((4 * $# + 1)) "$(status objects)" objects
	unload_all
}

# The switch of a per-CPU counter is under way when the module goes.
directly_after_kill() {	# directly_after_kill PROVIDER
	for _ in 1 2; do
		load_all
		for i in 1 2 3 4 5; do
			command_to create "$i" "$1"
			command_to get "$i" "$i"
		done
		for i in 1 2 3 4; do command_to kill "$i" confirm=$((i % 2)); done
		command_to put 1
		command_to kill 5
		unload_all
	done
}

directly_after_destroy() {
	for _ in 1 2; do
		load_all
		for i in 1 2 3 4 5 6 7 8; do
			command_to create "$i" rs_percpu_ref
			command_to kill "$i"
		done
		for i in 1 2 3 4 5 6 7 8; do
			command_to wait "$i"
			command_to destroy "$i"
		done
		unload_all
	done
}

bad_parameters() {
	load_rsref
	for words in "fail_site=nonsense fail_nth=1" "fail_nth=1" "fail_site=events" \
		"fail_site=events fail_nth=0" "fail_site= fail_nth=1" "fail_site=events fail_nth=x"; do
		# shellcheck disable=SC2086 # words
		expect_failure load_refstorm $words
		! loaded refstorm || fail "loaded with $words"
		[ ! -e "$dir" ] || fail "left a directory with $words"
	done
	log_since | grep -q 'refstorm: fail_site=nonsense fail_nth=1: a known site' ||
		fail "the log does not say what is wrong: $(log_since | tail -n 3)"
	load_refstorm
	expect_idle
	unload_all
}

# Each allocation of module start fails once, until one is not needed to start.
failing_start() {
	load_rsref
	nth=1
	while said=$(load_refstorm fail_site=any fail_nth="$nth" 2>&1) && rc=0 || rc=$?; [ "$rc" != 0 ]; do
		expect_in "annot allocate memory" "$said"
		! loaded refstorm || fail "half loaded at allocation $nth"
		[ ! -e "$dir" ] || fail "left a directory at allocation $nth"
		nth=$((nth + 1))
		[ "$nth" -lt 50 ] || fail "it never starts"
	done
	[ "$nth" -gt 1 ] || fail "nothing failed"
	echo clear >"$dir/alloc"
	expect_idle
	unload_all
	load_rsref
	said=$(load_refstorm fail_site=events fail_nth=1 2>&1) && fail "started without memory for events"
	expect_in "annot allocate memory" "$said"
	unload_all
}

# The same for rsref.ko, which has only the one parameter.
# site workqueue
# site callback_thread
failing_rsref() {
	nth=1
	while said=$(insmod "$rsref_ko" fail_nth="$nth" 2>&1) && rc=0 || rc=$?; [ "$rc" != 0 ]; do
		expect_in "annot allocate memory" "$said"
		! loaded rsref || fail "half loaded at allocation $nth"
		nth=$((nth + 1))
		[ "$nth" -lt 50 ] || fail "it never starts"
	done
	[ "$nth" -gt 1 ] || fail "nothing failed"
	# The site is still armed for the next allocation, which refstorm.ko makes.
	if load_refstorm 2>/dev/null; then fail "the armed failure did not come"; fi
	load_refstorm
	expect_idle
	unload_all
}

# What a parameter armed for later is gone with the module, for rsref.ko stays.
armed_site_is_forgotten() {
	load_rsref
	load_refstorm fail_site=percpu_ref_data fail_nth=1
	rmmod refstorm
	load_refstorm
	command_to create a rs_percpu_ref
	unload_all
}

# Readers and writers that go on while the module is unloaded and loaded.
under_traffic() {
	load_all
	(
		set +e
		n=0
		while [ -e "${TMPDIR:-/tmp}/refstorm-traffic.$$" ]; do
			n=$((n + 1))
			read -r _ <"$dir/status"
			read -r _ <"$dir/events"
			echo create a rs_percpu_ref >"$dir/control"
			echo kill a >"$dir/control"
			[ $((n % 400)) != 0 ] || echo storm provider=kref ms=10 workers=1 killers=1 >"$dir/control"
		done 2>/dev/null
	) &
	traffic=$!
	unloaded=0 tries=0
	# On slow kernels one try in eleven finds no file open.
	while [ "$unloaded" -lt 2 ] && [ "$tries" -lt 600 ]; do
		tries=$((tries + 1))
		rmmod refstorm 2>/dev/null || continue
		unloaded=$((unloaded + 1))
		load_refstorm
	done
	rm -f "${TMPDIR:-/tmp}/refstorm-traffic.$$"
	wait "$traffic"
	unload_soon
	[ "$unloaded" -eq 2 ] || fail "it was free only $unloaded times of $tries, so little was tried"
}

check "both modules load and unload while idle, three times" watched idle
check "rsref.ko loads and unloads alone" watched rsref_alone
check "rsref.ko stays while refstorm.ko needs it" watched order
check "rmmod is refused while a storm runs, which goes on until it is stopped" watched while_a_storm_runs
for file in events control storms; do
	check "rmmod is refused while $file is open" watched while_open "$file"
done
check "unloading frees objects that are live, held, killed and released" watched left_over
for provider in $percpu_providers; do
	check "unloading directly after the kill of a $provider waits for its switch" \
		watched directly_after_kill "$provider"
done
check "unloading directly after destroy leaves nothing behind" watched directly_after_destroy
check "bad parameters are refused, and the next load works" watched bad_parameters
check "module start survives the failure of each allocation" watched failing_start
check "start of rsref.ko survives the failure of each allocation" watched failing_rsref
check "a site armed by a parameter is disarmed by unloading" watched armed_site_is_forgotten
: >"${TMPDIR:-/tmp}/refstorm-traffic.$$"
check "the module comes and goes under readers and writers" watched under_traffic
rm -f "${TMPDIR:-/tmp}/refstorm-traffic.$$"

example=$(module_file rsref_example)
name="the example module works on rsref.ko alone"
example_alone() {
	load_rsref
	insmod "$example"
	! loaded refstorm || fail "refstorm.ko came with it"
	expect_failure rmmod rsref
	rmmod rsref_example
	rmmod rsref
}
if [ -n "$example" ]; then
	check "$name" watched example_alone
else
	skip "$name" "no rsref_example.ko here (make test runs it as a suite of its own)"
fi
end
