# SPDX-License-Identifier: GPL-2.0
# What mainline's refcount.h has is seen in it, for stable kernels carry backports.
has = $(if $(shell grep -e '$(1)' $(srctree)/include/linux/refcount.h),-D$(2)=1,-D$(2)=0)
ccflags-y += $(call has,bool refcount_inc_not_zero_acquire,HAVE_ACQUIRE)
ccflags-y += $(call has,_not_zero_limited_acquire,HAVE_LIMITED)
ccflags-y += $(call has,old > 0 && old == i,HAVE_SUB_ZERO_CHECK)
ccflags-y += $(call has,void refcount_set_release,HAVE_SET_RELEASE)
