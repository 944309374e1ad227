/* SPDX-License-Identifier: MIT */
/* Tasks of the simulated machine: lwps as coroutines, sleep and wakeup, the clock. */
#include <sanitizer/common_interface_defs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/abi/errno.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/panic.h"
#include "proc/proc.h"
#include "proc/sched/sleep.h"
#include "sim_impl.h"

#define STACK_BYTES (256u << 10)

struct task {
	struct list t_link; /* all tasks */
	struct lwp t_lwp;
	const char *t_name;
	void (*t_fn)(void *arg);
	void *t_arg;
	bool t_daemon, t_done;
	const void *t_chan; /* sleeping on, NULL: runnable */
	u64 t_deadline;
	int t_result;
	void *t_sp; /* while it does not run */
	void *t_stack;
	void *t_fake; /* ASan's */
};

u32 sim_yield = 8;

static u64 rng;
static u64 now_ns;
static struct list tasks;
static bool started;
static struct task *cur;
static void *main_sp;
static void *main_fake;
static const void *main_stack;
static size_t main_stack_size;
static struct cred root_cred = { .cr_ref = 1 };
static struct proc the_proc;
static struct lwp main_lwp; /* code that runs outside of any task: start-up */

u32 sim_rnd(u32 n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (u32)((rng >> 11) % n);
}

/* --- Tasks --- */

const char *sim_task_name(void)
{
	return cur ? cur->t_name : NULL;
}

struct lwp *curlwp(void)
{
	return cur ? &cur->t_lwp : &main_lwp;
}

/*
 * Leaves this stack and goes on on another. (x86-64, as the rest of the project's hosts: ucontext would do, but for ASan's warnings and two system
 * calls a switch.)
 */
void sim_switch(void **save, void *load);
__asm__(".text\n"
	"sim_switch:\n"
	"	push %rbp\n	push %rbx\n	push %r12\n	push %r13\n	push %r14\n	push %r15\n"
	"	mov %rsp, (%rdi)\n"
	"	mov %rsi, %rsp\n"
	"	pop %r15\n	pop %r14\n	pop %r13\n	pop %r12\n	pop %rbx\n	pop %rbp\n"
	"	ret\n");

static void task_main(void)
{
	__sanitizer_finish_switch_fiber(NULL, &main_stack, &main_stack_size);
	cur->t_fn(cur->t_arg);
	if (sim_spin_held())
		panic("%s ended with spinlock %s held", cur->t_name, sim_spin_held());
	if (cur->t_lwp.l_nmutex > 0)
		panic("%s ended with a mutex held", cur->t_name);
	cur->t_done = true;
	__sanitizer_start_switch_fiber(NULL, main_stack, main_stack_size);
	sim_switch(&cur->t_sp, main_sp);
	abort();
}

static __attribute__((noinline)) void to_scheduler(void)
{
	struct task *t = cur;

	assert_may_sleep("a switch");
	__sanitizer_start_switch_fiber(&t->t_fake, main_stack, main_stack_size);
	sim_switch(&t->t_sp, main_sp);
	__sanitizer_finish_switch_fiber(t->t_fake, &main_stack, &main_stack_size);
}

static void to_task(struct task *t)
{
	cur = t;
	__sanitizer_start_switch_fiber(&main_fake, t->t_stack, STACK_BYTES);
	sim_switch(&main_sp, t->t_sp);
	__sanitizer_finish_switch_fiber(main_fake, NULL, NULL);
	cur = NULL;
}

static struct task *spawn(const char *name, void (*fn)(void *arg), void *arg, bool daemon)
{
	struct task *t = calloc(1, sizeof(*t));
	u64 *sp;

	t->t_name = name;
	t->t_fn = fn;
	t->t_arg = arg;
	t->t_daemon = daemon;
	t->t_lwp.l_proc = &the_proc;
	t->t_stack = malloc(STACK_BYTES);
	/* As if sim_switch() had left it: six registers, then where to go on; the stack as at a function's entry. */
	sp = (u64 *)((u8 *)t->t_stack + STACK_BYTES - 64);
	*--sp = 0;
	*--sp = (u64)(uintptr_t)task_main;
	t->t_sp = memset(sp - 6, 0, 6 * sizeof(*sp));
	list_push_back(&tasks, &t->t_link);
	return t;
}

void sim_spawn(const char *name, void (*fn)(void *arg), void *arg)
{
	spawn(name, fn, arg, false);
}

