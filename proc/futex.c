/* SPDX-License-Identifier: MIT */
/*
 * futex(2) without the priority-inheriting operations. Robust lists are
 * proc/robust.c.
 */
#include "proc/futex.h"

#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "kernel/lib/panic.h"
#include "mm/as.h"
#include "mm/usercopy.h"
#include "proc/abi_time.h"
#include "proc/sched/lwp_impl.h"
#include "proc/restart.h"
#include "proc/sched/sleep.h"
#include "proc/syscalls.h"

#define NBUCKET_LOG 10
#define NBUCKET (1u << NBUCKET_LOG)
#define BATCH 8u /* waiters looked at while a bucket is locked */
#define SYS_futex_nr 240
#define SYS_futex_time64_nr 422

#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define FUTEX_REQUEUE 3
#define FUTEX_CMP_REQUEUE 4
#define FUTEX_WAKE_OP 5
#define FUTEX_LOCK_PI 6
#define FUTEX_WAIT_BITSET 9
#define FUTEX_WAKE_BITSET 10
#define FUTEX_WAIT_REQUEUE_PI 11
#define FUTEX_LOCK_PI2 13
#define FUTEX_PRIVATE_FLAG 128
#define FUTEX_CLOCK_REALTIME 256
#define FUTEX_ANY (~0u)

/*
 * A bucket holds waiters of many words. They are in order of their words, and
 * those of one word in the order in which they came: other words' waiters, of
 * which a user chooses the number, are not looked at.
 */
struct futex_bucket {
	struct spinlock fb_lock;
	struct tree fb_lwps; /* l_futexnode, by l_futexkey and l_futexseq */
	u64 fb_seq;	     /* counts the waiters that came: l_futexseq */
};

struct key {
	u64 k[2];
};

/* The waiters of a word from number fw_from on that came before fw_end. */
struct futex_walk {
	struct key fw_key;
	u64 fw_from, fw_end;
};

static struct futex_bucket buckets[NBUCKET];

static long futex_wait_restart(struct restart_block *rb);

/* Compares a waiter's word and number with these: less, equal or more than 0. */
static int compare_waiter(const struct lwp *l, const u64 key[2], u64 seq)
{
	for (u32 i = 0; i < 2; i++) {
		if (l->l_futexkey[i] != key[i])
			return l->l_futexkey[i] < key[i] ? -1 : 1;
	}
	return l->l_futexseq < seq ? -1 : l->l_futexseq > seq;
}

static bool waiter_before(const struct tree_node *a, const struct tree_node *b)
{
	const struct lwp *second = tree_entry(b, struct lwp, l_futexnode);

	return compare_waiter(tree_entry(a, struct lwp, l_futexnode), second->l_futexkey, second->l_futexseq) < 0;
}

static const struct tree_ops waiter_order = { .before = waiter_before };

void futex_init(void)
{
	restart_register(SYS_futex_nr, futex_wait_restart);
	restart_register(SYS_futex_time64_nr, futex_wait_restart);
	for (u32 i = 0; i < NBUCKET; i++) {
		spin_init(&buckets[i].fb_lock, "futex", LR_FUTEX);
		tree_init(&buckets[i].fb_lwps, &waiter_order);
	}
}

static struct futex_bucket *futex_bucket_of(const struct key *key)
{
	u32 h = (u32)(key->k[0] * 31 + key->k[1] / 4) * 0x9e3779b1u;

	return &buckets[h >> (32 - NBUCKET_LOG)];
}

/*
 * How an operation accesses the word: a word that it cannot reach is not a
 * futex.
 */
enum access { ACC_READ, ACC_WRITE };

/*
 * Key of a word that several processes may share; its page must exist.
 * Locks: a_lock for reading.
 */
