# shellcheck shell=bash
# For suites written in bash: results as TAP on stdout. Sourced.

tap_count=0
# Of the latest result: 0 if it passed.
export tap_last=0
# For scripts that exit with it; the failures of a suite are counted by scripts/check/ktap.
export tap_failed=0

# result RC NAME: what the test said is read from stdin. Not at the end of a pipe, for it counts.
result() {
	sed 's/^/#   /' # indented: "# ok" would be a result nested in this one
	tap_count=$((tap_count + 1))
	tap_last=$1
	if [ "$1" = 0 ]; then echo "ok $tap_count $2"; else echo "not ok $tap_count $2"; tap_failed=1; fi
}

# check NAME COMMAND...: passes if the command returns 0. One of a second or longer tells how long it took.
check() {
	local name=$1 rc=0 said began=$SECONDS
	shift
	said=$("$@" 2>&1 </dev/null) || rc=$?
	result "$rc" "$name" <<<"$said"
	took "$((SECONDS - began))" "$name"
}

# took SECONDS NAME: for the list of the slowest tests
took() { [ "$1" -lt 1 ] || echo "# took $1 s: $2"; }

skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count $1 # SKIP $2"
}

# two_at_a_time COMMAND...: a job, begun as soon as fewer than two run.
two_at_a_time() {
	while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n || :; done
	"$@" &
}

# tap_lines PREFIX FILE: the results in what a guest's command said, counted as ours.
tap_lines() {
	local line before=''
	while IFS= read -r line; do
		case $line in
		"ok "*) result 0 "$1${line#ok }" <<<"$before"; before='' ;;
		"not ok "*) result 1 "$1${line#not ok }" <<<"$before"; before='' ;;
		*) before+=$line$'\n' ;;
		esac
	done <"$2"
}

# tap_one_document "$@": at the head of a suite that has several documents. Its output becomes one, with one plan.
tap_one_document() {
	if [ -n "${REFSTORM_ONE_DOCUMENT-}" ]; then unset REFSTORM_ONE_DOCUMENT; return; fi
	# shellcheck disable=SC2154 # of lib.sh
	REFSTORM_ONE_DOCUMENT=1 "$0" "$@" | "$scripts/check/ktap" --join /dev/stdin
	exit
}

tap_end() { echo "1..$tap_count"; }

# ctest_results FOLDER: runs the tests of a CMake build, each a result with what it said.
# ctest's lines are "1/9 Test #1: name .... Passed  0.01 sec".
ctest_results() {
	local log=$1/ctest.log status name
	ctest --test-dir "$1" --output-on-failure -j "$(nproc)" >"$log" 2>&1 || :
	while IFS=$'\t' read -r status name; do
		case $status in
		*Passed*) result 0 "$name" </dev/null ;;
		*Skipped*|*Disabled*) skip "$name" "$status" ;;
		*) result 1 "$name" < <(grep -A 30 -F ": $name " "$log" | tail -n +2 | head -n 30) ;;
		esac
	done < <(sed -nE 's/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: ([^ ]+) .*[.]{2} *(.*)$/\2\t\1/p' "$log")
	grep -q 'tests passed' "$log" || result 1 "ctest runs in $1" < <(tail -n 20 "$log")
}
