/* SPDX-License-Identifier: MIT */
/* The simulated machine; see sim.h. */
#include "sim.h"

#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/abi/errno.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/lock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/ratelimit.h"
#include "mm/as.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "proc/sched/mutex.h"
#include "proc/proc.h"
#include "proc/sched/sleep.h"

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

u32 sim_yield = 8, sim_fail_alloc;
bool sim_verbose;
char sim_log[1 << 16];
int sim_failures;

static u64 rng;
static u64 now_ns;
static struct list tasks;
static struct task *cur;
static void *main_sp;
static void *main_fake;
static const void *main_stack;
static size_t main_stack_size;
static struct proc the_proc;
static struct lwp main_lwp; /* code that runs outside of any task: start-up */

static struct spinlock *held[32];
static u32 nheld;

u32 sim_rnd(u32 n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (u32)((rng >> 11) % n);
}

/* --- Text --- */

void sim_log_clear(void)
{
	sim_log[0] = 0;
}

static void __printf(1, 0) log_text(const char *fmt, va_list ap)
{
	char line[512];
	size_t used = strlen(sim_log);

	vsnprintf(line, sizeof(line), fmt, ap);
	if (sim_verbose)
		fputs(line, stderr);
	if (used + strlen(line) + 1 < sizeof(sim_log))
		strcpy(sim_log + used, line);
}

int vsnprintf_visible(char *buf, size_t size, const char *fmt, va_list ap)
{
	return vsnprintf(buf, size, fmt, ap);
}

/* No limit here: this clock moves with its calls. */
void printk_limited(struct ratelimit *rl, const char *fmt, ...)
{
	va_list ap;

	(void)rl;
	va_start(ap, fmt);
	log_text(fmt, ap);
	va_end(ap);
}

void printk(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_text(fmt, ap);
	va_end(ap);
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fflush(stdout);
	fprintf(stderr, "%s\npanic in %s: ", sim_log, cur ? cur->t_name : "start-up");
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	abort();
}

bool sim_check(bool ok, const char *fmt, ...)
{
	va_list ap;

	if (ok)
		return true;
	if (++sim_failures > 40)
		exit(1);
	va_start(ap, fmt);
	printf("FAIL ");
	vprintf(fmt, ap);
	putchar('\n');
	va_end(ap);
	fflush(stdout);
	return false;
}

/* --- Spinlocks --- */

void spin_init(struct spinlock *l, const char *name, enum lock_rank rank)
{
	*l = (struct spinlock){ .sl_name = name, .sl_rank = (u16)rank };
}

static void acquire(struct spinlock *l, bool nested)
{
	if (l->sl_held)
		panic("spinlock %s taken twice", l->sl_name);
	if (!l->sl_name)
		panic("a spinlock that was never initialised");
	for (u32 i = 0; i < nheld; i++) {
		if (held[i]->sl_rank > l->sl_rank || (!nested && held[i]->sl_rank == l->sl_rank))
			panic("spinlock %s (rank %u) taken with %s (rank %u) held", l->sl_name,
			      l->sl_rank, held[i]->sl_name, held[i]->sl_rank);
	}
	l->sl_held = 1;
	held[nheld++] = l;
}

void spin_lock(struct spinlock *l)
{
	acquire(l, false);
}

void spin_lock_nested(struct spinlock *l)
{
	acquire(l, true);
}

bool spin_trylock(struct spinlock *l)
{
	if (l->sl_held)
		return false;
	l->sl_held = 1;
	held[nheld++] = l;
	return true;
}

static void release(struct spinlock *l)
{
	if (!l->sl_held)
		panic("spinlock %s is not held", l->sl_name);
	l->sl_held = 0;
	for (u32 i = 0; i < nheld; i++) {
		if (held[i] == l) {
			memmove(&held[i], &held[i + 1], (nheld - i - 1) * sizeof(held[0]));
			nheld--;
			return;
		}
	}
}

void spin_unlock(struct spinlock *l)
{
	release(l);
	if (nheld == 0 && cur && sim_yield && sim_rnd(sim_yield) == 0)
		sim_pause();
}

