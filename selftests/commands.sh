#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The table of commands in docs/debugfs.md is what the commands file says.
# commands.sh --docs prints the table, from the module that is loaded.
. "$(dirname "$0")/ktap.sh"

manual=$(dirname "$0")/debugfs.md
[ -e "$manual" ] || manual=$(dirname "$0")/../docs/debugfs.md

# The commands file as a table of the manual: a row for each command, one for each of its keys.
table() {
	awk '
	function value(key,	at) {
		at = index($0, " " key "=")
		at = substr($0, at + length(key) + 2)
		return at ~ /^"/ ? substr(at, 2, index(substr(at, 2), "\"") - 1) : substr(at, 1, index(at " ", " ") - 1)
	}
	function accepted(kind) {
		if (kind == "number")
			return value("max") == 1 && value("min") == 0 ? "0 or 1" : value("min") " to " value("max")
		if (kind == "choice" || kind == "several") {
			kind = "`" value("names") "`"
			gsub(",", "` `", kind)
		}
		return kind
	}
	BEGIN { print "| command | key | accepted | default | |\n|---|---|---|---|---|" }
	/^#/ { next }
	{ $0 = " " $0; gsub(/\|/, "\\|") }
	value("key") == "-" { printf "| `%s` | | | | %s |\n", value("command"), value("help"); next }
	{
		key = value("key") (value("place") == "key" && value("kind") != "word" ? "=" : "")
		usual = value("needed") == 1 && value("instead") == 0 ? "needed" : value("default")
		printf "| | `%s` | %s | %s | %s |\n", key, accepted(value("kind")), usual == "-" ? "" : usual, value("help")
	}' "$dir/commands"
}

if [ "${1-}" = --docs ]; then
	table
	exit
fi

begin

is_in_the_manual() {
	load_all
	table >"${TMPDIR:-/tmp}/commands.$$"
	sed -n '/<!-- selftests\/commands.sh --docs: begin -->/,/<!-- end -->/{/^|/p}' "$manual" >"${TMPDIR:-/tmp}/manual.$$"
	diff "${TMPDIR:-/tmp}/manual.$$" "${TMPDIR:-/tmp}/commands.$$" || fail "docs/debugfs.md lacks what commands.sh --docs prints"
	rm -f "${TMPDIR:-/tmp}/manual.$$" "${TMPDIR:-/tmp}/commands.$$"
	unload_all
}

check "the manual has each command and key, with its range and default" is_in_the_manual
end
