/* SPDX-License-Identifier: MIT */
/*
 * The mistakes on request. Each is a mistake that kernel code really makes; the
 * debug checks must name it.
 */
#include "kernel/canary.h"

#ifdef DEBUG

#include "fs/pagecache.h"
#include "fs/vnode.h"
#include "kernel/cmdline.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/inject.h"
#include "kernel/lib/lock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/lib/x86.h"
#include "mm/as.h"
#include "mm/kmalloc.h"
#include "mm/page.h"
#include "proc/proctab.h"
#include "proc/reveal.h"
#include "proc/sched/lwp.h"
#include "proc/sched/mutex.h"
#include "proc/proc.h"
#include "proc/sched/sleep.h"
#include "proc/signal.h"

#define CANARY_TICK (20 * NSEC_PER_MSEC)
#define DEEP 100000 /* more frames than any kernel stack holds */

/* The compiler must not leave out these writes. */
static volatile u32 canary_sink;
static const char canary_chan; /* no code wakes it */

static void doze(void)
{
	sleep(&canary_chan, NULL, 0, clock_mono_ns() + CANARY_TICK);
}

static bool process_exists(const char *name)
{
	struct proc *p;
	bool found = false;

	spin_lock(&pidlock);
	list_for_each(p, &allproc, p_all) {
		if (p->p_stat == PS_ACTIVE && strcmp(p->p_comm, name) == 0)
			found = true;
	}
	spin_unlock(&pidlock);
	return found;
}

static void do_panic(void)
{
	panic("canary: expected %d, found %d", 1, 2);
}

static void do_verify(void)
{
	VERIFY(canary_sink == 0xdead);
}

static void do_null(void)
{
	*(volatile u32 *)(canary_sink & 0xff0) = 1;
}

static void do_hang(void)
{
	spin_lock(&pidlock);
	for (;;)
		x86_pause();
}

static void do_selflock(void)
{
	static struct spinlock lock = SPINLOCK_INIT("canary", LR_PROC);

	spin_lock(&lock);
	spin_lock(&lock);
}

/* The next fork or fault of process 1 waits forever, with all CPUs idle. */
static void do_stuck(void)
{
	rw_write_lock(&initproc->p_as->a_lock);
}

static void do_triplefault(void)
{
	struct {
		u16 limit;
		u32 base;
	} __packed none = { 0, 0 };

	x86_cli();
	__asm__ volatile("lidt %0; int3" : : "m"(none));
}

static void do_leak(void)
{
	u32 *p;

	for (;;) {
		p = kmalloc(100, 0);
		if (p)
			*p = canary_sink;
		doze();
	}
}

static void do_pageleak(void)
{
	struct page *pg;

	for (;;) {
		pg = page_alloc(0);
		if (pg)
			canary_sink = page_pfn(pg);
		doze();
	}
}

static void leak_once(void)
{
	u32 *p = kmalloc(100, KM_NOWAIT);

	if (p)
		*p = canary_sink;
}

/* Each fault on request leaks something. */
static void do_faultleak(void)
{
	inject_witness = leak_once;
}

static void do_useafterfree(void)
{
	u32 *p = kmalloc(200, 0);

	if (!p)
		return;
	kfree(p);
	p[20] = 1;
	for (int i = 0; i < 1000; i++)
		canary_sink = (u32)kmalloc(200, 0);
}

static void do_doublefree(void)
{
	u32 *p = kmalloc(200, 0);

	kfree(p);
	kfree(p);
}

static void do_lockorder(void)
{
	static struct spinlock inner = SPINLOCK_INIT("canary inner", LR_LOG - 1);

	spin_lock(&inner);
	spin_lock(&pidlock);
	spin_unlock(&pidlock);
	spin_unlock(&inner);
}

static void do_sleepspin(void)
{
	static struct spinlock lock = SPINLOCK_INIT("canary", LR_PROC);

	spin_lock(&lock);
	doze();
	spin_unlock(&lock);
}

/* Sleeps with interrupts off, if memory is short. */
static void do_sleepintr(void)
{
	intr_push_off();
	canary_sink = (u32)page_alloc_order(0, 0);
	intr_pop_off();
}

/* ---- what a header states, not kept ---- */

static void do_spinheld(void)
{
	canary_sink = proctab_user_count(0);
}

static void do_rankheld(void)
{
	sigqueue_drop(&initproc->p_sigq, 0);
}

static void do_mutexheld(void)
{
	(void)pc_zero_tail(initproc->p_exe);
}

static void do_readheld(void)
{
	canary_sink = (u32)as_findseg(initproc->p_as, 0);
}

/* Held for reading, where it must be for writing. */
static void do_writeheld(void)
{
	rw_read_lock(&initproc->p_as->a_lock);
	as_coalesce(initproc->p_as, 0, 0);
	rw_read_unlock(&initproc->p_as->a_lock);
}

/* Others have references on the file. */
static void do_solereference(void)
{
	pc_truncate(initproc->p_exe, 0);
}

static void do_introff(void)
{
	clock_arm(clock_mono_ns() + CANARY_TICK);
}

static void do_held(void)
{
	proc_release(initproc);
}

static void do_hidden(void)
{
	struct revealed rv = { .rv_proc = initproc, .rv_parent = REVEAL_ROOT };
	struct reveal rl = { .rl_set = &rv, .rl_n = 1, .rl_parent = initproc };

	reveal_commit(&rl);
}

static u32 __attribute__((noinline)) recurse(u32 n)
{
	volatile u32 frame[16];

	frame[n % 16] = n;
	return n ? recurse(n - 1) + frame[n % 16] : 0;
}

static void do_stack(void)
{
	canary_sink = recurse(DEEP);
}

static void do_ubsan(void)
{
	s32 big = 0x7fffffff;

	canary_sink = (u32)(big + (s32)(canary_sink | 1));
}

static void do_message(void)
{
	printk("BUG: canary\n");
}

static const struct {
	const char *name;
	void (*act)(void);
} kinds[] = {
	{ "panic", do_panic },
	{ "verify", do_verify },
	{ "null", do_null },
	{ "hang", do_hang },
	{ "selflock", do_selflock },
	{ "stuck", do_stuck },
	{ "triplefault", do_triplefault },
	{ "leak", do_leak },
	{ "pageleak", do_pageleak },
	{ "faultleak", do_faultleak },
	{ "useafterfree", do_useafterfree },
	{ "doublefree", do_doublefree },
	{ "lockorder", do_lockorder },
	{ "sleepspin", do_sleepspin },
	{ "sleepintr", do_sleepintr },
	{ "spinheld", do_spinheld },
	{ "rankheld", do_rankheld },
	{ "mutexheld", do_mutexheld },
	{ "readheld", do_readheld },
	{ "writeheld", do_writeheld },
	{ "solereference", do_solereference },
	{ "introff", do_introff },
	{ "held", do_held },
	{ "hidden", do_hidden },
	{ "stack", do_stack },
	{ "ubsan", do_ubsan },
	{ "message", do_message },
};

static void canary_thread(void *arg)
{
	void (*act)(void) = arg;

	while (!process_exists("canary"))
		doze();
	act();
	for (;;)
		doze();
}

void canary_start(void)
{
	const char *kind = cmdline_get("canary");

	assert_may_sleep("canary_start");
	if (!kind)
		return;
	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(kind, kinds[i].name) == 0) {
			kthread_create("canary", canary_thread, (void *)kinds[i].act, PRI_KERNEL);
			return;
		}
	}
	printk("canary: no such kind: %s\n", kind);
}

#endif
