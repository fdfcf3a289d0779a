# SPDX-License-Identifier: GPL-2.0
#
# cxx.mk - C++ translation units in a kernel module
#
# Include this from a Kbuild file; then any %.o in a module's list may come from a
# %.cc. The flags are kbuild's own (red zone, mcmodel, SSE, retpolines, rethunks, SLS,
# mfentry, IBT, KASAN, KCSAN, gcov ... arrive with the configuration) without what only
# C understands:
#
#   - c_flags force-includes linux/compiler_types.h, which is C; c_flags is built from
#     _c_flags
#   - -std and the warnings are of C; but -Wa,... and -Wp,... are no warnings
#   - the configuration comes by -include, since the headers that include it are C
#   - -g0, since pahole 1.24 stops on C++ debug information
#   - atomic operations inline: on arm64 they would be calls of a library of user space
#
# Thread-safe statics stay on: without them a guarded static would link and race.
#
# An inline function is in a section group of its own, and so is the place at which it can be
# patched (__patchable_function_entries). Linking a module would keep a section of that name
# for each group, and sysfs warns of a name that comes twice. So the groups are taken away; the
# functions are weak symbols.
#
# After compiling, kmod/cxx/refuse looks for code that needs a runtime which the kernel does
# not have, and fails the build, which deletes the object.
#
# Settings a Kbuild file may add: cxxflags-y, and CXXFLAGS_name.o for one object.

rs-cxx-dir := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))

# The C++ objects of refstorm.ko, relative to kmod/storm
refstorm-cxx-objs := ../cxx/histogram.o ../cxx/providers.o ../cxx/sequence.o

# kbuild leaves CXX empty: the C++ compiler beside the C compiler, of the same version
rs-cxx-beside = $(if $(findstring /,$1),$(dir $1))$(subst clang,clang++,$(subst gcc,g++,$(notdir $1)))
CXX := $(foreach word,$(CC),$(call rs-cxx-beside,$(word)))

rs-cxx-derived = $(filter-out -std=% -W% $(CC_FLAGS_LTO),$(_c_flags)) \
		 $(filter -Wa$(comma)% -Wp$(comma)% -Wframe-larger-than=%,$(_c_flags))

# Whether this kernel collects the places of its lock prefixes
rs-have-smp-locks := $(if $(shell grep -s smp_locks $(srctree)/arch/x86/include/asm/alternative.h),1,0)

rs-cxx-flags = -Wp,-MMD,$(depfile) -I$(rs-cxx-dir)/../include $(rs-cxx-derived) $(modkern_cflags) \
	       -include $(objtree)/include/generated/autoconf.h $(basename_flags) $(modname_flags) \
	       -DRS_HAVE_SMP_LOCKS=$(rs-have-smp-locks) \
	       -std=gnu++20 -ffreestanding -fno-exceptions -fno-rtti -fno-use-cxa-atexit -g0 \
	       $(call cc-option,-fno-gnu-unique) $(call cc-option,-mno-outline-atomics) \
	       -Wall -Wextra -Wvla -Werror=return-type -Werror=unused-result \
	       $(cxxflags-y) $(CXXFLAGS_$(target-stem).o)

rs-refuse = NM='$(NM)' READELF='$(READELF)' OBJDUMP='$(OBJDUMP)' $(CONFIG_SHELL) $(rs-cxx-dir)/refuse

quiet_cmd_cxx_o_cc = CXX $(quiet_modtag)  $@
      cmd_cxx_o_cc = $(CXX) $(rs-cxx-flags) -c -o $@ $< ; $(OBJCOPY) --remove-section=.group $@ ; \
		     $(rs-refuse) $@ $(cmd_objtool)

define rule_cxx_o_cc
	$(call cmd_and_fixdep,cxx_o_cc)
	$(call cmd,gen_objtooldep)
	$(call cmd,record_mcount)
endef

$(obj)/%.o: $(src)/%.cc $(rs-cxx-dir)/refuse FORCE
	$(call if_changed_rule,cxx_o_cc)