bool spin_held(const struct spinlock *l)
{
	return l->sl_held != 0;
}

void assert_may_sleep(const char *what)
{
	if (nheld > 0)
		panic("%s with spinlock %s held", what, held[nheld - 1]->sl_name);
}

/* --- Tasks --- */

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
	if (nheld > 0)
		panic("%s ended with spinlock %s held", cur->t_name, held[0]->sl_name);
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
		release(lk);
	t->t_chan = chan;
	t->t_deadline = deadline;
	t->t_result = 0;
	to_scheduler();
	if (lk)
		acquire(lk, false);
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

/* --- Mutexes --- */

void mutex_init(struct mutex *m, const char *name, enum lock_rank rank)
{
	*m = (struct mutex){ .m_name = name, .m_rank = (u16)rank };
}

static void mutex_note(struct mutex *m, bool nested)
{
	struct lwp *l = curlwp();

	for (u32 i = 0; i < l->l_nmutex; i++) {
		const struct mutex *h = l->l_mutexes[i];

		if (h->m_rank > m->m_rank || (!nested && h->m_rank == m->m_rank))
			panic("mutex %s (rank %u) taken with %s (rank %u) held", m->m_name,
			      m->m_rank, h->m_name, h->m_rank);
	}
	if (l->l_nmutex == ARRAY_SIZE(l->l_mutexes))
		panic("too many mutexes held");
	l->l_mutexes[l->l_nmutex++] = m;
}

static void lock_mutex(struct mutex *m, bool nested)
{
	assert_may_sleep("mutex_lock");
	if (m->m_owner == curlwp())
		panic("mutex %s taken twice", m->m_name);
	mutex_note(m, nested);
	while (m->m_owner)
		sleep(m, NULL, 0, 0);
	m->m_owner = curlwp();
	if (cur && sim_yield && sim_rnd(sim_yield) == 0)
		sim_pause();
}

void mutex_lock(struct mutex *m)
{
	lock_mutex(m, false);
}

void mutex_lock_nested(struct mutex *m)
{
	lock_mutex(m, true);
}

bool mutex_trylock(struct mutex *m)
{
	struct lwp *l = curlwp();

	if (m->m_owner)
		return false;
	m->m_owner = l;
	l->l_mutexes[l->l_nmutex++] = m;
	return true;
}

void mutex_unlock(struct mutex *m)
{
	struct lwp *l = curlwp();

	if (m->m_owner != l)
		panic("mutex %s is not ours", m->m_name);
	for (u32 i = 0; i < l->l_nmutex; i++) {
		if (l->l_mutexes[i] == m) {
			memmove(&l->l_mutexes[i], &l->l_mutexes[i + 1],
				(l->l_nmutex - i - 1) * sizeof(l->l_mutexes[0]));
			l->l_nmutex--;
			break;
		}
	}
	m->m_owner = NULL;
	wakeup(m);
}

bool mutex_held(const struct mutex *m)
{
	return m->m_owner == curlwp();
}

