// SPDX-License-Identifier: GPL-2.0
/* The scenarios of percpu_ref_api.ko with rs_sealed_ref, sealed by interrupts. */
#define REF_NAME	"rs_sealed_ref"
#define REF_TYPE	struct rs_sealed_ref
#define REF(name)	rs_sealed_ref_##name
#define REF_SLOTS_SITE	"sealed_slots"
#define REF_MODULE	"sealed_ref_api"
/* A switch may end before the scenario looks. */
#define under_way(cond)	((void)(cond))
#include "percpu_main.c"
#include "percpu_api.c"
#include "percpu_at_zero.c"
#include "percpu_hurts.c"
#include "percpu_misuse.c"
#include "percpu_race.c"
#include "percpu_track.c"
#include "percpu_track_window.c"
#include "percpu_users.c"
#include "percpu_lives.c"
