// SPDX-License-Identifier: GPL-2.0
/* The operations of rs_refcount_t and rs_kref, for contexts.ko. */
#include <linux/delay.h>
#include <linux/preempt.h>

#include <refstorm/track.h>

#include "contexts.h"

/* Each has references from the beginning to the end. */
#define BEGUN	3

static rs_refcount_t count;
static struct rs_kref kref;
static atomic_t releases;
/* A tracked kref, and the holders of its references */
static struct rs_kref tracked;
static struct rs_track track;
static struct rs_holder one, other;
/* The last reference of @tracked was dropped in the context */
static bool dropped;

static void kref_release(struct rs_kref *released)
{
	atomic_inc(&releases);
}

static bool prepare(void)
{
	/* Wait until the reporting work is not queued any more, so that a kill queues it. */
	msleep(2200);
	rs_refcount_set(&count, BEGUN);
	rs_kref_init(&kref);
	rs_kref_init(&tracked);
	rs_holder_init(&one, "one");
	rs_holder_init(&other, "other");
	atomic_set(&releases, 0);
	dropped = false;
	return check(!rs_kref_track(&track, &tracked, "context", 60));
}

static void use_refcount(void)
{
	rs_refcount_inc(&count);
	rs_refcount_add(2, &count);
	check(rs_refcount_inc_not_zero(&count));
	check(rs_refcount_inc_not_zero_acquire(&count));
	check(rs_refcount_add_not_zero(2, &count));
	check(rs_refcount_add_not_zero_acquire(2, &count));
	check(rs_refcount_read(&count) == BEGUN + 9);
	rs_refcount_dec(&count);
	check(!rs_refcount_dec_and_test(&count));
	check(!rs_refcount_sub_and_test(6, &count));
	check(rs_refcount_dec_not_one(&count));
	check(!rs_refcount_dec_if_one(&count));
	check(rs_refcount_read(&count) == BEGUN);
}

static void use_kref(void)
{
	rs_kref_get(&kref);
	check(rs_kref_get_unless_zero(&kref));
	check(!rs_kref_put(&kref, kref_release));
	check(!rs_kref_put(&kref, kref_release));
	check(rs_kref_put(&kref, kref_release));
	check(!rs_kref_get_unless_zero(&kref));
}

static void use_by_name(void)
{
	rs_kref_get_held(&tracked, &track, &one);
	rs_holder_move(&one, &other);
	check(!one.tracker && other.tracker);
	rs_track_killed(&track);
	check(!rs_kref_put_held(&tracked, &other, kref_release));
	check(rs_kref_put(&tracked, kref_release));
	dropped = true;
}

static void use(void)
{
	use_refcount();
	use_kref();
	if (!in_nmi())
		use_by_name();
}

static void conclude(void)
{
	if (!dropped)
		check(rs_kref_put(&tracked, kref_release));
	rs_track_end(&track);
	check(atomic_read(&releases) == 2);
	check(rs_refcount_sub_and_test(BEGUN, &count));
}

const struct context_kind context_refcount = {
	.prepare	= prepare,
	.use		= use,
	.conclude	= conclude,
};
