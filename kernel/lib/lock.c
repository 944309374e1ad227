/* SPDX-License-Identifier: MIT */
/*
 * Spinlocks, with interrupts off while one is held, and the check of their
 * order.
 *
 * For each CPU the check keeps the stack of held locks (c_held). It runs in
 * debug builds only, and not in a panic: the panicking CPU, the only one that
 * runs then, ignores held locks.
 */
#include "kernel/lib/lock.h"
#include "kernel/lib/cpu.h"
#include "kernel/lib/holds.h"
#include "kernel/lib/jitter.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/x86.h"

void intr_push_off(void)
{
	bool on = x86_intr_enabled();
	struct cpu *c;

	x86_cli();
	c = curcpu();
	if (c->c_intr_depth++ == 0)
		c->c_intr_was_on = on;
}

void intr_pop_off(void)
{
	struct cpu *c = curcpu();

	ASSERT(intr_off());
	ASSERT(c->c_intr_depth > 0);
	if (--c->c_intr_depth == 0 && c->c_intr_was_on)
		x86_sti();
}

void spin_init(struct spinlock *l, const char *name, enum lock_rank rank)
{
	*l = (struct spinlock)SPINLOCK_INIT(name, rank);
}

#ifdef DEBUG

static void check_order(const struct spinlock *l, const struct cpu *c, bool nested)
{
	for (int i = 0; i < c->c_nheld; i++) {
		const struct spinlock *h = c->c_held[i];

		if (h == l)
			panic("lock %s: taken twice by cpu %u", l->sl_name, c->c_id);
		if (h->sl_rank > l->sl_rank || (h->sl_rank == l->sl_rank && !nested))
			panic("lock order: %s (rank %u) taken with %s (rank %u) held", l->sl_name,
			      l->sl_rank, h->sl_name, h->sl_rank);
	}
	if (c->c_nheld == CPU_MAXHELD)
		panic("lock %s: cpu %u holds %d locks already", l->sl_name, c->c_id, CPU_MAXHELD);
}

static void note_taken(struct spinlock *l, struct cpu *c)
{
	c->c_since[c->c_nheld] = (u32)x86_rdtsc();
	c->c_held[c->c_nheld++] = l;
}

static void note_released(struct spinlock *l, struct cpu *c, u32 where)
{
	int i = c->c_nheld - 1;

	while (i >= 0 && c->c_held[i] != l)
		i--;
	if (i < 0)
		panic("lock %s: released by cpu %u, which does not hold it", l->sl_name, c->c_id);
	hold_note(l->sl_rank, l->sl_name, c->c_since[i], where);
	c->c_nheld--;
	for (; i < c->c_nheld; i++) {
		c->c_held[i] = c->c_held[i + 1];
		c->c_since[i] = c->c_since[i + 1];
	}
}

bool spin_rank_held(enum lock_rank rank)
{
	const struct cpu *c = curcpu();

	/* The CPU that panics takes locks without a note. */
	for (int i = 0; i < c->c_nheld; i++) {
		if (c->c_held[i]->sl_rank == rank)
			return true;
	}
	return panic_active();
}

bool intr_off(void)
{
	return !x86_intr_enabled();
}

void assert_may_sleep(const char *what)
{
	struct cpu *c;

	if (panic_active())
		return;
	intr_push_off();
	c = curcpu();
	if (c->c_nheld > 0)
		panic("%s: may sleep, called with spinlock %s held", what, c->c_held[c->c_nheld - 1]->sl_name);
	if (c->c_in_intr)
		panic("%s: may sleep, called from an interrupt", what);
	if (c->c_intr_depth > 1 || !c->c_intr_was_on)
		panic("%s: may sleep, called with interrupts off", what);
	intr_pop_off();
}

#else

static void check_order(const struct spinlock *l, const struct cpu *c, bool nested)
{
}

static void note_taken(struct spinlock *l, struct cpu *c)
{
}

static void note_released(struct spinlock *l, struct cpu *c, u32 where)
{
}

void assert_may_sleep(const char *what)
{
}

#endif

static bool try_take(struct spinlock *l)
{
	return __atomic_exchange_n(&l->sl_held, 1, __ATOMIC_ACQUIRE) == 0;
}

static void lock_take(struct spinlock *l, bool nested)
{
	struct cpu *c;

	jitter();
	intr_push_off();
	c = curcpu();
	if (!panic_active())
		check_order(l, c, nested);
	while (!try_take(l)) {
		if (panic_mine())
			break;
		while (l->sl_held && !panic_mine())
			x86_pause();
	}
	l->sl_cpu = c;
	if (!panic_active())
		note_taken(l, c);
}

void spin_lock(struct spinlock *l)
{
	lock_take(l, false);
}

void spin_lock_nested(struct spinlock *l)
{
	lock_take(l, true);
}

bool spin_trylock(struct spinlock *l)
{
	struct cpu *c;

	intr_push_off();
	c = curcpu();
	if (!try_take(l) && !panic_mine()) {
		intr_pop_off();
		return false;
	}
	l->sl_cpu = c;
	if (!panic_active())
		note_taken(l, c);
	return true;
}

void spin_unlock(struct spinlock *l)
{
	struct cpu *c = curcpu();

	if (!panic_active())
		note_released(l, c, (u32)__builtin_return_address(0));
	l->sl_cpu = NULL;
	__atomic_store_n(&l->sl_held, 0, __ATOMIC_RELEASE);
	intr_pop_off();
	jitter();
}

bool spin_held(const struct spinlock *l)
{
	return l->sl_held && l->sl_cpu == curcpu();
}
