/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The end of the refcount and kref templates: what counters that saturate have
 * in common.
 *
 * The including file has defined FN(name), COUNTER_OF(counter), PROVIDER, NAME,
 * ORIGIN, COUNT_MAX, OP(name), provider_bench and the other operations; and
 * REFCOUNT(counter), if it is one that can be tracked.
 */
static bool provider_kill(struct rs_counter *counter, bool confirm)
{
	OP(put)(counter, 1);
	return true;
}

static void provider_inspect(struct rs_counter *counter,
			     struct rs_counter_state *state)
{
	unsigned int count = FN(read)(COUNTER_OF(counter));

	*state = (struct rs_counter_state) {
		.countable	= true,
		.count		= count,
		.zero		= !count,
		.saturated	= count > COUNT_MAX,
	};
}

#ifdef REFCOUNT
static const rs_refcount_t *provider_refcount(struct rs_counter *counter)
{
	return REFCOUNT(counter);
}
#else
#define provider_refcount NULL
#endif

const struct rs_provider PROVIDER = {
	.name		= NAME,
	.origin		= ORIGIN,
	.saturates	= true,
	.refcount	= provider_refcount,
	.init		= provider_init,
	.get		= OP(get),
	.put		= OP(put),
	.tryget		= OP(tryget),
	.kill		= provider_kill,
	.inspect	= provider_inspect,
	.size		= sizeof(TYPE),
	.bench		= provider_bench,
};
