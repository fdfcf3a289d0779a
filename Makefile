# SPDX-License-Identifier: GPL-2.0
# The front door. Each target is a script of scripts/, which says more with --help.

# Anything of this on the command line reaches the scripts:
#   KVER= KDIR= KERNEL=    another kernel (scripts/kernel)
#   PREFIX= DESTDIR=       where to install (scripts/install)
export KVER KDIR KERNEL MODDIR PREFIX DESTDIR V

.DEFAULT_GOAL := all
.PHONY: all help modules user initramfs storm shell bench report guest test test-unit test-guest test-here test-matrix test-debug debug-kernel fuzz fuzz-parsers coverage verify mutants \
	lint tidy compile_commands.json selftests-tar install uninstall clean

all: modules user

help:
	@sed -n 's/^#: //p' Makefile

#: make storm        boot a guest with 4 CPUs and storm every provider in it, 20 s; writes build/storm.json
#:                   (ARGS= goes to refstorm storm)
#: make storm PROFILE=P   the storms of a profile, in the guest that it asks for: ls profiles
storm:
	@scripts/storm $(if $(PROFILE),--profile $(PROFILE)) $(ARGS)

#: make shell        a guest to type in, with README's commands on the screen
shell:
	@scripts/shell

#: make bench        what each operation costs, ours beside mainline's, on 6.1, 6.12 and 7.3; writes build/bench.json
bench:
	@scripts/bench $(ARGS)

#: make report       build/report.html, with plots of build/storm.json and build/bench.json (ARGS= other files)
report:
	@scripts/report $(ARGS)

#: make test         every suite; ends with "N passed, N failed, N skipped"
#: make test T=NAME  one selftest, in a guest
test:
	@scripts/test $(if $(T),--one $(T))

#: make test-unit    the suites that need no guest
test-unit:
	@scripts/test --set unit

#: make test-guest   the suites that boot guests
test-guest:
	@scripts/test $(if $(T),--one $(T),--set guests)

#: make test-here    the selftests, or T=NAME, on this machine as it runs (root, after make install)
test-here:
	@dir=$$(KVER=$${KVER:-$$(uname -r)} scripts/selftests) && $$dir/run_kselftest.sh $(if $(T),-t refstorm:$(T),-c refstorm)

#: make test-matrix  what depends on the kernel, on each of Debian's: 6.1, 6.1 RT, 6.12, 7.3, arm64
test-matrix:
	@scripts/matrix $(ARGS)

#: make debug-kernel VARIANT=V   builds the kernel kasan or kcsan, and says where it is
debug-kernel:
	@scripts/debug-kernel $(VARIANT)

#: make test-debug   the detectors proven, then everything on those kernels: KASAN, lockdep, KCSAN (ARGS=kasan)
test-debug:
	@scripts/test-debug $(ARGS)

#: make fuzz         2 million writes to debugfs on the kasan kernel, from several processes (ARGS="--writes N")
fuzz:
	@scripts/fuzz $(ARGS)

#: make fuzz-parsers  the driver's parsers under libFuzzer, a minute each (ARGS="--seconds N TARGET")
fuzz-parsers:
	@scripts/fuzz-parsers $(ARGS)

#: make coverage     lines and branches of kmod/ that the selftests reach
coverage:
	@scripts/coverage $(ARGS)

#: make verify       models of the protocols with spin; litmus tests, if herd7 is there
verify:
	@scripts/deps build test && scripts/verify

#: make mutants      build and storm the broken copies of selftests/mutants/
mutants:
	@scripts/mutants $(ARGS)

#: make              modules and driver
#: make modules      rsref.ko and refstorm.ko, in build/KERNEL/
modules:
	@scripts/deps build && scripts/modules

#: make user         the driver and its unit tests, in build/user/
user:
	@scripts/deps build && scripts/user --tests

#: make initramfs    the guest's file system, in build/initramfs/
initramfs:
	@scripts/deps build test && scripts/image

#: make guest CMD=.. run a command in a guest ("refstorm list")
guest: initramfs
	@scripts/guest --tty -- sh -c '$(subst ','\'',$(CMD))'

#: make lint         checkpatch, sparse, kernel-doc, clang-format, shellcheck, circles of calls
lint:
	@scripts/lint

#: make tidy         clang-tidy over the driver
tidy:
	@scripts/tidy

#: make compile_commands.json   for editors: how each file is compiled; in build/, where clangd looks
compile_commands.json: modules
	@scripts/build/compile-commands >build/$@ && echo "build/$@"

#: make selftests-tar   one archive for a board with busybox and no network (ARCH=arm64 KVER=): docs/lab.md
selftests-tar:
	@scripts/deps build test && env -u ARCH scripts/selftests-tar $(if $(ARCH),--arch $(ARCH))

#: make install      driver, modules for the running kernel (or KVER=), headers; DESTDIR= PREFIX=
install:
	@scripts/deps build && scripts/install

#: make uninstall    removes exactly that
uninstall:
	@scripts/install --uninstall

#: make clean        removes build/
clean:
	@rm -rf build

#:
#: Kernel: KVER= one that is installed or in Debian's archive, KDIR= KERNEL= your own build
#: tree and bzImage. Default: Debian's cloud kernel, or for make install the running one.
