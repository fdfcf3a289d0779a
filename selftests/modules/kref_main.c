// SPDX-License-Identifier: GPL-2.0
/*
 * Each rule and listing of Documentation/core-api/kref.rst on rs_kref. A right use runs in
 * several threads for 0.3 s. A wrong use is forced into the one interleaving that makes it go
 * wrong. See docs/kref.md.
 */
#include <linux/rcupdate.h>

#include "kref.h"
#include "scenario_frame.h"

#define ALIVE	0x600d0b1ec7600d0bUL
#define POISON	0xdead0b1ec7dead0bUL

LIST_HEAD(q);
static DEFINE_MUTEX(mutex);
static struct task_struct *mutex_owner;
static LLIST_HEAD(graves);
static atomic_long_t nr_born, nr_buried;

bool lock_q(void)
{
	if (holds_q())
		return false;
	mutex_lock(&mutex);
	WRITE_ONCE(mutex_owner, current);
	return true;
}

void unlock_q(void)
{
	WRITE_ONCE(mutex_owner, NULL);
	mutex_unlock(&mutex);
}

bool holds_q(void)
{
	return READ_ONCE(mutex_owner) == current;
}

struct my_data *first_in_q(void)
{
	return list_first_or_null_rcu(&q, struct my_data, link);
}

struct my_data *my_data_new(void)
{
	struct my_data *data = kzalloc(sizeof(*data), GFP_KERNEL);
	unsigned int i;

	if (!data) {
		fail("no memory for an object");
		return NULL;
	}
	for (i = 0; i < PAYLOAD_WORDS; i++)
		data->payload[i] = ALIVE;
	INIT_LIST_HEAD(&data->link);
	rs_kref_init(&data->refcount);
	atomic_long_inc(&nr_born);
	return data;
}

bool unlink_entry(struct my_data *data)
{
	if (atomic_inc_return(&data->unlinked) != 1) {
		fail("an object was released twice");
		return false;
	}
	list_del_rcu(&data->link);
	return true;
}

void bury(struct my_data *data)
{
	unsigned int i;

	if (atomic_inc_return(&data->burials) != 1) {
		fail("an object was released twice");
		return;
	}
	for (i = 0; i < PAYLOAD_WORDS; i++)
		WRITE_ONCE(data->payload[i], POISON);
	llist_add(&data->grave, &graves);
	atomic_long_inc(&nr_buried);
}

void bury_rcu(struct rcu_head *rhead)
{
	bury(container_of(rhead, struct my_data, rhead));
}

bool is_alive(const struct my_data *data)
{
	unsigned int i;

	for (i = 0; i < PAYLOAD_WORDS; i++)
		if (READ_ONCE(data->payload[i]) != ALIVE)
			return false;
	return true;
}

void use(const struct my_data *data)
{
	if (!is_alive(data))
		fail("an object was used after its release");
}

long born(void)
{
	return atomic_long_read(&nr_born);
}

long buried(void)
{
	return atomic_long_read(&nr_buried);
}

void data_release(struct rs_kref *ref)
{
	bury(to_data(ref));
}

void release_entry(struct rs_kref *ref)
{
	struct my_data *entry = to_data(ref);

	if (!holds_q())
		fail("release_entry() was called without the mutex");
	if (unlink_entry(entry))
		bury(entry);
}

void release_entry_locking(struct rs_kref *ref)
{
	struct my_data *entry = to_data(ref);
	bool first;

	if (!lock_q()) {
		fail("release_entry() was called with the mutex that it takes");
		return;
	}
	first = unlink_entry(entry);
	unlock_q();
	if (first)
		bury(entry);
}

static void run(const struct scenario *s);

struct body {
	void		(*run)(const struct scenario *s);
	const void	*arg;
};

#define RIGHT(_name, _run, _arg, _title) {				\
	.name = (_name), .title = (_title), .run = run,			\
	.arg = &(const struct body){ .run = (_run), .arg = (_arg) },	\
}

#define WRONG(_name, _run, _warnings, _text, _title) {			\
	.name = (_name), .title = (_title), .run = run, .wrong = true,	\
	.warnings = (_warnings), .text = (_text),			\
	.arg = &(const struct body){ .run = (_run) },			\
}