static int shared_key(struct as *as, uaddr_t addr, enum access acc, struct key *key)
{
	struct seg *s = as_findseg(as, addr);

	ASSERT(rw_any_held(&as->a_lock));
	if (!s || !(s->s_prot & PROT_READ))
		return -EFAULT;
	/* No process can change a private read-only word. */
	if (!(s->s_prot & PROT_WRITE) && (acc == ACC_WRITE || !(s->s_flags & SEG_SHARED)))
		return -EFAULT;
	if (s->s_flags & SEG_SHARED) {
		key->k[0] = (u32)s->s_vp;
		key->k[1] = s->s_off + (addr - s->s_base);
	}
	return 0;
}

/*
 * Finds the key of a word.
 * Errors: -EFAULT, -EINVAL (not aligned).
 */
static int key_of(uaddr_t addr, bool private, enum access acc, struct key *key)
{
	struct as *as = curproc()->p_as;
	int error;
	u32 val;

	if (addr & 3)
		return -EINVAL;
	if (!user_range_ok(addr, 4))
		return -EFAULT;
	key->k[0] = (u32)as;
	key->k[1] = addr;
	if (private)
		return 0;
	error = user_load32(addr, &val);
	if (error)
		return error;
	rw_read_lock(&as->a_lock);
	error = shared_key(as, addr, acc, key);
	rw_read_unlock(&as->a_lock);
	return error;
}

static bool walk_reached(const struct tree_node *n, const void *walk)
{
	const struct futex_walk *w = walk;

	return compare_waiter(tree_entry(n, struct lwp, l_futexnode), w->fw_key.k, w->fw_from) >= 0;
}

/*
 * Returns: the next waiter of the walk; NULL: there is none.
 * Locks: the bucket's.
 */
static struct lwp *walk_step(struct futex_bucket *b, struct futex_walk *w)
{
	struct lwp *l = tree_entry(tree_seek(&b->fb_lwps, walk_reached, w), struct lwp, l_futexnode);

	if (!l || compare_waiter(l, w->fw_key.k, w->fw_end) >= 0) {
		w->fw_from = w->fw_end;
		return NULL;
	}
	w->fw_from = l->l_futexseq + 1;
	return l;
}

/* Are there more waiters, and is one of the n still to be found? */
static bool walk_goes_on(const struct futex_walk *w, u32 done, u32 n)
{
	return done < n && w->fw_from < w->fw_end;
}

/*
 * Takes l off its bucket; it sleeps on its own l_futexwoken.
 * Locks: the bucket's.
 */
static void wake_waiter(struct futex_bucket *b, struct lwp *l)
{
	tree_remove(&b->fb_lwps, &l->l_futexnode);
	l->l_futexwoken = true;
	wakeup((const void *)&l->l_futexwoken);
}

/*
 * Wakes up to n of the next waiters.
 * Locks: the bucket's.
 */
static u32 wake_walked(struct futex_bucket *b, struct futex_walk *w, u32 n, u32 bits)
{
	struct lwp *l;
	u32 woken = 0;

	for (u32 i = 0; i < BATCH && woken < n; i++) {
		l = walk_step(b, w);
		if (!l)
			break;
		if (l->l_futexbits & bits) {
			wake_waiter(b, l);
			woken++;
		}
	}
	return woken;
}

/*
 * Wakes up to n waiters in batches, with interrupts possible in between. A
 * waiter that waits again meanwhile is not woken twice.
 */
static u32 wake_all(const struct key *key, u32 n, u32 bits)
{
	struct futex_bucket *b = futex_bucket_of(key);
	struct futex_walk w = { .fw_key = *key };
	u32 woken;

	spin_lock(&b->fb_lock);
	w.fw_end = b->fb_seq;
	woken = wake_walked(b, &w, n, bits);
	while (walk_goes_on(&w, woken, n)) {
		spin_unlock(&b->fb_lock);
		spin_lock(&b->fb_lock);
		woken += wake_walked(b, &w, n - woken, bits);
	}
	spin_unlock(&b->fb_lock);
	return woken;
}

/* The count of FUTEX_WAKE: Linux wakes one waiter before it counts. */
static u32 wake_count(u32 n)
{
	return (s32)n < 1 ? 1 : n;
}

