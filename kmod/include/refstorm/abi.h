/* SPDX-License-Identifier: GPL-2.0 */
/*
 * abi.h - the one header that C and C++ in the kernel both read
 *
 * Kernel headers do not compile as C++, so all that the C of kmod/storm and the C++ of kmod/cxx
 * share is declared here and nowhere else: fixed-width types, plain structs, functions with C
 * linkage. Unit tests in user space use this header, too. It includes the counters' own headers,
 * which modules of third parties include without this one. Both compilers check the layout of
 * each struct against one table at the end, so a disagreement stops the build.
 *
 * No function here locks, sleeps or allocates. Every function may be called from any context;
 * the caller serialises calls on the same struct.
 */
#ifndef REFSTORM_ABI_H
#define REFSTORM_ABI_H

#ifdef __cplusplus
#include <refstorm/freestanding.hpp>
#define RS_MUST_CHECK __attribute__((__warn_unused_result__))
extern "C" {
#else
#include <linux/build_bug.h>
#include <linux/compiler_attributes.h>
#include <linux/stddef.h>
#include <linux/types.h>
#define RS_MUST_CHECK __must_check
#endif

/* The counters themselves: their headers are for both languages. */
#include <refstorm/kref.h>
#include <refstorm/percpu_ref.h>
#include <refstorm/refcount.h>
#ifdef __x86_64__
#include <refstorm/sealed_ref.h>
#endif

/* ---- histogram: times in nanoseconds ------------------------------------ */

/*
 * Log-linear buckets, as HdrHistogram has them (http://hdrhistogram.org):
 * values below 32 have a bucket each, and above that every power of two is cut
 * into 16 buckets of equal width, so a bucket is at most 1/16 of its values
 * wide. 64-bit values need 16 + 60 * 16 buckets.
 */
#define RS_HISTOGRAM_SUB_BITS 4
#define RS_HISTOGRAM_BUCKETS ((64 - RS_HISTOGRAM_SUB_BITS + 1) << RS_HISTOGRAM_SUB_BITS)

/**
 * struct rs_histogram - distribution of u64 nanoseconds in less than a page
 * @count: how many values were recorded, exact
 * @min: smallest value, exact; U64_MAX when empty
 * @max: largest value, exact; 0 when empty
 * @sum: sum of all values, exact until it would pass U64_MAX, where it stays
 * @buckets: values per bucket; a bucket that reached U32_MAX stays there
 *
 * To be initialised with rs_histogram_reset(): zeroed memory is not an empty histogram.
 */
struct rs_histogram {
	u64 count;
	u64 min;
	u64 max;
	u64 sum;
	u32 buckets[RS_HISTOGRAM_BUCKETS];
};

/**
 * rs_histogram_reset() - make a histogram empty
 * @h: histogram, its content may be anything
 *
 * Context: any; caller serialises.
 */
void rs_histogram_reset(struct rs_histogram *h);

/**
 * rs_histogram_record() - count one value
 * @h: histogram
 * @ns: the value; every u64 is accepted
 *
 * Context: any; caller serialises, but others may merge @h meanwhile. Constant time.
 */
void rs_histogram_record(struct rs_histogram *h, u64 ns);

/**
 * rs_histogram_merge() - add everything that one histogram holds to another
 * @dst: histogram that grows
 * @src: histogram that stays as it is; may be @dst, which then doubles
 *
 * A value is not recorded in one step: if @src is recorded to meanwhile, its sum, its count and
 * its buckets may be those of different moments.
 *
 * Context: any; caller serialises what happens to @dst.
 */
void rs_histogram_merge(struct rs_histogram *dst, const struct rs_histogram *src);

/**
 * rs_histogram_quantile() - the value that a share of the values do not exceed
 * @h: histogram
 * @per_mille: the share: 500 is the median, 990 the 99th percentile; more than
 *	1000 is taken as 1000
 *
 * The nearest-rank quantile: the smallest recorded value such that at least
 * @per_mille of the values are no larger. 0 and 1000 give @min and @max exactly,
 * anything else the middle of the bucket that holds the value: off by 1/32 of it
 * at most, and never outside @min to @max.
 *
 * Context: any; caller serialises.
 * Return: nanoseconds; 0 when the histogram is empty.
 */
RS_MUST_CHECK u64 rs_histogram_quantile(const struct rs_histogram *h, u32 per_mille);

/* ---- sequence: the seeded program of a storm worker ---------------------- */

/**
 * enum rs_step_kind - what a worker can be told to do with one of its slots
 * @RS_STEP_ACQUIRE: look the object up, tryget
 * @RS_STEP_ACQUIRE_LIVE: look the object up, tryget_live
 * @RS_STEP_GET: get on an object that is held already
 * @RS_STEP_GET_MANY: 2 to RS_STEP_MANY_MAX gets at once on an object that is held
 * @RS_STEP_PUT: put
 * @RS_STEP_PUT_MANY: 2 or more puts at once, no more than are held
 * @RS_STEP_TRYGET: tryget on an object that is held already
 * @RS_STEP_CHECK: look at the payload of an object that is held
 * @RS_STEP_DRAIN: put all that the slot holds
 * @RS_STEP_IDLE: pause for 64 to RS_STEP_IDLE_MAX_NS nanoseconds
 * @RS_STEP_KIND_COUNT: how many there are
 *
 * A slot names an object through the worker's lookup; the worker may hold references to that
 * object. The generator assumes that every step succeeds. A worker whose tryget failed holds
 * fewer references than the generator assumes. It goes by its own ledger: the worker skips steps
 * that need a reference that it lacks, and puts no more than it holds.
 */
enum rs_step_kind {
	RS_STEP_ACQUIRE,
	RS_STEP_ACQUIRE_LIVE,
	RS_STEP_GET,
	RS_STEP_GET_MANY,
	RS_STEP_PUT,
	RS_STEP_PUT_MANY,
	RS_STEP_TRYGET,
	RS_STEP_CHECK,
	RS_STEP_DRAIN,
	RS_STEP_IDLE,
	RS_STEP_KIND_COUNT
};

#define RS_STEP_BIT(kind) (1U << (kind))
#define RS_STEP_ALL (RS_STEP_BIT(RS_STEP_KIND_COUNT) - 1)

#define RS_STEP_MANY_MAX 4096
#define RS_STEP_IDLE_MAX_NS 50000
#define RS_SEQUENCE_SLOTS_MAX 16
#define RS_SEQUENCE_KINDS_MAX 16

/**
 * struct rs_step - one thing for a worker to do
 * @kind: enum rs_step_kind
 * @slot: 0 to slots - 1
 * @reserved: 0
 * @nr: how many references; nanoseconds for RS_STEP_IDLE; 0 for RS_STEP_CHECK and
 *	RS_STEP_DRAIN
 */
struct rs_step {
	u8 kind;
	u8 slot;
	u16 reserved;
	u32 nr;
};

/**
 * struct rs_sequence - generator of one worker's steps; fields are private
 * @state: of the random number generator
 * @held: references that the steps so far leave in each slot, if all succeed
 * @kind_for: which kind is emitted where the generator wants this one
 * @slots: number of slots in use
 * @slot: the slot of the present burst
 */
struct rs_sequence {
	u64 state[4];
	u32 held[RS_SEQUENCE_SLOTS_MAX];
	u8 kind_for[RS_SEQUENCE_KINDS_MAX];
	u32 slots;
	u32 slot;
};

/**
 * rs_step_name() - a kind of step in words
 * @kind: enum rs_step_kind
 *
 * Context: any.
 * Return: "acquire_live" for RS_STEP_ACQUIRE_LIVE and so on; "unknown" for no kind.
 */
const char *rs_step_name(u32 kind);

/**
 * rs_sequence_seed() - start a sequence
 * @seq: sequence, its content may be anything
 * @seed: of the storm
 * @stream: number of the worker; streams of one seed are unrelated
 * @slots: number of slots, 1 to RS_SEQUENCE_SLOTS_MAX, the nearest of them otherwise
 * @allowed: RS_STEP_BIT() of each kind that the provider offers; GET and PUT need
 *	not be named. A kind that is missing is replaced by the nearest that is not:
 *	each ACQUIRE by the other, then by GET; GET_MANY and TRYGET by GET; PUT_MANY
 *	by PUT; DRAIN by PUT_MANY, then by PUT; CHECK and IDLE by each other, then by
 *	PUT. GET_MANY also counts as missing where PUT_MANY and DRAIN both are.
 *
 * The same four numbers give the same steps, on every machine and kernel.
 *
 * Context: any; caller serialises.
 */
void rs_sequence_seed(struct rs_sequence *seq, u64 seed, u32 stream, u32 slots, u32 allowed);

/**
 * rs_sequence_fill() - generate the next steps
 * @seq: sequence
 * @steps: where to write them
 * @nr: how many; one call for n steps gives the same as n calls for one
 *
 * Context: any; caller serialises. Some ten nanoseconds a step.
 */
void rs_sequence_fill(struct rs_sequence *seq, struct rs_step *steps, u32 nr);

/**
 * rs_sequence_random() - draw 64 random bits
 * @seq: sequence; the steps that follow are no longer those of an undisturbed one
 *
 * For killers, and other code that needs numbers and no steps, with a stream of its own.
 *
 * Context: any; caller serialises.
 * Return: any u64, all equally likely.
 */
RS_MUST_CHECK u64 rs_sequence_random(struct rs_sequence *seq);

/**
 * rs_sequence_below() - draw a random number below a bound
 * @seq: sequence, see rs_sequence_random()
 * @bound: 1 or more; 0 gives 0
 *
 * Context: any; caller serialises.
 * Return: 0 to @bound - 1, all equally likely.
 */
RS_MUST_CHECK u64 rs_sequence_below(struct rs_sequence *seq, u64 bound);

/* ---- providers whose bodies are C++: kmod/cxx/providers.cc ---------------- */

struct rs_counter;

/* What C++ calls: kmod/storm/provider/provider_common.c */
void rs_counter_released(struct rs_counter *counter);
void rs_counter_released_locked(struct rs_counter *counter);
void rs_counter_confirmed(struct rs_counter *counter);
extern spinlock_t rs_bench_lock;

/* Operations and benchmark loops, as struct rs_provider and struct rs_bench_op have them */
#define RS_CXX_LOOP(kind, operation) \
	void rs_cxx_##kind##_bench_##operation(struct rs_counter *counter, unsigned long n)
#define RS_CXX_OPERATIONS(kind)                                             \
	void rs_cxx_##kind##_get(struct rs_counter *counter, u32 nr);       \
	void rs_cxx_##kind##_put(struct rs_counter *counter, u32 nr);       \
	bool rs_cxx_##kind##_tryget(struct rs_counter *counter, u32 nr);    \
	RS_CXX_LOOP(kind, pair)

RS_CXX_OPERATIONS(refcount);
RS_CXX_LOOP(refcount, inc);
RS_CXX_LOOP(refcount, dec_and_test);
RS_CXX_LOOP(refcount, get_unless_zero);
RS_CXX_LOOP(refcount, dec_and_lock);

RS_CXX_OPERATIONS(kref);
RS_CXX_LOOP(kref, get);
RS_CXX_LOOP(kref, put);
RS_CXX_LOOP(kref, get_unless_zero);

RS_CXX_OPERATIONS(sealed_ref);
bool rs_cxx_sealed_ref_tryget_live(struct rs_counter *counter);
bool rs_cxx_sealed_ref_kill(struct rs_counter *counter, bool confirm);
RS_CXX_LOOP(sealed_ref, get);
RS_CXX_LOOP(sealed_ref, put);
RS_CXX_LOOP(sealed_ref, tryget);
RS_CXX_LOOP(sealed_ref, tryget_live);
RS_CXX_LOOP(sealed_ref, tryget_live_rcu);

#ifdef __cplusplus
} /* extern "C" */
#endif

