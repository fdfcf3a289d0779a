#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# insmod alone: refstorm.ko storm="..." runs storms at load, and its results are in the kernel log.
. "$(dirname "$0")/ktap.sh"

begin

# What the run has written to the log since the mark.
said() { log_since | sed 's/^\[ *[0-9.]*\]\(\[ *[TC][0-9]*\]\)\{0,1\} //'; }
ended() { said | grep -q '^refstorm: End of test: '; }
verdict() { said | sed -n 's/^refstorm: End of test: //p'; }

# run WORDS...: loads the module and waits for the end of its run; checks the plan, and sets $lines
run() {
	mark_log
	load_rsref
	insmod "$refstorm_ko" "$@"
	becomes ended || fail "the run does not end: $(said)"
	whole_run
}
# On a busy machine no operation may overlap a kill in a short storm: then the run is made again.
proven() { ! echo "$lines" | grep -q "verdict=unproven"; }
run_proven() {
	for _ in 1 2 3 4 5; do
		run "$@"
		! proven || return 0
		unload_soon
	done
	run "$@"
}
# A version, a plan, as many results as planned, numbered, then totals and one last line
whole_run() {
	lines=$(said)
	echo "$lines" | awk '
		/^KTAP version 1$/ { begun++ }
		/^1\.\.[0-9]+$/ { plan = substr($0, 4) }
		/^(not )?ok [0-9]+ / { nr++; sub(/^not /, ""); if ($2 != nr) wrong = "result " nr " has the number " $2 }
		/^# Totals: / { totals++ }
		/^refstorm: End of test: / { last++; if (nr != plan || !totals) wrong = nr " results of " plan }
		END { if (wrong) print wrong; exit wrong || begun != 1 || last != 1 || !plan }' ||
		fail "this is no whole run: $lines"
}
results() { echo "$lines" | grep -c "^$1 [0-9]"; }

shell_takes_the_quotes() {
	# As insmod refstorm.ko storm="provider=rs_kref ms=200; provider=kref seconds=1" arrives there
	run_proven storm=provider=rs_kref ms=200\; provider=kref seconds=1
	expect_in "ok 1 storm provider=rs_kref ms=200" "$lines"
	expect_in "ok 2 storm provider=kref seconds=1" "$lines"
	expect_in "provider=kref state=done pattern=lifecycle" "$lines"
	expect SUCCESS "$(verdict)" "the verdict"
	expect_in " ms=1000 " "$(grep provider=kref "$dir/storms")"
	unload_soon
}

quotes_arrive() {
	run_proven 'storm="provider=rs_sealed_ref ms=200;provider=rs_percpu_ref ms=200;"'
	expect 2 "$(results ok)" "passed storms"
	expect SUCCESS "$(verdict)" "the verdict"
	expect "provider=rs_sealed_ref ms=200;provider=rs_percpu_ref ms=200;" \
		"$(cat /sys/module/refstorm/parameters/storm)" "the parameter"
	unload_soon
}

# With every key of the file commands, at its default or least value
each_key() {
	load_all
	words=$(sed -n 's/^file=control command="storm" key=\([^- ][^ ]*\) .* default=\([^ ]*\) min=\([^ ]*\) max=.*/\1 \2 \3/p' \
		"$dir/commands" | while read -r key default min; do
			case $key in
			provider) echo "storm=provider=rs_refcount" ;;
			seconds) ;;
			ms) echo "ms=20" ;;
			*) if [ "$default" != - ]; then echo "$key=$default"; else echo "$key=$min"; fi ;;
			esac
		done)
	expect_in workers=1 "$words"
	unload_all
	# shellcheck disable=SC2086 # words
	run $words
	expect_failure grep -q "unknown parameter" <<-END
		$(said)
	END
	for word in $words; do
		expect_in " ${word#storm=}" " $(echo "$lines" | grep '^\(not \)\{0,1\}ok 1 ')"
	done
	unload_soon
}

refused() {	# refused TEXT WORDS...: the load fails, the log has TEXT, nothing was begun
	text=$1
	shift
	mark_log
	load_rsref
	expect_failure insmod "$refstorm_ko" "$@" 2>/dev/null
	! loaded refstorm || fail "loaded with $*"
	[ ! -e "$dir" ] || fail "left a directory with $*"
	expect_in "$text" "$(said)"
	expect_failure grep -q "KTAP\|storm=[0-9]" <<-END
		$(said)
	END
}
wrong_words() {
	refused "no provider is called 'kreff'; accepted: atomic" storm=provider=kreff
	refused "  Command: storm provider=kreff" storm=provider=kreff
	refused "'size=3' is not one of: provider= pattern=" 'storm="provider=kref size=3"'
	refused "9 is out of range; accepted: 10 to 86400000" storm=provider=kref ms=9
	refused "seconds= stands instead of ms=, not beside it" storm=provider=kref ms=90 seconds=1
	refused "provider= is missing" storm=ms=90
	refused "ms=20 is a word of a storm, and storm= comes first" ms=20
	refused "atomic does not record" storm=provider=kref ms=20\; provider=atomic track=1
	refused "need storm=" stutter=1
	refused "need storm=" once=1
	refused "need storm=" storm= once=1
	refused "onoff_holdoff= needs onoff_interval=" storm=provider=kref onoff_holdoff=1
	refused "stutter= takes at most 60" storm=provider=kref stutter=61
	refused "a module that stays, unlike once=1" storm=provider=kref once=1 shutdown_secs=60
	long=$(printf 'provider=kref ms=20;%.0s' $(seq 250))
	refused "storm= has at most 4095 bytes" "storm=\"$long\""
}

