/* SPDX-License-Identifier: MIT */
/*
 * What the exit of an lwp does to futexes: the robust list of mutexes that it
 * holds, and the word that says it lives. The list is in the program's own
 * memory: it may point anywhere, and in a circle.
 * Source: man page get_robust_list(2).
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "mm/as.h"
#include "mm/usercopy.h"
#include "proc/futex.h"
#include "proc/sched/lwp_impl.h"
#include "proc/syscalls.h"

#define FUTEX_WAITERS 0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID_MASK 0x3fffffffu
#define ROBUST_LIMIT 2048
#define ROBUST_LEN 12u
#define ROBUST_PI 1u /* in an entry's address: the mutex inherits priority */

long sys_set_robust_list(uaddr_t head, u32 len)
{
	if (len != ROBUST_LEN)
		return -EINVAL;
	curlwp()->l_robust = head;
	curlwp()->l_robust_len = len;
	return 0;
}

/* The list of any thread that the caller may look into. */
static int robust_of(pid_t tid, u32 *head)
{
	struct proc *p = proc_find_thread(pid_real(tid));
	struct lwp *l;
	int error;

	if (!p)
		return -ESRCH;
	error = proc_can_look(p);
	spin_lock(&p->p_lock);
	l = lwp_find(p, pid_real(tid));
	if (l)
		*head = l->l_robust;
	else
		error = -ESRCH;
	spin_unlock(&p->p_lock);
	proc_rele(p);
	return error;
}

long sys_get_robust_list(pid_t tid, uaddr_t uhead, uaddr_t ulen)
{
	u32 head = curlwp()->l_robust, len = ROBUST_LEN;
	int error = tid ? robust_of(tid, &head) : 0;

	if (error)
		return error;
	if (copyout(ulen, &len, sizeof(len)) != 0 || copyout(uhead, &head, sizeof(head)) != 0)
		return -EFAULT;
	return 0;
}

/*
 * The owner of the robust mutex in this word died: marks the word and wakes a
 * waiter. `busy`: the owner was locking or unlocking it; then even a free word
 * may have a waiter that was not woken.
 * Returns: false: the word cannot be reached.
 */
static bool owner_died(struct lwp *l, uaddr_t word, bool pi, bool busy)
{
	u32 val, seen;

	if ((word & 3) || user_load32(word, &val) != 0)
		return false;
	if (busy && !pi && !val) {
		(void)futex_wake_user(word, 1, true);
		return true;
	}
	while ((val & FUTEX_TID_MASK) == (u32)pid_seen(l->l_tid)) {
		if (user_cmpxchg32(word, val, (val & FUTEX_WAITERS) | FUTEX_OWNER_DIED, &seen) != 0)
			return false;
		if (seen == val) {
			if (!pi && (val & FUTEX_WAITERS))
				(void)futex_wake_user(word, 1, true);
			return true;
		}
		val = seen;
	}
	return true;
}

/*
 * struct robust_list_head: first entry, offset of the word from an entry, entry
 * being locked or unlocked now.
 */
static void walk_robust_list(struct lwp *l)
{
	u32 head[3], entry, next;

	if (copyin(head, l->l_robust, sizeof(head)) != 0)
		return;
	entry = head[0];
	for (u32 n = 0; n < ROBUST_LIMIT && (entry & ~ROBUST_PI) != l->l_robust; n++) {
		uaddr_t at = entry & ~ROBUST_PI;
		bool more = user_load32(at, &next) == 0;

		if (at != (head[2] & ~ROBUST_PI) && !owner_died(l, at + head[1], entry & ROBUST_PI, false))
			return;
		if (!more)
			break;
		entry = next;
	}
	if (head[2] & ~ROBUST_PI)
		(void)owner_died(l, (head[2] & ~ROBUST_PI) + head[1], head[2] & ROBUST_PI, true);
}

void futex_lwp_exit(struct lwp *l)
{
	u32 zero = 0;

	assert_may_sleep("futex_lwp_exit");
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