static long futex_wake(uaddr_t addr, bool private, u32 n, u32 bits)
{
	struct key key;
	int error;

	if (!bits)
		return -EINVAL;
	error = key_of(addr, private, ACC_READ, &key);
	return error ? error : (long)wake_all(&key, wake_count(n), bits);
}

int futex_wake_user(uaddr_t addr, u32 n, bool shared)
{
	return (int)futex_wake(addr, !shared, n, FUTEX_ANY);
}

/*
 * Locks the bucket and reads the word into *val: no wake can come in between.
 */
static int lock_and_load(struct futex_bucket *b, uaddr_t addr, u32 *val)
{
	for (;;) {
		int error;

		spin_lock(&b->fb_lock);
		if (user_load32_nofault(addr, val) == 0)
			return 0;
		spin_unlock(&b->fb_lock);
		error = user_load32(addr, val);
		if (error)
			return error;
	}
}

/*
 * Takes l off the bucket that it is on now (a requeue may have moved it).
 * Returns: whether it had been woken.
 */
static bool leave_bucket(struct lwp *l)
{
	for (;;) {
		struct futex_bucket *b = l->l_futexbucket;
		bool woken;

		spin_lock(&b->fb_lock);
		if (b != l->l_futexbucket) {
			spin_unlock(&b->fb_lock);
			continue;
		}
		woken = l->l_futexwoken;
		if (!woken)
			tree_remove(&b->fb_lwps, &l->l_futexnode);
		spin_unlock(&b->fb_lock);
		return woken;
	}
}

/* Locks: the bucket's, and that of the bucket that l was on. */
static void enqueue(struct futex_bucket *b, const struct key *key, struct lwp *l)
{
	l->l_futexkey[0] = key->k[0];
	l->l_futexkey[1] = key->k[1];
	l->l_futexseq = b->fb_seq++;
	l->l_futexbucket = b;
	tree_insert(&b->fb_lwps, &l->l_futexnode);
}

static long futex_wait(uaddr_t addr, bool private, u32 val, u32 bits, u64 deadline)
{
	struct lwp *l = curlwp();
	struct key key;
	struct futex_bucket *b;
	u32 now;
	int error;

	if (!bits)
		return -EINVAL;
	error = key_of(addr, private, ACC_READ, &key);
	if (error)
		return error;
	b = futex_bucket_of(&key);
	error = lock_and_load(b, addr, &now);
	if (error)
		return error;
	if (now != val) {
		spin_unlock(&b->fb_lock);
		return -EAGAIN;
	}
	l->l_futexbits = bits;
	l->l_futexwoken = false;
	enqueue(b, &key, l);
	while (!l->l_futexwoken && !error)
		error = sleep((const void *)&l->l_futexwoken, &b->fb_lock, SLP_INTR, deadline);
	spin_unlock(&b->fb_lock);
	return leave_bucket(l) ? 0 : error;
}

/* rb_arg: address, value, bits, private. */
static long futex_wait_restart(struct restart_block *rb)
{
	long ret = futex_wait(rb->rb_arg[0], rb->rb_arg[3], rb->rb_arg[1], rb->rb_arg[2], rb->rb_deadline);

	return ret == -ERESTARTSYS ? -ERESTART_RESTARTBLOCK : ret;
}

/* Two buckets are locked in order of address. */
static void lock_two(struct futex_bucket *a, struct futex_bucket *b)
{
	if (a > b) {
		struct futex_bucket *t = a;

		a = b;
		b = t;
	}
	spin_lock(&a->fb_lock);
	if (a != b)
		spin_lock_nested(&b->fb_lock);
}

static void unlock_two(struct futex_bucket *a, struct futex_bucket *b)
{
	spin_unlock(&a->fb_lock);
	if (a != b)
		spin_unlock(&b->fb_lock);
}

/*
 * Locks both buckets; with `cmp` only if the word has the expected value.
 * Errors: -EAGAIN: it has another value.
 */
