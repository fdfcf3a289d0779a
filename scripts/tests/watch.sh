# shellcheck shell=bash
# For suites that boot a kernel of scripts/debug-kernel as well as any other. Sourced.
# shellcheck disable=SC2034 # for the script that sources this

# After use_kernel: sets, for scripts/guest, watch, its options, and watched, what goes before
# the command; slow: how much longer things take there.
watch_guest() {
	watch=() watched=() slow=1
	case $K_KVER in
	*-kasan|*-kcsan)
		# kmemleak would take half a minute to boot, and its own time to look; a suite asks for it.
		watch=(--memory 2G --append kmemleak=off --add "$scripts/tests/watched:/watched")
		watched=(/watched)
		slow=4
		;;
	esac
}