/* ---- the layout both sides must agree on --------------------------------- */

#define RS_ABI_SIZE(type, size) \
	static_assert(sizeof(struct type) == (size), "size of struct " #type)
#define RS_ABI_OFFSET(type, field, offset)                            \
	static_assert(__builtin_offsetof(struct type, field) == (offset), \
		      "offset of " #field " in struct " #type)

RS_ABI_SIZE(rs_histogram, 3936);
RS_ABI_OFFSET(rs_histogram, count, 0);
RS_ABI_OFFSET(rs_histogram, min, 8);
RS_ABI_OFFSET(rs_histogram, max, 16);
RS_ABI_OFFSET(rs_histogram, sum, 24);
RS_ABI_OFFSET(rs_histogram, buckets, 32);

RS_ABI_SIZE(rs_step, 8);
RS_ABI_OFFSET(rs_step, kind, 0);
RS_ABI_OFFSET(rs_step, slot, 1);
RS_ABI_OFFSET(rs_step, reserved, 2);
RS_ABI_OFFSET(rs_step, nr, 4);

RS_ABI_SIZE(rs_sequence, 120);
RS_ABI_OFFSET(rs_sequence, state, 0);
RS_ABI_OFFSET(rs_sequence, held, 32);
RS_ABI_OFFSET(rs_sequence, kind_for, 96);
RS_ABI_OFFSET(rs_sequence, slots, 112);
RS_ABI_OFFSET(rs_sequence, slot, 116);

RS_ABI_SIZE(rs_refcount_struct, 4);
RS_ABI_SIZE(rs_kref, 4);
RS_ABI_OFFSET(rs_kref, refcount, 0);

RS_ABI_SIZE(rs_percpu_data, 8);

RS_ABI_SIZE(rs_percpu_ref, 16);
RS_ABI_OFFSET(rs_percpu_ref, percpu_count_ptr, 0);
RS_ABI_OFFSET(rs_percpu_ref, data, 8);

RS_ABI_SIZE(rs_percpu_ref_state, 24);
RS_ABI_OFFSET(rs_percpu_ref_state, mode, 0);
RS_ABI_OFFSET(rs_percpu_ref_state, count, 8);
RS_ABI_OFFSET(rs_percpu_ref_state, dying, 16);
RS_ABI_OFFSET(rs_percpu_ref_state, saturated, 17);
RS_ABI_OFFSET(rs_percpu_ref_state, collected, 18);

#ifdef __x86_64__
RS_ABI_SIZE(rs_sealed_ref, 16);
RS_ABI_OFFSET(rs_sealed_ref, slots, 0);
RS_ABI_OFFSET(rs_sealed_ref, data, 8);
#endif

#undef RS_ABI_SIZE
#undef RS_ABI_OFFSET

#ifdef __cplusplus
#include <refstorm/freestanding_end.hpp>
#endif

#endif /* REFSTORM_ABI_H */
