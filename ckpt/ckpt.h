/* SPDX-License-Identifier: MIT */
/*
 * The checkpoint facility: ckpt() and recover(), after the Kckpt facility of
 * the UnixWare kernel.
 *
 *	calls      ckpt.c       ckpt(), tckpt(), and the request at the boundary
 *	           ctl.c        ckptctl()
 *	           key.c        the checkpoint character of terminals
 *	           inject.c     for tests: failures on request
 *	           init.c       start-up: the hooks of lower layers
 *	           request.c    a request, from the call to the outcome
 *	           sink.c       where refusals go while --can looks for them
 *	           refuse.c     refusals: the one line that names the object
 *	save       tree.c       which processes; they are held at the boundary
 *	           members.c    the set of them, and their order in the image
 *	           save.c       gathers their state into a struct img_image
 *	           known.c      files that this save has met before
 *	           flush.c      files that must be on the disk before the image
 *	           fckpt.c      fckpt(), fckpt_child(): the forked checkpoint
 *	           commit.c     the image's file: temporary name, flush, rename
 *	           pages.c      pages, between frames and that file
 *	           can.c        ckptctl(): what keeps a process from being saved
 *	restore    recover.c    recover(), the caller's side
 *	           restore.c    restore_ckpt() builds the processes
 *	           trust.c      which images the superuser may believe
 *	           inplace.c    execve of an image; CKPTCTL_EVERY, for tests
 *	kinds      kind.h       a kind of state; their table: state/kinds.c
 *	           state/       the kinds, each save beside its restore
 *	format     image/       knows no kernel type
 *
 * What cannot be saved faithfully is refused by the kind that meets it:
 * ckpt_refuse() writes the one line that names the object, and its result is
 * the errno.
 */
#ifndef CKPT_CKPT_H
#define CKPT_CKPT_H

#include "ckpt/image/image.h"
#include "fs/file.h"
#include "kernel/lib/lock.h"
#include "kernel/lib/ratelimit.h"
#include "proc/proc.h"
#include "kernel/abi/public/reprise/ckpt.h"

#define CKPT_SUFFIX "_ckpt"
/* The longest wait for processes to be held. */
#define CKPT_HOLD_NS (30 * NSEC_PER_SEC)

/*
 * One request for a checkpoint: where to, how, with whose rights, and its
 * outcome. Shared by the process that takes the checkpoint (p_ckpt until the
 * boundary finds it there, p_ckptlast from then on), its fckpt child, and the
 * processes that wait.
 *
 * Locks: rq_lock guards rq_done and rq_stats; p_lock of the process guards
 * rq_taker. rq_dvp is dropped once, when the outcome is known; rq_withdrawn is
 * set once; the rest is constant.
 */
struct ckpt_request {
	volatile u32 rq_ref;
	u32 rq_id; /* unique in this boot */
	/* The image's absolute path: for messages, and for its name */
	char *rq_path;
	u32 rq_flags; /* CKPT_* */
	/* The asker's: the image is made with its rights, and owned by it */
	struct cred *rq_cred;
	/* The image's directory: a reference, until the outcome is known */
	struct vnode *rq_dvp;
	u64 rq_start; /* monotonic ns of the request */
	/*
	 * The terminal whose key asked, its session and its foreground group;
	 * NULL: a system call asked.
	 */
	struct tty *rq_tty;
	pid_t rq_sid, rq_pgrp;
	/* The lwp that is taking the checkpoint; NULL: none */
	struct lwp *rq_taker;
	/*
	 * The asker has stopped waiting, so processes need not stand still any
	 * more.
	 */
	volatile bool rq_withdrawn;
	struct spinlock rq_lock;
	bool rq_done;
	struct ckpt_stats rq_stats;
};

/* rq_flags, inside the kernel: see cs_in_place(). */
#define CKPT_INPLACE 0x80000000u

extern struct ratelimit ckpt_limit;   /* for messages that a user can cause */
extern const struct img_mem ckpt_mem; /* kmalloc, for images */

/*
 * refuse.c. Logs why an object is refused.
 * Returns: error; or 0 while the current lwp collects obstacles (l_ckptsink):
 * the line is collected, and the caller goes on.
 */
int ckpt_refuse(const char *name, int error, const char *fmt, ...) __printf(3, 4);

/* request.c. At start-up. */
void ckpt_request_init(void);
/*
 * The current process asks for an image of that name; NULL: for none
 * (CKPTCTL_CAN).
 * Errors: -ENOENT, -ENOTDIR, -EACCES: its directory; -ENOMEM.
 */
int ckpt_request_make(const char *name, u32 flags, struct ckpt_request **rqp);
/* The image's name in rq_dvp. */
const char *ckpt_request_name(const struct ckpt_request *rq);
void ckpt_request_rele(struct ckpt_request *rq);
/* The outcome is known: keeps it for p, and wakes the processes that wait. */
void ckpt_request_finish(struct ckpt_request *rq, struct proc *p, int error);
/*
 * Waits for the outcome of p's request. After a signal or a checkpoint the wait
 * goes on through restart_syscall(2). A process that is restored in there gets
 * 0: the image exists.
 * Returns: the outcome. Sleeps.
 */
int ckpt_request_wait(struct ckpt_request *rq, struct proc *p);
/*
 * The asker stops waiting. A request that was not taken does not begin. A
 * request for which processes stand still ends with -ECANCELED. A forked image
 * that is being written already is finished.
 */
void ckpt_request_withdraw(struct ckpt_request *rq, struct proc *p);
/* Errors: -ECANCELED: the request was withdrawn while processes stand still. */
int ckpt_request_wanted(const struct ckpt_request *rq);
/*
 * The last request that p has got or has begun.
 * Returns: a reference; NULL: none.
 */
struct ckpt_request *ckpt_request_last(struct proc *p);

/* The current lwp saves its process as rq says. caller: see cs_caller. */
int ckpt_take(struct ckpt_request *rq, struct lwp *caller);
/* At the boundary: P_CKPT is set. */
void ckpt_boundary(struct lwp *l);
void ckpt_exit(struct proc *p);
/*
 * key.c. ckpt_key_request() turns P_CKPTKEY into a request in p_ckpt of the
 * current process. ckpt_key_report() tells rq_tty the outcome; it never waits.
 */
void ckpt_key_request(void);
void ckpt_key_report(const struct ckpt_request *rq);
void ckpt_key_init(void);
/*
 * The image's name for the name that a system call was given; kmalloc'd.
 * Errors: -EFAULT, -ENAMETOOLONG, -ENOENT, -ENOMEM.
 */
int ckpt_name(uaddr_t uname, char **namep);

int ckpt_fault(uaddr_t buf); /* inject.c: CKPTCTL_FAULT */

void ckpt_init(void);

#endif
