#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# By hand: refstorm used from a root shell alone. The steps use insmod, rmmod, echo and cat only;
# the shell checks their answers.
. "$(dirname "$0")/ktap.sh"

tests=$(cd "$(dirname "$0")" && pwd)
begin

d=$dir

# has PART WHOLE, also over several lines
has() {
	case $2 in
	*"$1"*) ;;
	*) fail "'$1' is not in '$2'" ;;
	esac
}

# refused ERRNO WORDS COMMAND...: the echo fails, error_log has errno, words, command
refused() {
	errno=$1 words=$2
	shift 2
	echo >"$d/error_log"
	if echo "$*" 2>/dev/null >"$d/control"; then fail "accepted: $*"; fi
	log=$(cat "$d/error_log")
	has "(errno $errno)" "$log"
	has "$words" "$log"
	has "  Command: $*" "$log"
}

load() {
	insmod "$rsref_ko"
	insmod "$refstorm_ko"
	has "refstorm" "$(cat "$d/README")"
	has "objects=0" "$(cat "$d/status")"
}

# The commands of README.md, as they stand there.
readme() {
	modules=$(mktemp -d)
	cp "$rsref_ko" "$modules/rsref.ko"
	cp "$refstorm_ko" "$modules/refstorm.ko"
	sed -n '/^or without the driver:$/,/^[^ o]/s/^    //p' "$tests/README.md" >"$modules/commands"
	[ "$(wc -l <"$modules/commands")" -gt 5 ] || fail "README.md has no commands"
	said=$(cd "$modules" && sh -e ./commands 2>&1) || fail "it fails: $said"
	rm -r "$modules"
	has "command=create object=a result=done" "$said"
	has "subject=object:a event=release nr=1" "$said"
	has "verdict=held invariant=-" "$said"
	case $said in *"error:"*) fail "a command was refused: $said" ;; esac
	[ ! -e "$d" ] || fail "$d is still there"
}

# A read through a file that has written nothing
results() {
	echo "create a kref" >"$d/control"
	expect "command=create object=a result=done" "$(cat "$d/control")" "result after echo"
	expect "command=create object=a result=done" "$(cat "$d/control")" "result once more"
	if echo "get nobody" 2>/dev/null >"$d/control"; then fail "accepted"; fi
	expect "" "$(cat "$d/control")" "result of a refused command"
	echo "kill a" >"$d/control"
	expect "command=kill object=a result=true" "$(cat "$d/control")" "result of kill"
	echo "destroy a" >"$d/control"
}

lifecycle() {	# lifecycle PROVIDER
	echo "create a $1" >"$d/control"
	echo "get a" >"$d/control"
	has "object=a provider=$1 state=live held=1" "$(cat "$d/objects")"
	echo "put a" >"$d/control"
	echo "kill a" >"$d/control"
	echo "wait a" >"$d/control"
	has "subject=object:a event=release" "$(cat "$d/events")"
	has "state=released" "$(cat "$d/objects")"
	has "released=1" "$(cat "$d/objects")"
	echo "destroy a" >"$d/control"
	has "objects=0" "$(cat "$d/status")"
}

wrong_words() {
	refused 22 "unknown command 'creat'; accepted: create get put" creat a kref
	refused 2 "no provider is called 'percpu_reff'; accepted: atomic refcount" create a percpu_reff
	refused 2 "no object is called 'nobody'" get nobody
	refused 22 "too few words; usage: create NAME PROVIDER" create a
	refused 22 "'size=3' is not one of: count= unguarded=" create a kref size=3
	has "objects=0" "$(cat "$d/status")"
}

absurd_numbers() {
	echo "create a kref" >"$d/control"
	refused 34 "0 is out of range; accepted: 1 to 65536" get a 0
	refused 34 "99999999999999999999 is out of range" get a 99999999999999999999
	refused 22 "'-1' is not a number" get a -1
	refused 22 "'many' is not a number" get a many
	refused 34 "9 is out of range; accepted: 10 to 86400000" storm provider=kref ms=9
	has "held=0" "$(cat "$d/objects")"
	echo "kill a" >"$d/control"
	echo "destroy a" >"$d/control"
}

