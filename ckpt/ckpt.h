/* SPDX-License-Identifier: MIT */
/*
 * The checkpoint facility: ckpt() and recover(), after the Kckpt facility of the
 * UnixWare kernel.
 *
 *	calls      ckpt.c       ckpt(), tckpt(), and the boundary that finds a request
 *	           ctl.c        ckptctl()
 *	           key.c        the checkpoint character of terminals
 *	           inject.c     for tests: failures on request
 *	           init.c       start-up: the hooks of lower floors
 *	           request.c    a request, from the call to the outcome
 *	           refuse.c     refusals: the one line that names the object
 *	save       tree.c       which processes; they are held at the boundary
 *	           members.c    the set of them, and their order in the image
 *	           save.c       gathers their state into a struct img_image
 *	           known.c      files that were met before
 *	           flush.c      files that must be on the disk before the image
 *	           fckpt.c      fckpt(), fckpt_child(): the forked checkpoint
 *	           commit.c     the image's file: temporary name, flush, rename
 *	           pages.c      pages, between frames and that file
 *	           can.c        ckptctl(): what keeps a process from being saved
 *	restore    recover.c    recover(), the caller's side
 *	           restore.c    restore_ckpt() builds the processes
 *	           trust.c      which images the superuser may believe
 *	           inplace.c    execve of an image; restore at every n-th call, for tests
 *	kinds      kind.h       what a kind of state is; state/kinds.c: their table
 *	           state/       one kind of state each, its save beside its restore
 *	format     image/       knows no kernel type
 *
 * What cannot be saved faithfully is refused by the kind that meets it:
 * ckpt_refuse() writes the one line that names the object, and its result is the
 * errno.
 */
#ifndef CKPT_CKPT_H
#define CKPT_CKPT_H

#include "ckpt/image/image.h"
#include "fs/file.h"
#include "kernel/lib/lock.h"
#include "kernel/lib/ratelimit.h"
#include "proc/proc.h"
#include "user/include/reprise/ckpt.h"

#define CKPT_SUFFIX "_ckpt"
#define CKPT_HOLD_NS (30 * NSEC_PER_SEC) /* the longest wait for processes to stand still */

/*
 * One request for a checkpoint: where to, how, with whose rights, and how it ended.
 * Shared by the process that takes the checkpoint (p_ckpt until the boundary finds
 * it there, p_ckptlast from then on), its fckpt child, and the processes that wait.
 *
 * Locks: rq_lock guards rq_done and rq_stats; p_lock of the process guards rq_taker.
 * rq_dvp is dropped once, when the outcome is known; rq_withdrawn is set once; the
 * rest is constant.
 */
struct ckpt_request {
	volatile u32 rq_ref;
	u32 rq_id;     /* different from every other request of this boot */
	char *rq_path; /* absolute, of the image: for messages, and for the name after its last slash */
	u32 rq_flags;	      /* CKPT_* */
	struct cred *rq_cred; /* the asker's: the image is made with these rights, and is the asker's */
	struct vnode *rq_dvp; /* the directory that the name is in: a reference, until the outcome is known */
	u64 rq_start; /* monotonic ns, when it was asked for */
	/* The terminal whose key asked, its session and its foreground group; NULL: a call asked. */
	struct tty *rq_tty;
	pid_t rq_sid, rq_pgrp;
	struct lwp *rq_taker; /* the lwp that takes the checkpoint just now; NULL: none */
	volatile bool rq_withdrawn; /* the asker waits no longer, so processes stand still for it no more */
	struct spinlock rq_lock;
	bool rq_done;
	struct ckpt_stats rq_stats;
};

/* rq_flags, inside the kernel. See cs_in_place() and cs_look(). */
#define CKPT_INPLACE 0x80000000u
#define CKPT_LOOK 0x40000000u

extern struct ratelimit ckpt_limit;   /* for messages that a user can cause */
extern const struct img_mem ckpt_mem; /* kmalloc, for images */

/*
 * refuse.c. Logs why an object is refused.
 * Returns: error. While the current lwp collects obstacles (l_ckptsink), the line
 * goes there, and the result is 0: go on.
 */
int ckpt_refuse(const char *name, int error, const char *fmt, ...) __printf(3, 4);
struct ckpt_sink;
/* can.c */
void ckpt_sink_line(struct ckpt_sink *s, const char *name, const char *text);

/* request.c. At start-up. */
void ckpt_request_init(void);
/* make: the current process asks for an image of that name; NULL: there will be none. -ENOENT, -ENOTDIR, -EACCES: its directory; -ENOMEM */
int ckpt_request_make(const char *name, u32 flags, struct ckpt_request **rqp);
/* The image's name in rq_dvp. */
const char *ckpt_request_name(const struct ckpt_request *rq);
void ckpt_request_rele(struct ckpt_request *rq);
/* The outcome is known: kept with the process, whoever waits is woken. */
void ckpt_request_finish(struct ckpt_request *rq, struct proc *p, int error);
/*
 * Waits for the outcome of p's request, which is the result. Cut short by a signal or a checkpoint it goes on through restart_syscall(2); a
 * process that is brought back in there gets 0: there is an image.
 */
int ckpt_request_wait(struct ckpt_request *rq, struct proc *p);
/*
 * The asker waits no longer: the request does not begin, or, as long as processes stand still for it, ends with -ECANCELED. A forked image
 * that is being written already is finished.
 */
void ckpt_request_withdraw(struct ckpt_request *rq, struct proc *p);
/* -ECANCELED once the request was withdrawn while the processes stand still. */
int ckpt_request_wanted(const struct ckpt_request *rq);
/* The last request that p found, with a reference. NULL: none */
struct ckpt_request *ckpt_request_last(struct proc *p);

/* The current lwp saves its process as rq says. caller: as cs_caller. */
int ckpt_take(struct ckpt_request *rq, struct lwp *caller);
/* Found at the boundary: P_CKPT. */
void ckpt_boundary(struct lwp *l);
void ckpt_exit(struct proc *p);
/* key.c. request: P_CKPTKEY becomes a request in p_ckpt of the current process. report: says at rq_tty how it ended; never waits. */
void ckpt_key_request(void);
void ckpt_key_report(const struct ckpt_request *rq);
void ckpt_key_init(void);
/* "name" of a call to the name of its image; kmalloc'd. -EFAULT, -ENAMETOOLONG, -ENOENT, -ENOMEM */
int ckpt_name(uaddr_t uname, char **namep);

int ckpt_fault(uaddr_t buf); /* inject.c: CKPTCTL_FAULT */

void ckpt_init(void);

#endif
