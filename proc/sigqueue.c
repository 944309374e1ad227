/* SPDX-License-Identifier: MIT */
/*
 * Queues of pending signals, and the count of entries of each user's processes
 * (RLIMIT_SIGPENDING). A POSIX timer owns an entry, which is counted as long as
 * the timer exists.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "proc/sched/lwp_impl.h"
#include "proc/ptimer.h"
#include "proc/rlimit.h"
#include "proc/sched/later.h"

/*
 * Entries in one queue, whatever the limit: a queue is searched under p_lock.
 */
#define SIGQUEUE_MAX 1024u
#define NUSERHASH 32u

/* The entries of one real user id; freed when there are none. */
struct siguser {
	struct list su_link;
	uid_t su_uid;
	u32 su_count;
};

static struct kmem_cache *sigent_cache, *siguser_cache;
static struct spinlock siguser_lock = SPINLOCK_INIT("siguser", LR_SIGUSER);
static struct list siguser_hash[NUSERHASH];

void signal_init(void)
{
	sigent_cache = kmem_cache_create("sigent", sizeof(struct sigent), 0);
	siguser_cache = kmem_cache_create("siguser", sizeof(struct siguser), 0);
	for (u32 i = 0; i < NUSERHASH; i++)
		list_init(&siguser_hash[i]);
}

/* ---- counts of users ---- */

/* Locks: siguser_lock. */
static struct siguser *siguser_find(uid_t uid)
{
	struct siguser *su;

	ASSERT(spin_held(&siguser_lock));
	list_for_each(su, &siguser_hash[uid % NUSERHASH], su_link) {
		if (su->su_uid == uid)
			return su;
	}
	return NULL;
}

/*
 * Returns: NULL: no memory.
 * Locks: siguser_lock.
 */
static struct siguser *siguser_make(uid_t uid)
{
	struct siguser *su = kmem_alloc(siguser_cache, KM_NOWAIT | KM_ZERO);

	ASSERT(spin_held(&siguser_lock));
	if (su) {
		su->su_uid = uid;
		list_push_back(&siguser_hash[uid % NUSERHASH], &su->su_link);
	}
	return su;
}

static void siguser_drop(struct siguser *su)
{
	bool last;

	spin_lock(&siguser_lock);
	last = --su->su_count == 0;
	if (last)
		list_remove(&su->su_link);
	spin_unlock(&siguser_lock);
	if (last)
		kmem_free(siguser_cache, su);
}

/*
 * Counts one more entry for this user.
 * Returns: NULL: it would exceed the limit, or there is no memory.
 */
static struct siguser *siguser_add(uid_t uid, u64 limit)
{
	struct siguser *su;

	spin_lock(&siguser_lock);
	su = siguser_find(uid);
	if (limit <= (su ? su->su_count : 0))
		su = NULL;
	else if (!su)
		su = siguser_make(uid);
	if (su)
		su->su_count++;
	spin_unlock(&siguser_lock);
	return su;
}

/* ---- entries ---- */

struct sigent *sigent_alloc(struct proc *p, bool unlimited)
{
	struct sigent *se = kmem_alloc(sigent_cache, KM_NOWAIT | KM_ZERO);

	ASSERT(spin_held(&p->p_lock));
	if (!se)
		return NULL;
	list_init(&se->se_link);
	se->se_user = siguser_add(p->p_cred->cr_uid,
				  unlimited ? ~0ull : p->p_rlimit[RLIMIT_SIGPENDING].rl_cur);
	if (!se->se_user) {
		kmem_free(sigent_cache, se);
		return NULL;
	}
	return se;
}

void sigent_free(struct sigent *se)
{
	ASSERT(list_empty(&se->se_link));
	siguser_drop(se->se_user);
	kmem_free(sigent_cache, se);
}

/* ---- queues ---- */

void sigqueue_init(struct sigqueue *q)
{
	q->sq_set = 0;
	q->sq_count = 0;
	list_init(&q->sq_list);
}

#define FREE_MAX 32u /* entries freed at once */

/* entries to be freed (siguser_lock) */
static struct list dropped = LIST_INIT(dropped);
static bool free_dropped(struct later *la);
static struct later drop_later = LATER_INIT(drop_later, free_dropped);

static bool free_dropped(struct later *la)
{
	struct list some = LIST_INIT(some);
	struct sigent *se, *tmp;
	bool more;

	spin_lock(&siguser_lock);
	for (u32 n = 0; n < FREE_MAX && !list_empty(&dropped); n++) {
		se = list_first(&dropped, struct sigent, se_link);
		list_remove(&se->se_link);
		list_push_back(&some, &se->se_link);
	}
	more = !list_empty(&dropped);
	spin_unlock(&siguser_lock);
	list_for_each_safe(se, tmp, &some, se_link)
		kmem_free(sigent_cache, se);
	return more;
}

/*
 * Entries that have left their queue, except timers', are no longer counted.
 * They are freed soon after, because a caller that drops many holds p_lock.
 */