static int lock_two_if(struct futex_bucket *b, struct futex_bucket *b2, uaddr_t addr, bool cmp, u32 expect)
{
	u32 now;
	int error;

	for (;;) {
		lock_two(b, b2);
		if (!cmp)
			return 0;
		if (user_load32_nofault(addr, &now) == 0)
			break;
		unlock_two(b, b2);
		error = user_load32(addr, &now);
		if (error)
			return error;
	}
	if (now == expect)
		return 0;
	unlock_two(b, b2);
	return -EAGAIN;
}

/*
 * Moves up to n of the next waiters to key2.
 * Locks: both buckets'.
 */
static u32 move_some(struct futex_bucket *b, struct futex_walk *w, struct futex_bucket *b2,
		     const struct key *key2, u32 n)
{
	struct lwp *l;
	u32 moved = 0;

	while (moved < MIN(n, BATCH) && (l = walk_step(b, w))) {
		tree_remove(&b->fb_lwps, &l->l_futexnode);
		enqueue(b2, key2, l);
		moved++;
	}
	return moved;
}

/*
 * Wakes up to nwake waiters, then moves up to nmove others, in batches.
 * Returns: how many these are together.
 * Locks: both buckets', released now and then and at the end.
 */
static u32 wake_and_move(struct futex_bucket *b, struct futex_walk *w, struct futex_bucket *b2,
			 const struct key *key2, u32 nwake, u32 nmove)
{
	u32 woken = 0, moved = 0;

	for (;;) {
		if (woken < nwake)
			woken += wake_walked(b, w, nwake - woken, FUTEX_ANY);
		else
			moved += move_some(b, w, b2, key2, nmove - moved);
		if (!walk_goes_on(w, woken + moved, nwake + nmove))
			break;
		unlock_two(b, b2);
		lock_two(b, b2);
	}
	unlock_two(b, b2);
	return woken + moved;
}

static long futex_requeue(uaddr_t addr, uaddr_t addr2, bool private, u32 nwake, u32 nmove, bool cmp, u32 expect)
{
	struct futex_walk w = { 0 };
	struct futex_bucket *b, *b2;
	struct key key2;
	int error;

	if ((s32)nwake < 0 || (s32)nmove < 0)
		return -EINVAL;
	error = key_of(addr, private, ACC_READ, &w.fw_key);
	if (!error)
		error = key_of(addr2, private, ACC_READ, &key2);
	if (error)
		return error;
	b = futex_bucket_of(&w.fw_key);
	b2 = futex_bucket_of(&key2);
	error = lock_two_if(b, b2, addr, cmp, expect);
	if (error)
		return error;
	w.fw_end = b->fb_seq;
	return (long)wake_and_move(b, &w, b2, &key2, nwake, nmove);
}

static bool wake_op_apply(u32 op, s32 arg, u32 old, u32 *new)
{
	switch (op) {
	case 0: *new = (u32)arg; return true;
	case 1: *new = old + (u32)arg; return true;
	case 2: *new = old | (u32)arg; return true;
	case 3: *new = old & ~(u32)arg; return true;
	case 4: *new = old ^ (u32)arg; return true;
	default: return false;
	}
}

static bool wake_op_compare(u32 cmp, s32 old, s32 arg, bool *result)
{
	switch (cmp) {
	case 0: *result = old == arg; return true;
	case 1: *result = old != arg; return true;
	case 2: *result = old < arg; return true;
	case 3: *result = old <= arg; return true;
	case 4: *result = old > arg; return true;
	case 5: *result = old >= arg; return true;
	default: return false;
	}
}

/*
 * val3: op 4 bits (8: shift the argument), comparison 4 bits, two 12-bit signed
 * arguments.
 */
