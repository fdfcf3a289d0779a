# shellcheck shell=bash
# What the scripts share. Sourced, never run.

# Exit codes that mean the same in every script (and in the refstorm driver).
export EXIT_USAGE=2 EXIT_CANNOT=3

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${REFSTORM_BUILD:-$top/build}
cache=${REFSTORM_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/refstorm}
scripts=$top/scripts
me=$(basename "$0")
export top build cache scripts me
export CCACHE_DIR=${CCACHE_DIR:-$cache/ccache}
# For cmake. What was compiled in one folder serves a clone in another. (kbuild's objects have paths in them.)
! ccache=$(command -v ccache) || export CMAKE_CXX_COMPILER_LAUNCHER="env;CCACHE_BASEDIR=$top;CCACHE_NOHASHDIR=1;$ccache"

say() { printf '%s: %s\n' "$me" "$*" >&2; }
die() { say "$*"; exit 1; }
cannot() { say "$*"; exit "$EXIT_CANNOT"; }
usage_error() { say "$*"; say "see $me --help"; exit "$EXIT_USAGE"; }

# Another build may have exported these; kbuild and make would read them.
foreign=()
for variable in ARCH SUBARCH CROSS_COMPILE KBUILD_OUTPUT KBUILD_EXTMOD KBUILD_EXTRA_SYMBOLS INSTALL_MOD_PATH INSTALL_MOD_DIR; do
	[ -z "${!variable-}" ] || foreign+=("$variable=${!variable}")
	unset "$variable"
done
[ "${#foreign[@]}" = 0 ] || say "the environment's ${foreign[*]} is of another build, and is not used here"

# Names all folders in which building or booting cannot work, before anything is built.
places() {
	local place wrong=()
	for place in "$top" "$build"; do
		case $place in
		*[[:space:]:,%#\$\'\"\\]*) wrong+=("the path '$place' has a space or one of : , % # \$ ' \" \\, which kbuild or QEMU cannot handle") ;;
		esac
	done
	[ "${#wrong[@]}" = 0 ] || wrong+=("use a clone elsewhere; REFSTORM_BUILD= names a build folder outside of it")
	[ "${#wrong[@]}" != 0 ] || folder "$build" || wrong+=("the build folder $build cannot be written to: name another with REFSTORM_BUILD=")
	# A home that does not exist is not made.
	{ [ -n "${REFSTORM_CACHE-}${XDG_CACHE_HOME-}" ] || [ -d "${HOME:-/root}" ]; } && folder "$cache" ||
		wrong+=("the cache $cache cannot be written to (HOME is ${HOME-not set}): name another with REFSTORM_CACHE=")
	place=${TMPDIR:-/tmp}
	case $place in
	*[[:space:]:,]*) wrong+=("TMPDIR=$place has a space, a comma or a colon, which separate the options of QEMU and of scripts: name another folder with TMPDIR=") ;;
	*) [ -d "$place" ] && [ -w "$place" ] || wrong+=("TMPDIR=$place cannot be written to: name another folder with TMPDIR=") ;;
	esac
	if [ "${#wrong[@]}" = 0 ]; then
		room "$build" 60 || wrong+=("the build folder $build has less than 60 MB left: make room, or name another with REFSTORM_BUILD=")
		room "$cache" 20 || wrong+=("the cache $cache has less than 20 MB left: make room, or name another with REFSTORM_CACHE=")
		room "${TMPDIR:-/tmp}" 40 || wrong+=("TMPDIR=${TMPDIR:-/tmp} has less than 40 MB left: make room, or name another folder with TMPDIR=")
	fi
	[ "${#wrong[@]}" != 0 ] || return 0
	for place in "${wrong[@]}"; do say "$place"; done
	exit "$EXIT_CANNOT"
}
# folder PATH: makes it if need be; can we write there?
folder() { mkdir -p "$1" 2>/dev/null && [ -w "$1" ] && [ -x "$1" ]; }

# room PATH MB: is there so much left?
room() { [ "$(df -Pk "$1" 2>/dev/null | awk 'NR == 2 { print int($4 / 1024) }')" -ge "$2" ] 2>/dev/null; }

# The comment block at the head of a script is its help text.
help() {
	sed -n '2,/^[^#]/{ s/^# \{0,1\}//p }' "$0"
	exit 0
}

# only_help "$@": of a script that has no option but --help.
only_help() {
	case ${1-} in --help|-h) help ;; esac
}

# Runs a command quietly: its output goes to FILE and is shown only when it fails.
# quietly FILE COMMAND...
quietly() {
	local log=$1 rc=0
	shift
	mkdir -p "$(dirname "$log")"
	"$@" >"$log" 2>&1 || rc=$?
	if [ "$rc" != 0 ]; then
		tail -n 40 "$log" >&2
		say "failed ($rc): $1 ${2:-}; the whole log is $log"
	fi
	return "$rc"
}