#define FROM_ZERO	"rs_refcount_t: addition on 0; use-after-free."
#define UNDERFLOW	"rs_refcount_t: underflow; use-after-free."

static const struct scenario list[] = {
	RIGHT("init", right_init, NULL,
	      "init begins with one reference, and its put releases"),
	RIGHT("hand_over", right_hand_over, NULL,
	      "rule 1: who gets before handing over to a thread may put in any order"),
	WRONG("get_after_handing_over", wrong_get_after_handing_over, 1, FROM_ZERO,
	      "rule 1: a get after handing over is caught"),
	RIGHT("enqueue", right_enqueue, NULL,
	      "a reference may be passed to a queue, without a get and a put"),
	WRONG("touch_after_enqueue", wrong_touch_after_enqueue, 0, NULL,
	      "a touch after the reference was passed to a queue is caught"),
	RIGHT("put", right_put, NULL,
	      "rule 2: of all who put, exactly one releases"),
	WRONG("put_twice", wrong_put_twice, 1, UNDERFLOW,
	      "rule 2: a second put of the same reference is caught"),
	RIGHT("get_under_mutex", right_lookup, &under_mutex,
	      "rule 3: get under the mutex that put takes, release under it"),
	RIGHT("release_after_unlock", right_lookup, &split_release,
	      "rule 3: put returns 1 to the one who frees after unlocking"),
	RIGHT("put_mutex", right_lookup, &put_mutex,
	      "rule 3: put_mutex takes the mutex for the last put only"),
	RIGHT("put_lock", right_lookup, &put_lock,
	      "rule 3: put_lock takes the spinlock for the last put only"),
	RIGHT("put_mutex_looks_again", right_second_look, &put_mutex,
	      "rule 3: put_mutex looks again under the mutex, for somebody may have got it"),
	RIGHT("put_lock_looks_again", right_second_look, &put_lock,
	      "rule 3: put_lock looks again under the spinlock, for somebody may have got it"),
	WRONG("get_without_reference", wrong_get_without_reference, 1, FROM_ZERO,
	      "rule 3: a get without a held reference or lock is caught"),
	WRONG("put_without_lock", wrong_put_without_lock, 1, FROM_ZERO,
	      "rule 3: a put without the lock that the lookup takes is caught"),
	WRONG("release_locks", wrong_release_locks, 0, NULL,
	      "a release that takes the mutex it is called under is caught"),
	RIGHT("get_unless_zero", right_lookup, &unless_zero,
	      "get_unless_zero under the mutex lets put do without it"),
	WRONG("plain_get", wrong_plain_get, 1, FROM_ZERO,
	      "a plain get where get_unless_zero is needed is caught"),
	WRONG("get_outside_lock", wrong_get_outside_lock, 0, NULL,
	      "get_unless_zero outside of the lookup's critical section is caught"),
	RIGHT("rcu", right_lookup, &under_rcu,
	      "lookup under RCU, freed a grace period after release"),
	RIGHT("rcu_sync", right_lookup, &under_rcu_sync,
	      "lookup under RCU, freed after synchronize_rcu() in release"),
	WRONG("free_at_once", wrong_free_at_once, 0, NULL,
	      "memory given back without a grace period is caught"),
};

/* Every object ends, once, and only then the memory of all goes. */
static void run(const struct scenario *s)
{
	const struct body *body = s->arg;
	struct scenario with_arg = *s;
	struct my_data *data, *next;
	bool all_gone;

	atomic_long_set(&nr_born, 0);
	atomic_long_set(&nr_buried, 0);
	with_arg.arg = body->arg;
	body->run(&with_arg);

	all_gone = becomes_true(buried() >= born());
	rcu_barrier();
	if (buried() != born())
		fail("of %ld objects %ld were released", born(), buried());
	if (!list_empty(&q))
		fail("the list still has an entry");
	/* An object that was not released may still be used: leak it. */
	if (!all_gone)
		return;
	llist_for_each_entry_safe(data, next, llist_del_all(&graves), grave)
		kfree(data);
}

SCENARIOS_MODULE(list, "The rules of kref, kept and broken");