int sleep_mutex(const void *chan, struct mutex *m, u32 flags, u64 deadline)
{
	int result;

	mutex_unlock(m);
	result = sleep(chan, NULL, flags, deadline);
	mutex_lock_nested(m);
	return result;
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

/* --- Frames --- */

struct page *pages;
u32 npages;
static u8 *ram;
static struct list free_frames;
static u32 nfree;
static struct list reclaimers;
static bool reclaiming;

void *page_kva(const struct page *pg)
{
	return ram + ((size_t)(pg - pages) << PAGE_SHIFT);
}

struct page *kva_page(const void *kva)
{
	return &pages[(size_t)((const u8 *)kva - ram) >> PAGE_SHIFT];
}

static void frames_init(u32 n)
{
	if (ram) {
		ASAN_UNPOISON_MEMORY_REGION(ram, (size_t)npages << PAGE_SHIFT);
		free(ram);
		free(pages);
	}
	npages = n;
	ram = aligned_alloc(PAGE_SIZE, (size_t)n << PAGE_SHIFT);
	pages = calloc(n, sizeof(*pages));
	list_init(&free_frames);
	list_init(&reclaimers);
	nfree = 0;
	for (u32 i = 1; i < n; i++) {
		list_push_back(&free_frames, &pages[i].pg_link);
		nfree++;
	}
	ASAN_POISON_MEMORY_REGION(ram, (size_t)n << PAGE_SHIFT);
}

static void reclaim(void)
{
	struct reclaimer *rc;

	/* One at a time: others wait for what it finds. */
	for (u32 i = 0; i < 1000 && reclaiming && cur && list_empty(&free_frames); i++)
		sim_pause();
	if (reclaiming || !list_empty(&free_frames))
		return;
	reclaiming = true;
	list_for_each(rc, &reclaimers, rc_link) {
		if (nfree < 32)
			rc->rc_fn(32);
	}
	reclaiming = false;
}

struct page *page_alloc(u32 flags)
{
	struct page *pg;

	if (!(flags & PGA_NOWAIT)) {
		assert_may_sleep("page_alloc");
		for (u32 i = 0; i < 8 && list_empty(&free_frames); i++)
			reclaim();
	}
	if (list_empty(&free_frames))
		return NULL;
	if (sim_fail_alloc && sim_rnd(sim_fail_alloc) == 0 && (!(flags & PGA_RESERVE) || sim_rnd(8) == 0))
		return NULL;
	pg = list_first(&free_frames, struct page, pg_link);
	list_remove(&pg->pg_link);
	nfree--;
	*pg = (struct page){ .pg_ref = 1 };
	list_init(&pg->pg_link);
	ASAN_UNPOISON_MEMORY_REGION(page_kva(pg), PAGE_SIZE);
	memset(page_kva(pg), flags & PGA_ZERO ? 0 : 0x5a, PAGE_SIZE);
	return pg;
}

void page_get(struct page *pg)
{
	if (pg->pg_ref == 0)
		panic("page_get of a free frame");
	pg->pg_ref++;
}

void page_put(struct page *pg)
{
	if (pg->pg_ref == 0)
		panic("page_put of a free frame");
	if (--pg->pg_ref > 0)
		return;
	if (pg->pg_vnode || (pg->pg_flags & (PG_LOCKED | PG_WRITEBACK)) || !list_empty(&pg->pg_link))
		panic("a frame in use is freed: flags %x", pg->pg_flags);
	ASAN_POISON_MEMORY_REGION(page_kva(pg), PAGE_SIZE);
	if (sim_rnd(2))
		list_push_back(&free_frames, &pg->pg_link);
	else
		list_push_front(&free_frames, &pg->pg_link);
	nfree++;
}

void page_stats(struct page_stats *st)
{
	*st = (struct page_stats){ .ps_total = npages, .ps_free = nfree };
}

void reclaimer_register(struct reclaimer *rc)
{
	list_push_back(&reclaimers, &rc->rc_link);
}

u32 sim_frames_used(void)
{
	return npages - 1 - nfree;
}

/* --- Kernel objects --- */

struct kmem_cache {
	const char *kc_name;
	size_t kc_size;
	u32 kc_live;
	struct kmem_cache *kc_next;
};

struct kobj {
	struct kmem_cache *ko_cache;
	u64 ko_pad;
};

static struct kmem_cache *all_caches;
static struct kmem_cache odd_sizes = { .kc_name = "kmalloc" };

struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align)
{
	struct kmem_cache *kc;

	for (kc = all_caches; kc; kc = kc->kc_next) {
		if (strcmp(kc->kc_name, name) == 0)
			return kc;
	}
	kc = calloc(1, sizeof(*kc));
	kc->kc_name = name;
	kc->kc_size = size;
	kc->kc_next = all_caches;
	all_caches = kc;
	return kc;
}

