/* SPDX-License-Identifier: MIT */
/*
 * Signals, and the return-to-user boundary where they are taken.
 *
 * A signal is posted to a proc or to one lwp, under p_lock: it is queued, and an lwp that may take it gets
 * l_attention and, if it is in an interruptible sleep, is woken. Everything else happens at the
 * boundary, in the lwp itself (lwp_userret, kernel/trap.c): exit, stop, hold for a checkpoint, delivery.
 * A system call that was cut short there returns -ERESTART*, and this is where that becomes a restart or EINTR.
 *
 * Queue: one entry (with siginfo) for each standard signal, and one for each POSIX timer that sends it; any number up to a limit for each
 * real-time one.
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
	struct list sq_list; /* struct sigent, oldest first; a set bit without entry: SI_USER by nobody (no memory) */
	u32 sq_count;
};

struct ptimer;
struct siguser;

struct sigent {
	struct list se_link;
	struct ptimer *se_timer; /* the POSIX timer that this entry belongs to; NULL: none */
	struct siguser *se_user; /* whose entries it is counted among */
	struct abi_siginfo se_info;
};

/* Process-wide state, inside struct proc (p_lock). */
struct sigstate {
	struct abi_sigaction ss_act[K_NSIG]; /* [n-1] */
	struct sigqueue ss_q;		     /* pending for the process */
};

void sigqueue_init(struct sigqueue *q);
/* What is pending there is pending here too; a standard signal that was already stays behind. p_locks of both. */
void sigqueue_move(struct sigqueue *from, struct sigqueue *to);
void sigqueue_flush(struct sigqueue *q);
/* Throws away all entries of the signals in set. p_lock held. */
void sigqueue_drop(struct sigqueue *q, sigset_k set);
/* p_lock held. add, to a queue of p: -EAGAIN as signal_proc. take: the oldest of sig, which is pending. */
int sigqueue_add(struct proc *p, struct sigqueue *q, int sig, const struct abi_siginfo *info);
/* Puts an entry that is filled in, and on no queue, at the end. p_lock held. */
void sigqueue_put(struct sigqueue *q, struct sigent *se);
void sigqueue_take(struct sigqueue *q, int sig, struct abi_siginfo *info);

/*
 * An entry of its own, counted for p's real user until it is freed. NULL: no memory, or more than RLIMIT_SIGPENDING unless unlimited.
 * p_lock held.
 */
struct sigent *sigent_alloc(struct proc *p, bool unlimited);
void sigent_free(struct sigent *se);
/* What the taker of this entry would see now. p_lock held. */
void sigent_info(const struct sigent *se, struct abi_siginfo *info);

/* Posts; p_lock not held. info NULL: SI_KERNEL. Signal 0 does nothing. From any context. -EAGAIN: queue full (real-time only). */
int signal_proc(struct proc *p, int sig, const struct abi_siginfo *info);
int signal_lwp(struct lwp *l, int sig, const struct abi_siginfo *info);
/* A fault of the current lwp: if blocked or ignored, the process dies of it. */
void signal_fault(int sig, int code, u32 addr);
/* All members of a process group; pidlock not held. From any context (tty). */
void signal_pgrp(pid_t pgid, int sig, const struct abi_siginfo *info);

/* Is there an unblocked signal, a stop, a hold or an exit waiting for l? p_lock held / not needed for the l_attention hint. */
bool lwp_must_stop(struct lwp *l);
/* Recomputes l_attention after the mask or the pending sets changed. p_lock held. */
void signal_recalc(struct lwp *l);

/* Sets the mask of the current lwp (KILL and STOP taken out). */
void signal_setmask(sigset_k mask);

/* sigsuspend, ppoll, pselect: a mask for the time of this call; the boundary puts the old one back. */
void signal_suspend_mask(sigset_k mask);

/* Builds the handler's frame on the user stack (proc/sigframe.c). 0 or -EFAULT (the caller kills the process with SIGSEGV). */
int sigframe_push(struct lwp *l, int sig, const struct abi_siginfo *info,
		  const struct abi_sigaction *act, sigset_k mask);

/*
 * The boundary: called with interrupts on, before every return to user mode when l_attention or c_need_resched is set.
 * May not return (exit).
 */
void lwp_userret(struct trapframe *tf);

#endif
