# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# What the tests written in shell share: results as KTAP, the module, the kernel
# log. Sourced, never run. (Linux 6.1 has no ktap_helpers.sh yet.)
#
#   begin; check "NAME" COMMAND...; skip "NAME" WHY; end

dir=/sys/kernel/debug/refstorm
ktap_count=0
ktap_failed=0
found_loaded=
ktap_mounted=

begin() {
	echo "TAP version 13"
	[ "$(id -u)" = 0 ] || skip_all "not root"
	if [ ! -e /sys/kernel/debug/clear_warn_once ] && [ ! -d /sys/kernel/debug/bdi ]; then
		mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null || skip_all "debugfs cannot be mounted (debugfs=off or no-mount, or a kernel without)"
		ktap_mounted=1
	fi
	if loaded refstorm; then
		found_loaded=1
		unload_all || skip_all "the module is in use already"
	fi
	trap 'leave' EXIT
	trap 'exit 1' HUP INT TERM
	if ! load_all; then
		echo "1..1"
		echo "not ok 1 the modules can be loaded"
		exit 1
	fi
	idle_allocations=$(status allocations)
	# shellcheck disable=SC2034  # the tests use them
	all_providers=$(providers) percpu_providers=$(providers percpu=1)
	unload_all
}

# Restore what was found, also after a test that failed half-way.
leave() {
	! loaded refstorm || [ ! -e "$dir/control" ] || echo stop all >"$dir/control" 2>/dev/null
	if [ -n "$found_loaded" ]; then load_all; else unload_soon || :; fi
	[ -z "$ktap_mounted" ] || umount /sys/kernel/debug
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 4
}

# result RC NAME
result() {
	ktap_count=$((ktap_count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $ktap_count $2"
	else
		ktap_failed=$((ktap_failed + 1))
		echo "not ok $ktap_count $2"
	fi
}

# check NAME COMMAND...: the output of the command is shown if it fails. A command
# is usually a function here; it runs in a subshell that ends at the first error.
check() {
	ktap_name=$1
	shift
	ktap_out=$(set -e; "$@" 2>&1 </dev/null)
	ktap_rc=$?
	[ "$ktap_rc" = 0 ] || echo "$ktap_out" | while IFS= read -r ktap_line; do echo "# $ktap_line"; done
	result "$ktap_rc" "$ktap_name"
}

# For the body of a check: set -e says nothing, these do.
fail() {
	echo "$*"
	exit 1
}
expect() {	# expect WANTED SEEN WHAT
	[ "$1" = "$2" ] || fail "$3: expected '$1', seen '$2'"
}
expect_in() {	# expect_in PART WHOLE
	case $2 in
	*"$1"*) ;;
	*) fail "'$1' is not in '$2'" ;;
	esac
}
expect_failure() {	# expect_failure COMMAND...
	! "$@" || fail "worked, but should not: $*"
}

skip() {
	ktap_count=$((ktap_count + 1))
	echo "ok $ktap_count $1 # SKIP $2"
}

# One that makes the kernel warn on purpose, which a machine may take for a reason to panic.
check_warning() {	# check_warning NAME COMMAND...
	if [ "$(cat /proc/sys/kernel/panic_on_warn)" = 0 ]; then
		check "$@"
	else
		skip "$1" "warns on purpose, and kernel.panic_on_warn is set"
	fi
}

end() {
	echo "1..$ktap_count"
	[ "$ktap_failed" = 0 ]
	exit
}

# The names in the providers file, or only those whose row has KEY=VALUE.
providers() {	# providers [KEY=VALUE]
	sed -n "/ ${1-}/s/^provider=\([^ ]*\) .*/\1/p" "$dir/providers"
}

loaded() { [ -d "/sys/module/$1" ]; }

# The file of a module: below $REFSTORM_MODULE_DIR, beside the tests, or where it is installed.
beside=$(cd "$(dirname "$0")" && pwd)/modules/$(uname -r)
[ -n "${REFSTORM_MODULE_DIR-}" ] || [ ! -e "$beside/refstorm.ko" ] || export REFSTORM_MODULE_DIR="$beside"
module_file() {
	find "${REFSTORM_MODULE_DIR:-/lib/modules/$(uname -r)}" -name "$1.ko*" 2>/dev/null | head -n 1
}
rsref_ko=$(module_file rsref)
refstorm_ko=$(module_file refstorm)
load_rsref() { loaded rsref || insmod "$rsref_ko"; }
# shellcheck disable=SC2120 # parameters, where there are any
load_refstorm() { insmod "$refstorm_ko" "$@"; }
load_all() {
	load_rsref || return 1
	loaded refstorm || load_refstorm
}
unload_all() {
	! loaded refstorm || rmmod refstorm || return 1
	! loaded rsref || rmmod rsref
}
# becomes COMMAND...: waits until it succeeds; fails after two minutes, when something hangs.
becomes() {
	ktap_tries=1200
	until "$@"; do
		ktap_tries=$((ktap_tries - 1))
		[ "$ktap_tries" -gt 0 ] || return 1
		sleep 0.1
	done
}
# A stopped storm drops its reference to the module a little later.
unload_soon() {
	becomes refstorm_is_gone && unload_all
}
refstorm_is_gone() { ! loaded refstorm || rmmod refstorm 2>/dev/null; }

# A number of status, or a value of a row: value KEY <LINES
value() { sed -n "s/^\(.* \)\{0,1\}$1=\([^ ]*\).*/\2/p"; }
status() { value "$1" <"$dir/status"; }

# What the modules hold by being loaded (events, a workqueue): known once, then expected.
idle_allocations=
expect_idle() {
	[ -n "$idle_allocations" ] || fail "begin did not load the module"
	expect 0 "$(status objects)" objects
	expect "$idle_allocations" "$(status allocations)" allocations
}

# command TEXT...: to control; error_log says why not
command_to() { echo "$*" >"$dir/control"; }

# The kernel log since a mark, or all that is left if so much came that the mark is gone.
# With awk: busybox's sed takes 4 ms a line in a guest.
mark_log() {
	ktap_mark="refstorm-selftest: mark $$ $(cut -d' ' -f1 /proc/uptime)"
	echo "$ktap_mark" >/dev/kmsg
}
log_since() {
	dmesg | awk -v mark="$ktap_mark" 'index($0, mark) { nr = 0; next } { line[nr++] = $0 }
		END { for (i = 0; i < nr; i++) print line[i] }'
}
# The table of what the kernel can say; in the source tree it is not beside us.
reports=$(dirname "$0")/kernel_reports.def
[ -e "$reports" ] || reports=$(dirname "$0")/../kmod/include/uapi/refstorm/kernel_reports.def
# complaints <LOG: its lines that the table has. Stamps are what dmesg and the console put before.
complaints() {
	awk 'NR == FNR {
			if (sub(/^KERNEL_REPORT\(/, "")) {
				split($0, part, "\"")
				pattern[++nr] = part[2]
				clean[nr] = part[1] == "clean, "
			}
			next
		}
		/refstorm-expect:/ { next }
		{
			text = $0
			sub(/^(<[0-9]+>)?\[ *[0-9.]+\](\[ *[TC][0-9]+\])? ?/, "", text)
			for (i = 1; i <= nr && text !~ pattern[i]; i++)
				;
			if (i <= nr && !clean[i])
				print
		}
		END { exit !nr }' "$reports" - || fail "no table in $reports"
}
log_clean() {
	ktap_complaints=$(log_since | complaints) || fail "$ktap_complaints"
	[ -z "$ktap_complaints" ] || fail "the kernel log complains: $ktap_complaints"
}