# torture_thread is the site of the threads of a run: its own, and those that move CPUs.
# site torture_thread
without_memory() {
	load_rsref
	for nth in 1 2 3; do
		expect_failure insmod "$refstorm_ko" storm=provider=kref ms=20 shuffle_interval=1 shutdown_secs=3600 \
			fail_site=torture_thread fail_nth="$nth" 2>/dev/null
		! loaded refstorm || fail "loaded without memory for thread $nth"
	done
	insmod "$refstorm_ko" shutdown_secs=3600
	expect 1 "$(status threads)" threads
	rmmod refstorm
	load_refstorm
	expect_idle
	unload_all
}

once() {
	load_rsref
	for _ in 1 2 3 4 5; do
		mark_log
		said=$(insmod "$refstorm_ko" storm=provider=rs_kref ms=200 once=1 2>&1) && fail "insmod with once=1 succeeds"
		! loaded refstorm || fail "it is loaded"
		whole_run
		! proven || break
	done
	expect_in "temporarily unavailable" "$said"
	expect SUCCESS "$(verdict)" "the verdict"
	mark_log
	said=$(insmod "$refstorm_ko" storm=provider=rs_percpu_ref ms=2000 bound_ms=1 hard_bound=1 once=1 2>&1) &&
		fail "insmod with once=1 succeeds"
	expect_in "nput/output error" "$said"
	whole_run
	expect FAILURE "$(verdict)" "the verdict"
	rmmod rsref
}

broken() {
	run storm=provider=rs_percpu_ref ms=60000 bound_ms=1 hard_bound=1\; provider=kref ms=100
	expect_in "invariant=no-lost-count" "$lines"
	expect 1 "$(results "not ok")" "failed storms"
	expect 1 "$(results ok)" "passed storms"
	expect FAILURE "$(verdict)" "the verdict"
	unload_soon
}

in_use() {
	mark_log
	load_rsref
	insmod "$refstorm_ko" storm=provider=kref ms=60000
	expect_failure rmmod refstorm 2>/dev/null
	becomes grep -q "state=running" "$dir/storms" || fail "it does not begin"
	command_to stop all
	becomes ended || fail "the run does not end"
	expect FAILURE "$(verdict)" "the verdict of a run that was stopped"
	whole_run
	unload_soon
	# For shutdown_secs alone the module is not held.
	load_rsref
	insmod "$refstorm_ko" shutdown_secs=3600
	rmmod refstorm
	rmmod rsref
}

everything_moves() {
	online=$(cat /sys/devices/system/cpu/online)
	run_proven storm=provider=rs_sealed_ref seconds=5 contexts=all kill_contexts=all hotplug=1 \
		stutter=1 shuffle_interval=1 onoff_interval=50 onoff_holdoff=1
	expect_in " gust_ms=1000 " "$lines"
	expect_in "ok 2 shuffle" "$lines"
	expect_in "ok 3 onoff" "$lines"
	expect SUCCESS "$(verdict)" "the verdict"
	expect "$online" "$(cat /sys/devices/system/cpu/online)" "CPUs that are online"
	unload_soon
}

# One CPU is left alone: a storm of busy workers on all CPUs leaves it idle.
one_cpu_is_left_alone() {
	mark_log
	load_rsref
	insmod "$refstorm_ko" storm=provider=rs_refcount ms=60000 contexts=pinned,roaming,softirq shuffle_interval=1
	becomes one_has_no_worker || fail "each CPU has a worker: $(worker_cpus)"
	command_to stop all
	becomes ended || fail "the run does not end"
	unload_soon
}
# The CPU that each worker is on, by the 39th field of its stat
worker_cpus() {
	cat /proc/[0-9]*/stat 2>/dev/null | awk '/^[0-9]+ \(rs_work\// { print $39 }' | sort -u
}
one_has_no_worker() { [ "$(worker_cpus | wc -l)" = $(($(nproc) - 1)) ]; }

log_watched() {
	mark_log
	run_mark=$ktap_mark
	"$@"
	ktap_mark=$run_mark
	log_clean
}

check "words without quotes, as insmod passes them on, are storms" log_watched shell_takes_the_quotes
check "words in quotes are storms" log_watched quotes_arrive
check "each key of the command storm is a parameter" log_watched each_key
check "a parameter that is wrong is explained in the log, and nothing is begun" log_watched wrong_words
check "a thread that cannot be created makes the load fail, and leaves nothing" log_watched without_memory
check "with once=1 the module is gone after its run, and the error of insmod is the verdict" log_watched once
check "a storm that breaks makes the run a failure, and the next storm runs" log_watched broken
check "rmmod is refused during a run, and works after it" log_watched in_use
if [ "$(nproc)" -gt 1 ] && [ -e /sys/devices/system/cpu/cpu1/online ]; then
	check "storms hold while CPUs come and go, one is left alone, and workers pause" log_watched everything_moves
	check "shuffling leaves one CPU alone" log_watched one_cpu_is_left_alone
else
	skip "storms hold while CPUs come and go, one is left alone, and workers pause" "no CPU can go offline"
	skip "shuffling leaves one CPU alone" "one CPU"
fi
end
