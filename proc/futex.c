/* SPDX-License-Identifier: MIT */
/* futex(2) without the priority-inheriting operations, and robust lists. */
#include "proc/futex.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "mm/as.h"
#include "mm/usercopy.h"
#include "proc/abi_time.h"
#include "proc/lwp_impl.h"
#include "proc/restart.h"
#include "proc/sleep.h"
#include "proc/syscalls.h"

#define NBUCKET 64
#define SYS_futex_nr 240
#define SYS_futex_time64_nr 422

#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define FUTEX_REQUEUE 3
#define FUTEX_CMP_REQUEUE 4
#define FUTEX_WAKE_OP 5
#define FUTEX_WAIT_BITSET 9
#define FUTEX_WAKE_BITSET 10
#define FUTEX_PRIVATE_FLAG 128
#define FUTEX_CLOCK_REALTIME 256
#define FUTEX_ANY (~0u)

#define FUTEX_WAITERS 0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID_MASK 0x3fffffffu
#define ROBUST_LIMIT 2048

struct bucket {
	struct spinlock fb_lock;
	struct list fb_lwps; /* l_futexlink, longest waiting first */
};

struct key {
	u64 k[2];
};

static struct bucket buckets[NBUCKET];

static long futex_wait_restart(struct restart_block *rb);

void futex_init(void)
{
	restart_register(SYS_futex_nr, futex_wait_restart);
	restart_register(SYS_futex_time64_nr, futex_wait_restart);
	for (u32 i = 0; i < NBUCKET; i++) {
		spin_init(&buckets[i].fb_lock, "futex", LR_FUTEX);
		list_init(&buckets[i].fb_lwps);
	}
}

static struct bucket *bucket_of(const struct key *key)
{
	u32 h = (u32)(key->k[0] * 31 + key->k[1] / 4) * 0x9e3779b1u;

	return &buckets[h >> 26];
}

/* Which word is meant. -EFAULT, -EINVAL (not aligned). */
static int key_of(uaddr_t addr, bool private, struct key *key)
{
	struct as *as = curproc()->p_as;
	struct seg *s;
	int error = 0;

	if (addr & 3)
		return -EINVAL;
	if (!user_range_ok(addr, 4))
		return -EFAULT;
	key->k[0] = (u32)as;
	key->k[1] = addr;
	if (private)
		return 0;
	rw_read_lock(&as->a_lock);
	s = as_findseg(as, addr);
	if (!s) {
		error = -EFAULT;
	} else if (s->s_flags & SEG_SHARED) {
		key->k[0] = (u32)s->s_vp;
		key->k[1] = s->s_off + (addr - s->s_base);
	}
	rw_read_unlock(&as->a_lock);
	return error;
}

static bool key_is(const struct lwp *l, const struct key *key)
{
	return l->l_futexkey[0] == key->k[0] && l->l_futexkey[1] == key->k[1];
}

/* Takes l off its bucket; it sleeps on its own l_futexwoken. Bucket lock held. */
static void wake_waiter(struct lwp *l)
{
	list_remove(&l->l_futexlink);
	l->l_futexwoken = true;
	wakeup((const void *)&l->l_futexwoken);
}

static int wake_key(struct bucket *b, const struct key *key, u32 n, u32 bits)
{
	struct lwp *l, *tmp;
	int woken = 0;

	list_for_each_safe(l, tmp, &b->fb_lwps, l_futexlink) {
		if ((u32)woken >= n)
			break;
		if (key_is(l, key) && (l->l_futexbits & bits)) {
			wake_waiter(l);
			woken++;
		}
	}
	return woken;
}

static long futex_wake(uaddr_t addr, bool private, u32 n, u32 bits)
{
	struct key key;
	struct bucket *b;
	int error = key_of(addr, private, &key);

	if (error)
		return error;
	if (!bits)
		return -EINVAL;
	b = bucket_of(&key);
	spin_lock(&b->fb_lock);
	error = wake_key(b, &key, n, bits);
	spin_unlock(&b->fb_lock);
	return error;
}

int futex_wake_user(uaddr_t addr, u32 n, bool shared)
{
	return (int)futex_wake(addr, !shared, n, FUTEX_ANY);
}

/* Locks the bucket with *val read from the word: no wake can come in between. */
static int lock_and_load(struct bucket *b, uaddr_t addr, u32 *val)
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

