/* SPDX-License-Identifier: MIT */
/*
 * Signals, and the return-to-user boundary where they are taken.
 *
 * A signal is posted to a proc or to one lwp, under p_lock. It is queued, and
 * an lwp that may take it gets l_attention and, if it is in an interruptible
 * sleep, is woken. Everything else happens at the boundary, in the lwp itself
 * (lwp_userret, proc/boundary.c): exit, stop, hold for a checkpoint, delivery.
 * An interrupted system call returns -ERESTART*; the boundary turns that into a
 * restart or EINTR.
 *
 * Queue: one entry (with siginfo) for each standard signal, one for each POSIX
 * timer that sends a signal, and any number up to a limit for each real-time
 * signal.
 */
#ifndef PROC_SIGNAL_H
#define PROC_SIGNAL_H

#include "kernel/abi/signal.h"
#include "kernel/lib/list.h"
#include "kernel/lib/types.h"

struct proc;
struct lwp;
struct trapframe;

/* A set of signals: bit n-1 for signal n, as in the ABI. */
typedef u64 sigset_k;
#define SIGBIT(n) (1ull << ((n)-1))
#define SIGSET_UNBLOCKABLE (SIGBIT(K_SIGKILL) | SIGBIT(K_SIGSTOP))

struct sigqueue {
	sigset_k sq_set; /* pending */
	/*
	 * struct sigent, oldest first; a set bit without an entry: SI_USER, pid
	 * 0 (no memory)
	 */
	struct list sq_list;
	u32 sq_count;
};

struct ptimer;
struct siguser;

struct sigent {
	struct list se_link;
	/* the POSIX timer that owns this entry; NULL: none */
	struct ptimer *se_timer;
	/* the user whose entries are counted, this one among them */
	struct siguser *se_user;
	struct abi_siginfo se_info;
};

/* Process-wide state, inside struct proc (p_lock). */

void sigqueue_init(struct sigqueue *q);
/*
 * Moves all pending signals. A standard signal that `to` has already stays in
 * `from`.
 * Locks: the p_locks of both.
 */
void sigqueue_move(struct sigqueue *from, struct sigqueue *to);
/*
 * drop: throws away all entries of the signals in set.
 * Locks: p_lock.
 */
void sigqueue_drop(struct sigqueue *q, sigset_k set);
/*
 * The same for all signals.
 * Locks: p_lock, or no other lwp finds the queue any more.
 */
void sigqueue_flush(struct sigqueue *q);
/*
 * add: to a queue of p; errors as signal_proc(). take: the oldest entry of sig,
 * which must be pending.
 * Locks: p_lock.
 */
int sigqueue_add(struct proc *p, struct sigqueue *q, int sig, const struct abi_siginfo *info);
/*
 * Appends an entry that is filled in and on no queue.
 * Locks: p_lock.
 */
void sigqueue_put(struct sigqueue *q, struct sigent *se);
void sigqueue_take(struct sigqueue *q, int sig, struct abi_siginfo *info);

/*
 * Makes an entry, counted for p's real user until it is freed.
 * Returns: NULL: no memory, or over RLIMIT_SIGPENDING (not if unlimited).
 * Locks: p_lock.
 */
struct sigent *sigent_alloc(struct proc *p, bool unlimited);
void sigent_free(struct sigent *se);
/*
 * The siginfo that the taker of this entry would see now.
 * Locks: p_lock.
 */
void sigent_info(const struct sigent *se, struct abi_siginfo *info);

/*
 * Posts sig to p; signal 0 does nothing. info NULL: SI_KERNEL. From any
 * context.
 * Errors: -EAGAIN: queue full (real-time signals only).
 * Locks: takes p_lock.
 */
int signal_proc(struct proc *p, int sig, const struct abi_siginfo *info);
int signal_lwp(struct lwp *l, int sig, const struct abi_siginfo *info);
/*
 * A fault of the current lwp. If sig is blocked or ignored, the process dies of
 * it.
 */
void signal_fault(int sig, int code, u32 addr);
/*
 * Posts to all members of a process group. From any context (tty).
 * Locks: takes pidlock.
 */
void signal_pgrp(pid_t pgid, int sig, const struct abi_siginfo *info);

/*
 * Is an unblocked signal, a stop, a hold or an exit waiting for l?
 * Locks: none. Without p_lock the answer is a hint.
 */
bool lwp_must_stop(struct lwp *l);
/*
 * Recomputes l_attention after the mask or the pending sets changed.
 * Locks: p_lock.
 */
void signal_recalc(struct lwp *l);

/* Sets the signal mask of the current lwp, without SIGKILL and SIGSTOP. */
void signal_setmask(sigset_k mask);

/*
 * Sets a mask for the time of this call (sigsuspend, ppoll, pselect); the
 * boundary restores the old one.
 */
void signal_suspend_mask(sigset_k mask);

/*
 * Builds the handler's frame on the user stack (proc/sigframe.c).
 * Errors: -EFAULT: the caller kills the process with SIGSEGV.
 */
int sigframe_push(struct lwp *l, int sig, const struct abi_siginfo *info,
		  const struct abi_sigaction *act, sigset_k mask);

/*
 * The boundary: called before every return to user mode when l_attention or
 * c_need_resched is set. May not return (exit).
 * Locks: none; interrupts on.
 */
void lwp_userret(struct trapframe *tf);

#endif