# counted WHAT [TOTAL]: passes on what a compilation says on stdin, to stderr, but its steps are counted there: on a
# terminal in one line that changes, elsewhere in one every ten seconds. ninja tells how many steps there are; of
# kbuild's there are about TOTAL. With REFSTORM_NO_COUNTS set it is silent there.
counted() {
	local line what=$1 n=0 total=${2-} step='' shown=$SECONDS terminal=0 clear=''
	if [ -t 2 ] && [ "${TERM:-dumb}" != dumb ]; then terminal=1 clear=$'\r\e[K'; fi
	while IFS= read -r line || [ -n "$line" ]; do
		if [[ $line =~ ^\[([0-9]+)/([0-9]+)\]\ .*[/\ ]([^/\ ]+)$ ]]; then
			n=${BASH_REMATCH[1]} total=${BASH_REMATCH[2]} step=${BASH_REMATCH[3]}
		elif [[ $line =~ ^\ \ [A-Z0-9+]+(\ \[[A-Z]+\])?\ +([^ ]*/)?([^ /]+)$ ]]; then
			n=$((n + 1)) step=${BASH_REMATCH[3]}
			[ -z "$total" ] || [ "$n" -le "$total" ] || total=$n
		else
			printf '%s%s\n' "$clear" "$line" >&2
			continue
		fi
		if [ "$terminal" = 1 ]; then
			printf '%s%s: %s [%s%s] %.30s' "$clear" "$me" "$what" "$n" "${total:+/$total}" "$step" >&2
		elif [ -z "${REFSTORM_NO_COUNTS-}" ] && [ $((SECONDS - shown)) -ge 10 ]; then
			shown=$SECONDS
			say "$what [$n${total:+/$total}]"
		fi
	done
	[ "$terminal" = 0 ] || printf '%s' "$clear" >&2
}

# The names as patterns that match nothing else: apt-get takes an unknown name for a pattern, which
# matches every name that contains it. Characters of a package's name: [a-z0-9+.-].
apt_exactly() {
	local name
	for name; do
		name=${name//./\\.}
		printf '^%s$\n' "${name//+/\\+}"
	done
}

# The codename of the release of Debian that this machine runs; nothing if it is no Debian.
host_release() {
	awk -F= '{ gsub(/"/, "", $2) } $1 == "ID" { debian = $2 == "debian" } $1 == "VERSION_CODENAME" { name = $2 }
		END { if (debian) print name }' /etc/os-release 2>/dev/null || :
}

# make without the variables of the make that called us: KVER=, T= and so on are not for kbuild.
clean_make() {
	env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES -u MAKELEVEL -u KVER -u KDIR -u KERNEL -u MODDIR \
		make "$@"
}

# The same for a kernel's own make, after use_kernel: in the root of the kernel's release if it has
# another's, by the compiler that it was built with. Through ccache, if it is there: Debian's headers
# know it. Each release has a cache of its own, for the formats of two ccaches may differ.
kbuild() {
	local run=(make) make_words
	if [ -n "${K_ROOT-}" ]; then
		run=("$scripts/kernels/root" "$K_ROOT" env)
		[ ! -x "$cache/root/$K_ROOT/usr/bin/ccache" ] ||
			run+=(DEBIAN_KERNEL_USE_CCACHE=1 CCACHE_DIR="$cache/ccache-$K_ROOT")
		run+=(make)
	elif command -v ccache >/dev/null; then
		run=(env DEBIAN_KERNEL_USE_CCACHE=1 make)
	fi
	read -ra make_words <<<"${K_MAKE-}"
	# Debian's headers for arm64 name the compiler themselves.
	case ${K_KVER-} in *-arm64) make_words+=(ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-) ;; esac
	env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES -u MAKELEVEL -u KVER -u KDIR -u KERNEL -u MODDIR \
		"${run[@]}" "${make_words[@]}" "$@"
}

# An object compiled while one of its headers is saved looks newer than the header, and stays.
# steadily TREE SOURCE... -- COMMAND...: runs COMMAND, which builds in TREE; if a SOURCE changed
# meanwhile, once more without the objects made since.
steadily() {
	local tree=$1 sources=() stamp
	shift
	while [ "$1" != -- ]; do sources+=("$1"); shift; done
	shift
	stamp=$tree/.began
	for _ in 1 2 3; do
		touch "$stamp"
		"$@" || return
		[ -n "$(find -L "${sources[@]}" -type f -newer "$stamp" -print -quit)" ] || return 0
		say "a source changed while it was compiled: once more"
		find "$tree" -type f -name '*.o' -newer "$stamp" -delete
	done
	say "sources change all the time: nothing is built"
	return 1
}

# The kernels with which scripts/kernels/matrix-kernels says that this is done: suites, count, twins, storm.
kernels_to() { awk -v what="$1" '!/^#/ { for (i = 2; i <= NF; i++) if ($i == what) print $1 }' "$scripts/kernels/matrix-kernels"; }

# The variants of scripts/debug-kernel that are for this: debug, configs.
variants_for() { awk -v what="$1" '!/^#/ && $4 == what { print $1 }' "$scripts/kernels/variants"; }

# Sets K_KVER K_NAME K_KDIR K_ROOT K_MAKE K_KERNEL K_MODDIR from what scripts/kernel answers. The caller's own
# KVER, KDIR and KERNEL stay as they are, for the scripts that we call.
use_kernel() {
	local out
	places
	out=$("$scripts/kernel" "$@") || exit
	eval "K_${out//$'\n'/$'\n'K_}"
}
