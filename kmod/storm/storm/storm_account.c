// SPDX-License-Identifier: GPL-2.0
/*
 * The account of an object: what its counter counts, beside what the counter should count.
 *
 * What it should count is the sum of all ledgers and the references of its owner. Workers go on
 * meanwhile, so a look is repeated until no worker began or ended an operation during the look.
 * Each worker says which references its operation is about to take or drop; a right counter may
 * or may not count these already:
 *
 *	worker (get)			look
 *	------------			----
 *	moving = n
 *	version++
 *	get(n)				sum versions
 *	held += n			sum held and moving
 *	version++			read the counter
 *	moving = 0			sum versions: equal? else again
 *
 * The worker has no barriers for this, which would hide a lack of barriers in the counter. On a
 * machine that orders memory weakly a look may be wrong, though rarely.
 */
#include <linux/cpumask.h>
#include <linux/llist.h>
#include <linux/math64.h>
#include <linux/seq_file.h>
#include <linux/timekeeping.h>

#include "storm_internal.h"

#define TRIES	8	/* looks until one is steady */

#define RS_INVARIANT_NAME(id, name, text) name,
const char * const invariant_names[INVARIANT_NR] = {
	RS_INVARIANTS(RS_INVARIANT_NAME)
};

/* The account of the last broken storm; storms_lock protects it. */
static struct {
	u32			storm;
	const struct rs_provider *provider;
	enum invariant		invariant;
	bool			has_object;
	u64			object;
	u8			slot;
	u64			last_put_ns;	/* before the violation; 0: unknown */
	struct storm_account	account;
} kept;

static u32 storm_account_versions(struct storm_object *object)
{
	struct storm *storm = object->slot->storm;
	unsigned int i;
	u32 sum = READ_ONCE(object->owner_version);

	for (i = 0; i < storm->nr_workers; i++)
		sum += READ_ONCE(storm->workers[i].ledger[object->slot->index].version);
	return sum;
}

static void storm_account_ledgers(struct storm_object *object, struct storm_look *look)
{
	struct storm *storm = object->slot->storm;
	unsigned int i;

	look->held = 0;
	look->owned = READ_ONCE(object->owned);
	look->moving = READ_ONCE(object->owner_moving);
	for (i = 0; i < storm->nr_workers; i++) {
		const struct storm_ledger *ledger =
			&storm->workers[i].ledger[object->slot->index];

		if (READ_ONCE(ledger->object) == object)
			look->held += READ_ONCE(ledger->held);
		if (READ_ONCE(ledger->at) == object)
			look->moving += READ_ONCE(ledger->moving);
	}
}

static void storm_account_counter(struct storm_object *object, struct storm_look *look)
{
	const struct rs_provider *provider = object->counter.provider;
	struct rs_counter_state state;
	int cpu;

	provider->inspect(&object->counter, &state);
	look->mode = state.mode;
	look->killable = state.killable;
	look->dying = state.dying;
	look->whole = state.whole;
	look->count = state.word;
	look->counted = true;
	if (state.whole || !provider->read_slot)
		return;
	for_each_possible_cpu(cpu) {
		s64 value;

		if (provider->read_slot(&object->counter, cpu, &value))
			look->count += value;
		else if (state.mode == RS_COUNTER_SWITCHING)
			look->counted = false;
	}
}

/**
 * storm_account_look - look at an object's counter and at all ledgers
 * @object: the object
 * @look: where to write what was seen
 *
 * Context: any but NMI.
 */
void storm_account_look(struct storm_object *object, struct storm_look *look)
{
	const struct rs_provider *provider = object->counter.provider;
	unsigned int i;

	*look = (struct storm_look) { .known = !READ_ONCE(object->ended) };
	for (i = 0; i < TRIES && !look->steady; i++) {
		u32 before = storm_account_versions(object);

		/* The versions are read before and after all else. */
		smp_rmb();
		storm_account_ledgers(object, look);
		if (look->known)
			storm_account_counter(object, look);
		/* As above */
		smp_rmb();
		look->steady = before == storm_account_versions(object);
	}
	/* The end of mainline's switch drops a reference of its own after the confirmation. */
	if (provider->percpu && provider->origin == RS_ORIGIN_MAINLINE)
		look->moving++;
}

static void storm_account_take_slots(struct storm_object *object, struct storm_account *account)
{
	const struct rs_provider *provider = object->counter.provider;
	int cpu;

	if (!provider->read_slot)
		return;
	for_each_possible_cpu(cpu) {
		s64 value;

		if (cpu < STORM_ACCOUNT_CPUS)
			account->nr_slots = cpu + 1;
		if (!provider->read_slot(&object->counter, cpu, &value))
			continue;
		account->slots_sum += value;
		if (cpu >= STORM_ACCOUNT_CPUS)
			continue;
		account->slot[cpu] = value;
		account->has_slot |= BIT(cpu);
	}
}

static void storm_account_take_holders(struct storm *storm, struct storm_object *object,
				       struct storm_account *account)
{
	unsigned int i;

	for (i = 0; i < storm->nr_workers; i++) {
		const struct storm_ledger *ledger =
			&storm->workers[i].ledger[object->slot->index];
		u64 held = READ_ONCE(ledger->held);

		if (!held || READ_ONCE(ledger->object) != object ||
		    account->nr_holders == STORM_ACCOUNT_HOLDERS)
			continue;
		account->holder[account->nr_holders].worker = i;
		account->holder[account->nr_holders++].held = held;
	}
}

/**
 * storm_account_take - take the account of the violated object
 * @storm: the storm; nobody else writes its account
 * @object: the object
 *
 * Context: any but NMI.
 */