static void sigqueue_discard(struct list *gone)
{
	struct sigent *se;

	if (list_empty(gone))
		return;
	spin_lock(&siguser_lock);
	list_for_each(se, gone, se_link) {
		struct siguser *su = se->se_user;

		if (--su->su_count > 0)
			continue;
		list_remove(&su->su_link);
		kmem_free(siguser_cache, su);
	}
	list_splice(&dropped, gone);
	spin_unlock(&siguser_lock);
	later(&drop_later);
}

static void throw_away(struct sigqueue *q, sigset_k set)
{
	struct list gone = LIST_INIT(gone);
	struct sigent *se, *tmp;

	q->sq_set &= ~set;
	list_for_each_safe(se, tmp, &q->sq_list, se_link) {
		if (!(SIGBIT(se->se_info.si_signo) & set))
			continue;
		list_remove(&se->se_link);
		q->sq_count--;
		if (se->se_timer)
			ptimer_signal_left(se->se_timer);
		else
			list_push_back(&gone, &se->se_link);
	}
	sigqueue_discard(&gone);
}

void sigqueue_drop(struct sigqueue *q, sigset_k set)
{
	ASSERT(spin_rank_held(LR_PROC));
	throw_away(q, set);
}

void sigqueue_move(struct sigqueue *from, struct sigqueue *to)
{
	struct sigent *se, *tmp;

	ASSERT(spin_rank_held(LR_PROC));
	list_for_each_safe(se, tmp, &from->sq_list, se_link) {
		int sig = se->se_info.si_signo;

		if (sig < K_SIGRTMIN && (to->sq_set & SIGBIT(sig)) && se->se_info.si_code != K_SI_TIMER)
			continue;
		list_remove(&se->se_link);
		from->sq_count--;
		list_push_back(&to->sq_list, &se->se_link);
		to->sq_count++;
	}
	to->sq_set |= from->sq_set;
}

void sigqueue_flush(struct sigqueue *q)
{
	throw_away(q, ~0ull);
}

void sigqueue_put(struct sigqueue *q, struct sigent *se)
{
	ASSERT(spin_rank_held(LR_PROC));
	list_push_back(&q->sq_list, &se->se_link);
	q->sq_set |= SIGBIT(se->se_info.si_signo);
	q->sq_count++;
}

/* The limit does not apply to a standard signal from the kernel or kill(2). */
static bool beyond_limit(int sig, const struct abi_siginfo *info)
{
	return sig < K_SIGRTMIN && (!info || info->si_code >= 0);
}

int sigqueue_add(struct proc *p, struct sigqueue *q, int sig, const struct abi_siginfo *info)
{
	struct sigent *se;

	ASSERT(spin_held(&p->p_lock));
	if (sig < K_SIGRTMIN && (q->sq_set & SIGBIT(sig)))
		return 0;
	se = q->sq_count < SIGQUEUE_MAX ? sigent_alloc(p, beyond_limit(sig, info)) : NULL;
	if (!se) {
		/*
		 * A real-time signal sent with a value must not lose it; for
		 * any other the bit is enough.
		 */
		if (sig >= K_SIGRTMIN && info && info->si_code < 0)
			return -EAGAIN;
		q->sq_set |= SIGBIT(sig);
		return 0;
	}
	if (info)
		se->se_info = *info;
	else
		se->se_info.si_code = K_SI_KERNEL;
	se->se_info.si_signo = sig;
	sigqueue_put(q, se);
	return 0;
}

void sigent_info(const struct sigent *se, struct abi_siginfo *info)
{
	ASSERT(spin_rank_held(LR_PROC));
	*info = se->se_info;
	if (se->se_timer)
		info->timer.overrun = ptimer_pending_overrun(se->se_timer);
}

/*
 * Takes the entry se; *info is what its taker sees. The entry's timer, if there
 * is one, goes on from here.
 * Locks: p_lock.
 */
static void sigqueue_do_take(struct sigqueue *q, struct sigent *se, struct abi_siginfo *info)
{
	ASSERT(spin_rank_held(LR_PROC));
	list_remove(&se->se_link);
	q->sq_count--;
	*info = se->se_info;
	if (se->se_timer)
		info->timer.overrun = ptimer_signal_left(se->se_timer);
	else
		sigent_free(se);
}

void sigqueue_take(struct sigqueue *q, int sig, struct abi_siginfo *info)
{
	struct sigent *se, *found = NULL;
	bool more = false;

	list_for_each(se, &q->sq_list, se_link) {
		if (se->se_info.si_signo != sig)
			continue;
		if (found) {
			more = true;
			break;
		}
		found = se;
	}
	if (!more)
		q->sq_set &= ~SIGBIT(sig);
	if (found) {
		sigqueue_do_take(q, found, info);
	} else {
		memset(info, 0, sizeof(*info));
		info->si_signo = sig;
	}
}