static long futex_wake_op(uaddr_t addr, uaddr_t addr2, bool private, u32 n, u32 n2, u32 val3)
{
	u32 op = val3 >> 28, cmp = (val3 >> 24) & 15, old, new, seen;
	s32 oparg = (s32)(val3 << 8) >> 20, cmparg = (s32)(val3 << 20) >> 20;
	struct key key, key2;
	bool also;
	u32 woken;
	int error;

	error = key_of(addr, private, ACC_READ, &key);
	if (!error)
		error = key_of(addr2, private, ACC_WRITE, &key2);
	if (error)
		return error;
	if (op & 8)
		oparg = (s32)(1u << (oparg & 31));
	do {
		if (!wake_op_apply(op & 7, oparg, 0, &new))
			return -ENOSYS;
		error = user_load32(addr2, &old);
		if (error)
			return error;
		(void)wake_op_apply(op & 7, oparg, old, &new);
		error = user_cmpxchg32(addr2, old, new, &seen);
		if (error)
			return error;
	} while (seen != old);
	if (!wake_op_compare(cmp, (s32)old, cmparg, &also))
		return -ENOSYS;
	woken = wake_all(&key, wake_count(n), FUTEX_ANY);
	if (also)
		woken += wake_all(&key2, wake_count(n2), FUTEX_ANY);
	return (long)woken;
}

/*
 * FUTEX_WAIT's time is relative, FUTEX_WAIT_BITSET's is a time of the named
 * clock.
 */
static int wait_deadline(u32 op, bool realtime, uaddr_t utime, bool time64, u64 *deadline)
{
	u64 ns;
	int error;

	*deadline = 0;
	if (!utime)
		return 0;
	error = copyin_timespec(utime, time64, &ns);
	if (error)
		return error;
	if (op == FUTEX_WAIT) {
		*deadline = deadline_after(ns);
		return 0;
	}
	*deadline = deadline_at(realtime, ns);
	return 0;
}

static bool has_timeout(u32 op)
{
	return op == FUTEX_WAIT || op == FUTEX_WAIT_BITSET || op == FUTEX_LOCK_PI ||
	       op == FUTEX_LOCK_PI2 || op == FUTEX_WAIT_REQUEUE_PI;
}

static long wait_until(uaddr_t addr, bool private, u32 val, u32 bits, u64 deadline)
{
	long ret = futex_wait(addr, private, val, bits, deadline);

	if (ret != -ERESTARTSYS || !deadline)
		return ret;
	ret = restart_later(futex_wait_restart, deadline, addr, val, bits);
	curlwp()->l_restart.rb_arg[3] = private;
	return ret;
}

/*
 * Operations that inherit priority do not exist here; their times are checked
 * nevertheless, as on Linux.
 */
static long do_futex(uaddr_t addr, u32 opflags, u32 val, uaddr_t utime, uaddr_t addr2, u32 val3, bool time64)
{
	bool private = opflags & FUTEX_PRIVATE_FLAG, realtime = opflags & FUTEX_CLOCK_REALTIME;
	u32 op = opflags & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
	u64 deadline = 0;
	int error = has_timeout(op) ? wait_deadline(op, realtime, utime, time64, &deadline) : 0;

	if (error)
		return error;
	if (realtime && op != FUTEX_WAIT_BITSET)
		return -ENOSYS;
	switch (op) {
	case FUTEX_WAIT: return wait_until(addr, private, val, FUTEX_ANY, deadline);
	case FUTEX_WAIT_BITSET: return wait_until(addr, private, val, val3, deadline);
	case FUTEX_WAKE: return futex_wake(addr, private, val, FUTEX_ANY);
	case FUTEX_WAKE_BITSET: return futex_wake(addr, private, val, val3);
	case FUTEX_REQUEUE: return futex_requeue(addr, addr2, private, val, utime, false, 0);
	case FUTEX_CMP_REQUEUE: return futex_requeue(addr, addr2, private, val, utime, true, val3);
	case FUTEX_WAKE_OP: return futex_wake_op(addr, addr2, private, val, utime, val3);
	default: return -ENOSYS;
	}
}

long sys_futex(uaddr_t addr, u32 op, u32 val, uaddr_t utime, uaddr_t addr2, u32 val3)
{
	return do_futex(addr, op, val, utime, addr2, val3, false);
}

long sys_futex_time64(uaddr_t addr, u32 op, u32 val, uaddr_t utime, uaddr_t addr2, u32 val3)
{
	return do_futex(addr, op, val, utime, addr2, val3, true);
}