static void *obj_alloc(struct kmem_cache *kc, size_t size, u32 flags)
{
	struct kobj *ko;

	if (!(flags & KM_NOWAIT))
		assert_may_sleep("kmalloc");
	if (sim_fail_alloc && sim_rnd(sim_fail_alloc) == 0)
		return NULL;
	ko = malloc(sizeof(*ko) + size);
	memset(ko + 1, flags & KM_ZERO ? 0 : 0x6b, size);
	ko->ko_cache = kc;
	kc->kc_live++;
	return ko + 1;
}

static void obj_free(void *obj)
{
	struct kobj *ko;

	if (!obj)
		return;
	ko = (struct kobj *)obj - 1;
	ko->ko_cache->kc_live--;
	free(ko);
}

void *kmem_alloc(struct kmem_cache *kc, u32 flags)
{
	return obj_alloc(kc, kc->kc_size, flags);
}

void kmem_free(struct kmem_cache *kc, void *obj)
{
	obj_free(obj);
}

void *kmalloc(size_t size, u32 flags)
{
	return obj_alloc(&odd_sizes, size, flags);
}

void *kzalloc(size_t size, u32 flags)
{
	return obj_alloc(&odd_sizes, size, flags | KM_ZERO);
}

void kfree(void *obj)
{
	obj_free(obj);
}

char *kstrdup(const char *s, u32 flags)
{
	char *copy = kmalloc(strlen(s) + 1, flags);

	return copy ? strcpy(copy, s) : NULL;
}

u32 sim_objects_live(void)
{
	u32 n = odd_sizes.kc_live;

	for (struct kmem_cache *kc = all_caches; kc; kc = kc->kc_next)
		n += kc->kc_live;
	return n;
}

void sim_print_live(void)
{
	printf("frames %u, kmalloc %u", sim_frames_used(), odd_sizes.kc_live);
	for (struct kmem_cache *kc = all_caches; kc; kc = kc->kc_next)
		printf(", %s %u", kc->kc_name, kc->kc_live);
	putchar('\n');
}

/* --- The rest of the kernel, as far as file code meets it --- */

static struct cred root_cred = { .cr_ref = 1 };
struct proc proc0 = { .p_cred = &root_cred };

__attribute__((weak)) struct cred *cred_cur(void)
{
	return the_proc.p_cred;
}

int copyin(void *dst, uaddr_t src, size_t len)
{
	return -EFAULT;
}

int copyout(uaddr_t dst, const void *src, size_t len)
{
	return -EFAULT;
}

int user_zero(uaddr_t dst, size_t len)
{
	return -EFAULT;
}

size_t copyin_nofault(void *dst, uaddr_t src, size_t len)
{
	return len;
}

size_t copyout_nofault(uaddr_t dst, const void *src, size_t len)
{
	return len;
}

ssize_t copyinstr(char *dst, uaddr_t src, size_t size)
{
	return -EFAULT;
}

int user_load32(uaddr_t addr, u32 *val)
{
	return -EFAULT;
}

int user_cmpxchg32(uaddr_t addr, u32 old, u32 new, u32 *seen)
{
	return -EFAULT;
}

void seg_vnode_unmap(struct vnode *vp, u32 from_index)
{
}

u32 seg_vnode_age(struct vnode *vp)
{
	return 0;
}

void seg_vnode_harvest(struct vnode *vp, u32 from, u32 to)
{
}

void vsegs_init(struct vsegs *vs)
{
	tree_init(&vs->vs_tree, NULL);
}

void vnode_mm_register(const struct vnode_mm_ops *ops)
{
}

void sim_init(u32 seed, u32 nframes)
{
	if (!all_caches)
		list_init(&tasks);
	while (!list_empty(&tasks))
		task_free(list_first(&tasks, struct task, t_link));
	rng = 0x9e3779b97f4a7c15ull ^ ((u64)seed << 20) ^ seed;
	for (u32 i = 0; i < 16; i++)
		sim_rnd(2);
	now_ns = 1000000000;
	nheld = 0;
	the_proc = (struct proc){ .p_cred = &root_cred };
	spin_init(&the_proc.p_lock, "proc", LR_PROC);
	main_lwp.l_proc = &the_proc;
	frames_init(nframes);
	sim_log_clear();
}