void storm_account_take(struct storm *storm, struct storm_object *object)
{
	struct storm_account *account = &storm->account;

	account->time_ns = ktime_get_mono_fast_ns();
	storm_account_look(object, &account->look);
	if (account->look.known)
		storm_account_take_slots(object, account);
	storm_account_take_holders(storm, object, account);
	account->life = READ_ONCE(object->life);
	account->phase = READ_ONCE(object->phase);
	account->confirm_wanted = object->confirm_wanted;
	account->confirmed = storm_object_confirmed(object);
	account->released = atomic_read(&object->released);
	/* kill_ns is of the same clock, though not in its form for any context. */
	if (object->kill_ns && account->time_ns > object->kill_ns)
		account->killed_ns = account->time_ns - object->kill_ns;
}

/**
 * storm_account_settle - look at the violated object again, when no thread uses it any more
 * @storm: the storm; its threads and RCU callbacks have ended
 *
 * Context: process.
 */
void storm_account_settle(struct storm *storm)
{
	struct storm_object *object;

	/* An object that was exited before the violation is not there. */
	llist_for_each_entry(object, storm->abandoned.first, node)
		if (object->generation == storm->violated_object &&
		    object->slot->index == storm->violated_slot)
			storm_account_look(object, &storm->account.settled);
}

/**
 * storm_account_keep - keep the account of a broken storm for the account file
 * @storm: the storm
 * @last_put_ns: time of the last put of the violated object, or 0
 *
 * Context: process; storms_lock held.
 */
void storm_account_keep(struct storm *storm, u64 last_put_ns)
{
	kept.storm = storm->id;
	kept.provider = storm->setup.provider;
	kept.invariant = storm->invariant;
	kept.has_object = storm->violated_object;
	kept.object = storm->violated_object;
	kept.slot = storm->violated_slot;
	kept.account = storm->account;
	kept.last_put_ns = last_put_ns && storm->account.time_ns > last_put_ns ?
		storm->account.time_ns - last_put_ns : 0;
}

static void storm_account_show_look(struct seq_file *m, const char *prefix,
				    const struct storm_look *look)
{
	seq_printf(m, " %smode=%s", prefix,
		   look->known ? rs_counter_mode_names[look->mode] : "exited");
	if (look->known && look->killable)
		seq_printf(m, " %sdying=%d", prefix, look->dying);
	else
		seq_printf(m, " %sdying=-", prefix);
	if (look->known && look->counted)
		seq_printf(m, " %scount=%lld", prefix, look->count);
	else
		seq_printf(m, " %scount=-", prefix);
	seq_printf(m, " %swhole=%d %sowned=%u %sheld=%u %smoving=%u %ssteady=%d", prefix,
		   look->whole, prefix, look->owned, prefix, look->held, prefix, look->moving,
		   prefix, look->steady);
}

static void storm_account_show_slots(struct seq_file *m, const struct storm_account *account)
{
	unsigned int i;

	seq_puts(m, " slots=");
	for (i = 0; i < account->nr_slots; i++) {
		if (i)
			seq_putc(m, ',');
		/* A slot that a CPU does not count in is empty. */
		if (account->has_slot & BIT(i))
			seq_printf(m, "%lld", account->slot[i]);
	}
	if (!account->nr_slots)
		seq_putc(m, '-');
	if (account->has_slot)
		seq_printf(m, " slots_sum=%lld", account->slots_sum);
	else
		seq_puts(m, " slots_sum=-");
}

static void storm_account_show_holders(struct seq_file *m, const struct storm_account *account)
{
	unsigned int i;

	seq_puts(m, " holders=");
	for (i = 0; i < account->nr_holders; i++)
		seq_printf(m, "%sworker:%u:%llu", i ? "," : "", account->holder[i].worker,
			   account->holder[i].held);
	if (!account->nr_holders)
		seq_putc(m, '-');
}

static void storm_account_show_ago(struct seq_file *m, const char *key, u64 ns)
{
	if (ns)
		seq_printf(m, " %s=%llu", key, ns);
	else
		seq_printf(m, " %s=-", key);
}

/* The account file. Context: process; storms_lock held. */
void storm_account_show(struct seq_file *m)
{
	static const char * const phases[] = {
		[PHASE_LIVE]	 = "live",
		[PHASE_KILLING]	 = "killed",
		[PHASE_RELEASED] = "released",
	};
	const struct storm_account *account = &kept.account;
	const char *confirm = account->confirmed ? "came" :
			      account->confirm_wanted ? "missing" : "unasked";

	seq_puts(m, "# storm provider invariant slot object time_ns life phase confirm released kill_ns put_ns mode dying count whole owned held moving steady slots slots_sum holders settled_mode settled_dying settled_count settled_whole settled_owned settled_held settled_moving settled_steady\n");
	if (!kept.has_object)
		return;
	seq_printf(m, "storm=%u provider=%s invariant=%s slot=%u object=%llu time_ns=%llu life=%llu phase=%s confirm=%s released=%d",
		   kept.storm, kept.provider->name, invariant_names[kept.invariant], kept.slot,
		   kept.object, account->time_ns, account->life, phases[account->phase],
		   confirm, account->released);
	storm_account_show_ago(m, "kill_ns", account->killed_ns);
	storm_account_show_ago(m, "put_ns", kept.last_put_ns);
	storm_account_show_look(m, "", &account->look);
	storm_account_show_slots(m, account);
	storm_account_show_holders(m, account);
	storm_account_show_look(m, "settled_", &account->settled);
	seq_putc(m, '\n');
}