struct lwp *kthread_create(const char *name, void (*fn)(void *arg), void *arg, int pri)
{
	return &spawn(name, fn, arg, true)->t_lwp;
}

void sim_pause(void)
{
	to_scheduler();
}

void sched_yield_cpu(void)
{
	to_scheduler();
}

static void task_free(struct task *t)
{
	list_remove(&t->t_link);
	free(t->t_stack);
	free(t);
}

__attribute__((weak)) bool simdisk_step(void)
{
	return false;
}

__attribute__((weak)) bool simdisk_busy(void)
{
	return false;
}

/* Some runnable task, NULL if there is none. */
static struct task *pick(void)
{
	struct task *t, *found = NULL;
	u32 n = 0;

	list_for_each(t, &tasks, t_link) {
		if (!t->t_chan && sim_rnd(++n) == 0)
			found = t;
	}
	return found;
}

/* Nobody can run: the next deadline comes. */
static bool advance_clock(void)
{
	struct task *t, *next = NULL;

	list_for_each(t, &tasks, t_link) {
		if (t->t_deadline && (!next || t->t_deadline < next->t_deadline))
			next = t;
	}
	if (!next)
		return false;
	if (next->t_deadline > now_ns)
		now_ns = next->t_deadline;
	next->t_chan = NULL;
	next->t_deadline = 0;
	next->t_result = -ETIMEDOUT;
	return true;
}

static void deadlock(void)
{
	struct task *t;

	fflush(stdout);
	list_for_each(t, &tasks, t_link)
		fprintf(stderr, "%s sleeps on %p\n", t->t_name, t->t_chan);
	panic("nobody can run");
}

static bool anybody_left(void)
{
	struct task *t;

	list_for_each(t, &tasks, t_link) {
		if (!t->t_daemon)
			return true;
	}
	return false;
}

void sim_run(void)
{
	while (anybody_left()) {
		struct task *t = pick();

		now_ns += 1000;
		if (simdisk_busy() && (!t || sim_rnd(4) == 0)) {
			simdisk_step();
			continue;
		}
		if (!t) {
			if (!advance_clock())
				deadlock();
			continue;
		}
		to_task(t);
		if (t->t_done)
			task_free(t);
	}
}

void sim_call(void (*fn)(void *arg), void *arg)
{
	sim_spawn("call", fn, arg);
	sim_run();
}

/* --- Sleep and wakeup --- */

int sleep(const void *chan, struct spinlock *lk, u32 flags, u64 deadline)
{
	struct task *t = cur;

	if (!t)
		panic("sleep outside of a task");
	if (lk)
		sim_spin_release(lk);
	t->t_chan = chan;
	t->t_deadline = deadline;
	t->t_result = 0;
	to_scheduler();
	if (lk)
		spin_lock(lk);
	return t->t_result;
}

void wakeup(const void *chan)
{
	struct task *t;

	list_for_each(t, &tasks, t_link) {
		if (t->t_chan == chan) {
			t->t_chan = NULL;
			t->t_deadline = 0;
		}
	}
}

void wakeup_one(const void *chan)
{
	struct task *t;

	list_for_each(t, &tasks, t_link) {
		if (t->t_chan == chan) {
			t->t_chan = NULL;
			t->t_deadline = 0;
			return;
		}
	}
}

/* --- The clock --- */

u64 clock_mono_ns(void)
{
	return now_ns += 10;
}

u64 clock_real_ns(void)
{
	return 1700000000ull * NSEC_PER_SEC + clock_mono_ns();
}

/* --- Who calls --- */

struct proc proc0 = { .p_cred = &root_cred };

__attribute__((weak)) struct cred *cred_cur(void)
{
	return the_proc.p_cred;
}

void sim_init(u32 seed, u32 nframes)
{
	if (!started)
		list_init(&tasks);
	started = true;
	while (!list_empty(&tasks))
		task_free(list_first(&tasks, struct task, t_link));
	rng = 0x9e3779b97f4a7c15ull ^ ((u64)seed << 20) ^ seed;
	for (u32 i = 0; i < 16; i++)
		sim_rnd(2);
	now_ns = 1000000000;
	sim_locks_init();
	the_proc = (struct proc){ .p_cred = &root_cred };
	spin_init(&the_proc.p_lock, "proc", LR_PROC);
	main_lwp.l_proc = &the_proc;
	sim_frames_init(nframes);
	sim_log_clear();
}