double_kill() {
	echo "create a rs_percpu_ref" >"$d/control"
	echo "kill a" >"$d/control"
	refused 114 "'a' was killed already" kill a
	echo "wait a" >"$d/control"
	refused 114 "'a' was killed already" kill a
	has "released=1" "$(cat "$d/objects")"
	echo "destroy a" >"$d/control"
}

busy() {
	echo "create a percpu_ref" >"$d/control"
	refused 16 "'a' is live" destroy a
	echo "get a" >"$d/control"
	echo "kill a" >"$d/control"
	refused 16 "'a' is killed, with 1 references held by you" destroy a
	refused 110 "'a' is killed after 50 ms" wait a ms=50
	echo "put a" >"$d/control"
	echo "wait a" >"$d/control"
	refused 1 "you hold 0 of the references" put a
	echo "destroy a" >"$d/control"
}

open_file() {
	exec 3<"$d/events"
	if rmmod refstorm 2>/dev/null; then fail "unloaded with an open file"; fi
	has "objects=0" "$(cat "$d/status")"
	exec 3<&-
}

storm() {
	echo "storm provider=rs_percpu_ref ms=4000" >"$d/control"
	if rmmod refstorm 2>/dev/null; then fail "unloaded with a running storm"; fi
	has "storms=1" "$(cat "$d/status")"
	has "state=running" "$(cat "$d/storms")"
	tries=0
	while in_status "storms=1"; do
		sleep 0.2
		tries=$((tries + 1))
		[ "$tries" -lt 600 ] || fail "it does not end"
	done
	has "state=done" "$(cat "$d/storms")"
	has "invariant=-" "$(cat "$d/storms")"
}
in_status() {
	case $(cat "$d/status") in
	*"$1"*) ;;
	*) return 1 ;;
	esac
}

stop() {
	echo "storm provider=kref ms=60000" >"$d/control"
	echo "stop all" >"$d/control"
	tries=0
	while in_status "storms=1" || ! in_status "threads=0"; do
		sleep 0.1
		tries=$((tries + 1))
		[ "$tries" -lt 1200 ] || fail "it does not end"
	done
	has "verdict=stopped" "$(cat "$d/storms")"
	refused 2 "is not running" stop 4000000
}

failing_memory() {
	echo "fail site=object nth=1" >"$d/alloc"
	refused 12 "out of memory" create a kref
	has "site=object module=refstorm" "$(cat "$d/alloc")"
	echo "create a kref" >"$d/control"
	echo "kill a" >"$d/control"
	echo "destroy a" >"$d/control"
}

counts_back() {
	for line in objects=0 storms=0 threads=0 "allocations=$idle_allocations"; do
		has "$line" "$(cat "$d/status")"
	done
}

unload() {
	rmmod refstorm
	rmmod rsref
	[ ! -e "$d" ] || fail "$d is still there"
	log_clean
}

mark_log
check "the commands of README.md do what it says, at any speed" readme
check "insmod brings the directory, and README says what is in it" load
for provider in $all_providers; do
	check "a $provider is created, got, put, killed, released and destroyed" lifecycle "$provider"
done
check "cat after echo gives the result of the last command" results
check "wrong words are refused and the right ones listed" wrong_words
check "absurd numbers are refused and the range told" absurd_numbers
check "a double kill is refused" double_kill
check "destroying a busy object is refused" busy
check "rmmod is refused while a file is open" open_file
check "a storm is started, keeps the module, and ends" storm
check "a storm is stopped" stop
check "an allocation fails on demand" failing_memory
check "counts of objects, storms, threads and allocations are back" counts_back
check "rmmod takes everything away, and the kernel log is clean" unload
end