static struct bucket *waiter_bucket(struct lwp *l)
{
	struct key key = { { l->l_futexkey[0], l->l_futexkey[1] } };

	return bucket_of(&key);
}

/* Takes l off whatever bucket it stands on by now (a requeue may have moved it). Returns whether it had been woken. */
static bool leave_bucket(struct lwp *l)
{
	for (;;) {
		struct bucket *b = waiter_bucket(l);
		bool woken;

		spin_lock(&b->fb_lock);
		if (b != waiter_bucket(l)) {
			spin_unlock(&b->fb_lock);
			continue;
		}
		woken = l->l_futexwoken;
		if (!woken)
			list_remove(&l->l_futexlink);
		spin_unlock(&b->fb_lock);
		return woken;
	}
}

static long futex_wait(uaddr_t addr, bool private, u32 val, u32 bits, u64 deadline)
{
	struct lwp *l = curlwp();
	struct key key;
	struct bucket *b;
	u32 now;
	int error = key_of(addr, private, &key);

	if (error)
		return error;
	if (!bits)
		return -EINVAL;
	b = bucket_of(&key);
	error = lock_and_load(b, addr, &now);
	if (error)
		return error;
	if (now != val) {
		spin_unlock(&b->fb_lock);
		return -EAGAIN;
	}
	l->l_futexkey[0] = key.k[0];
	l->l_futexkey[1] = key.k[1];
	l->l_futexbits = bits;
	l->l_futexwoken = false;
	list_push_back(&b->fb_lwps, &l->l_futexlink);
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
static void lock_two(struct bucket *a, struct bucket *b)
{
	if (a > b) {
		struct bucket *t = a;

		a = b;
		b = t;
	}
	spin_lock(&a->fb_lock);
	if (a != b)
		spin_lock_nested(&b->fb_lock);
}

static void unlock_two(struct bucket *a, struct bucket *b)
{
	spin_unlock(&a->fb_lock);
	if (a != b)
		spin_unlock(&b->fb_lock);
}

static long futex_requeue(uaddr_t addr, uaddr_t addr2, bool private, u32 nwake, u32 nmove, bool cmp, u32 expect)
{
	struct key key, key2;
	struct bucket *b, *b2;
	struct lwp *l, *tmp;
	int error, woken, moved = 0;
	u32 now;

	error = key_of(addr, private, &key);
	if (!error)
		error = key_of(addr2, private, &key2);
	if (error)
		return error;
	b = bucket_of(&key);
	b2 = bucket_of(&key2);
	for (;;) {
		lock_two(b, b2);
		if (!cmp || user_load32_nofault(addr, &now) == 0)
			break;
		unlock_two(b, b2);
		error = user_load32(addr, &now);
		if (error)
			return error;
	}
	if (cmp && now != expect) {
		unlock_two(b, b2);
		return -EAGAIN;
	}
	woken = wake_key(b, &key, nwake, FUTEX_ANY);
	list_for_each_safe(l, tmp, &b->fb_lwps, l_futexlink) {
		if ((u32)moved >= nmove)
			break;
		if (!key_is(l, &key))
			continue;
		list_remove(&l->l_futexlink);
		l->l_futexkey[0] = key2.k[0];
		l->l_futexkey[1] = key2.k[1];
		list_push_back(&b2->fb_lwps, &l->l_futexlink);
		moved++;
	}
	unlock_two(b, b2);
	return woken + moved;
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

/* val3: op 4 bits (8: shift the argument), comparison 4 bits, two 12-bit signed arguments. */
static long futex_wake_op(uaddr_t addr, uaddr_t addr2, bool private, u32 n, u32 n2, u32 val3)
{
	u32 op = val3 >> 28, cmp = (val3 >> 24) & 15, old, new, seen;
	s32 oparg = (s32)(val3 << 8) >> 20, cmparg = (s32)(val3 << 20) >> 20;
	bool also;
	long woken, more;
	int error;

	if (op & 8) {
		if (oparg < 0 || oparg > 31)
			return -EINVAL;
		oparg = (s32)(1u << oparg);
	}
	do {
		error = user_load32(addr2, &old);
		if (error)
			return error;
		if (!wake_op_apply(op & 7, oparg, old, &new))
			return -ENOSYS;
		error = user_cmpxchg32(addr2, old, new, &seen);
		if (error)
			return error;
	} while (seen != old);
	if (!wake_op_compare(cmp, (s32)old, cmparg, &also))
		return -ENOSYS;
	woken = futex_wake(addr, private, n, FUTEX_ANY);
	if (woken < 0 || !also)
		return woken;
	more = futex_wake(addr2, private, n2, FUTEX_ANY);
	return more < 0 ? more : woken + more;
}

/* FUTEX_WAIT's time is relative, FUTEX_WAIT_BITSET's an instant of the clock that was named. */
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

static long do_futex(uaddr_t addr, u32 opflags, u32 val, uaddr_t utime, uaddr_t addr2, u32 val3, bool time64)
{
	bool private = opflags & FUTEX_PRIVATE_FLAG, realtime = opflags & FUTEX_CLOCK_REALTIME;
	u32 op = opflags & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
	u64 deadline;
	long ret;
	int error;

	switch (op) {
	case FUTEX_WAIT:
		val3 = FUTEX_ANY;
		/* fallthrough */
	case FUTEX_WAIT_BITSET:
		error = wait_deadline(op, realtime, utime, time64, &deadline);
		if (error)
			return error;
		ret = futex_wait(addr, private, val, val3, deadline);
		if (ret != -ERESTARTSYS || !deadline)
			return ret;
		ret = restart_later(futex_wait_restart, deadline, addr, val, val3);
		curlwp()->l_restart.rb_arg[3] = private;
		return ret;
	case FUTEX_WAKE:
		val3 = FUTEX_ANY;
		/* fallthrough */
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

long sys_set_robust_list(uaddr_t head, u32 len)
{
	if (len != 12)
		return -EINVAL;
	curlwp()->l_robust = head;
	curlwp()->l_robust_len = len;
	return 0;
}

long sys_get_robust_list(pid_t tid, uaddr_t head, uaddr_t len)
{
	struct lwp *l = curlwp();
	u32 v[2] = { l->l_robust, 12 };

	if (tid && pid_real(tid) != l->l_tid)
		return -EPERM;
	if (copyout(head, &v[0], 4) != 0 || copyout(len, &v[1], 4) != 0)
		return -EFAULT;
	return 0;
}

/* The owner of a robust mutex died: says so in the word, and wakes one waiter. */
static void owner_died(struct lwp *l, uaddr_t word)
{
	u32 val, seen;

	if ((word & 3) || user_load32(word, &val) != 0)
		return;
	while ((val & FUTEX_TID_MASK) == (u32)pid_seen(l->l_tid)) {
		u32 new = (val & FUTEX_WAITERS) | FUTEX_OWNER_DIED;

		if (user_cmpxchg32(word, val, new, &seen) != 0)
			return;
		if (seen == val) {
			if (val & FUTEX_WAITERS)
				futex_wake_user(word, 1, true);
			return;
		}
		val = seen;
	}
}

/* struct robust_list_head: first entry, offset of the word from an entry, entry being locked right now. */
static void walk_robust_list(struct lwp *l)
{
	u32 head[3], entry, next;

	if (copyin(head, l->l_robust, sizeof(head)) != 0)
		return;
	entry = head[0];
	for (u32 n = 0; n < ROBUST_LIMIT && (entry & ~1u) != l->l_robust; n++) {
		if (user_load32(entry & ~1u, &next) != 0)
			break;
		if ((entry & ~1u) != (head[2] & ~1u))
			owner_died(l, (entry & ~1u) + head[1]);
		entry = next;
	}
	if (head[2])
		owner_died(l, (head[2] & ~1u) + head[1]);
}

void futex_lwp_exit(struct lwp *l)
{
	u32 zero = 0;

	if (!l->l_proc->p_as)
		return;
	if (l->l_robust) {
		walk_robust_list(l);
		l->l_robust = 0;
	}
	if (l->l_clear_tid) {
		if (l->l_proc->p_as->a_ref > 1 || l->l_proc->p_nlwp > 1) {
			if (copyout(l->l_clear_tid, &zero, sizeof(zero)) == 0)
				futex_wake_user(l->l_clear_tid, 1, true);
		}
		l->l_clear_tid = 0;
	}
}
