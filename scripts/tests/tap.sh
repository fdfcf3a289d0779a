# shellcheck shell=bash
# For suites written in bash: results as TAP on stdout. Sourced.

tap_count=0

# result RC NAME: what the test said is read from stdin.
result() {
	sed 's/^/# /'
	tap_count=$((tap_count + 1))
	if [ "$1" = 0 ]; then echo "ok $tap_count $2"; else echo "not ok $tap_count $2"; fi
}

# check NAME COMMAND...: passes if the command returns 0.
check() {
	local name=$1 rc=0 said
	shift
	said=$("$@" 2>&1 </dev/null) || rc=$?
	result "$rc" "$name" <<<"$said"
}

skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count $1 # SKIP $2"
}

tap_end() { echo "1..$tap_count"; }
