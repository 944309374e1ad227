/* SPDX-License-Identifier: MIT */
/*
 * The checkpoint facility: ckpt() and recover(), after the Kckpt facility of the UnixWare kernel.
 *
 *   ckpt.c      ckpt(), tckpt(): hold the process, gather its state, write and commit the image
 *   request.c   who asked for what, and how it ended
 *   fckpt.c     fckpt(), fckpt_child(): the forked checkpoint
 *   recover.c   recover(): spawn_proc(..., restore_ckpt); restore_ckpt() builds the process in the paper's order
 *   commit.c    the image's file: temporary name, flush, rename
 *   st_*.c      one kind of state each, its save and its restore side by side
 *   image*      the format (image.h): knows no kernel type
 *
 * A save runs in an lwp of the process while all its other lwps stand at the boundary (proc_hold); a restore runs in the
 * new process, which nobody can see until proc_reveal(). So neither needs locks of its own for what it reads and
 * builds; commit.c has one for the names being written.
 *
 * What cannot be saved faithfully is refused by the st_ file that meets it: ckpt_refuse() writes the one line that names the
 * object, and its result is the errno.
 */
#ifndef CKPT_CKPT_H
#define CKPT_CKPT_H

#include "ckpt/image.h"
#include "fs/file.h"
#include "kernel/lib/lock.h"
#include "proc/proc.h"
#include "user/include/reprise/ckpt.h"

#define CKPT_SUFFIX "_ckpt"

/*
 * One call for a checkpoint: where to, how, for whom; and how it ended. Shared by the process that takes it (p_ckpt until it is
 * found at the boundary), its fckpt child, and whoever waits. rq_lock guards rq_done and rq_stats; the rest is constant.
 */
struct ckpt_request {
	volatile u32 rq_ref;
	char *rq_path;	      /* absolute, of the image */
	u32 rq_flags;	      /* CKPT_* */
	struct cred *rq_cred; /* whoever asked: the image is made with these rights and belongs to them */
	u64 rq_start;	      /* monotonic ns, when it was asked for */
	struct spinlock rq_lock;
	bool rq_done;
	struct ckpt_stats rq_stats;
};

/* A save in progress. */
struct ckpt_save {
	struct ckpt_request *cs_req;
	struct proc *cs_proc;  /* the process that is saved; a reference */
	struct lwp *cs_caller; /* who called ckpt(): sees 1 when recovered; NULL: nobody did */
	struct as *cs_as; /* whose pages are written: the process's own, or the fckpt child's copy */
	u32 cs_cow_before; /* forked: pages copied on write before */
	struct img_image cs_img;
	struct file **cs_files; /* open file descriptions by index in i_file, while the process is held */
	u32 cs_nfiles;
	struct vnode **cs_flush; /* files that the process has written; references */
	u32 cs_nflush, cs_maxflush;
};

/* A restore in progress. Belongs to the caller of recover(), who waits until cr_done. */
struct ckpt_restore {
	const char *cr_path;  /* absolute, of the image, for messages */
	struct file *cr_file; /* the image */
	u32 cr_flags;
	struct proc *cr_parent;
	struct img_image cr_img;
	struct lwp **cr_lwps; /* by index in i_lwp; [0] is the new process's first */
	struct as *cr_as;     /* being built */
	/* The outcome, under cr_lock. */
	struct spinlock cr_lock;
	bool cr_done;
	long cr_result; /* pid or errno */
};

extern const struct img_mem ckpt_mem; /* kmalloc, for images */

/* Logs why something is refused; returns error. */
int ckpt_refuse(const char *name, int error, const char *fmt, ...) __printf(3, 4);

/*
 * Each kind of state: save fills cs_img from the held process; restore makes the current, hidden process have it. Errors: negative errno; a
 * refusal has been logged. All may sleep.
 */
int st_proc_save(struct ckpt_save *cs);
int st_proc_restore(struct ckpt_restore *cr);
int st_lwp_save(struct ckpt_save *cs);
int st_lwp_restore(struct ckpt_restore *cr);
void st_lwp_start(struct ckpt_restore *cr);
void st_lwp_discard(struct ckpt_restore *cr);
int st_cred_restore(struct ckpt_restore *cr); /* after all that is opened by name */
int st_lwp_signal_save(struct ckpt_save *cs, struct lwp *l, struct img_lwp *il);
int st_lwp_signal_restore(struct ckpt_restore *cr, struct lwp *l, const struct img_lwp *il);
int st_signal_save(struct ckpt_save *cs);
int st_signal_restore(struct ckpt_restore *cr);
int st_mem_save(struct ckpt_save *cs); /* the segments */
int st_mem_pages(struct ckpt_save *cs); /* which pages of cs_as are to be stored: cs_as must stand still */
int st_mem_restore(struct ckpt_restore *cr);
int st_file_save(struct ckpt_save *cs);
int st_file_restore(struct ckpt_restore *cr);
int st_tty_save(struct ckpt_save *cs, struct file *f, u32 *index);
int st_tty_restore(struct ckpt_restore *cr, const struct img_tty *t, struct file *f);

/* Files that the process depends on (st_vnode.c): their identity, and the same file again at recovery. */
int st_vnode_save(struct ckpt_save *cs, struct vnode *vp, const char *path, u32 *index);
/* Opens vnode `index` of the image under the caller's rights and compares it with what it was. `changing`: the process itself wrote it, so
 * only which file it is counts. -ENOENT, -EACCES, -ESTALE (another file, or changed): logged. */
int st_vnode_open(struct ckpt_restore *cr, u32 index, u32 oflags, bool changing, struct file **fp);

/* The file is flushed before the image gets its name. -ENOMEM */
int ckpt_flush_later(struct ckpt_save *cs, struct vnode *vp);

/* commit.c: lays the image out and writes it under the request's path, with its rights; the pages are cs_as's. */
int ckpt_commit(struct ckpt_save *cs, struct ckpt_stats *st);
/* Calls fn for every stored page of the image, in order; stops at the first error. */
int ckpt_each_page(struct ckpt_save *cs, int (*fn)(struct page *pg, u32 index, void *arg), void *arg);

/* request.c. make: the current process asks; path is taken over, also on failure. */
int ckpt_request_make(char *path, u32 flags, struct ckpt_request **rqp);
void ckpt_request_rele(struct ckpt_request *rq);
/* The outcome is known: kept with the process, whoever waits is woken. */
void ckpt_request_finish(struct ckpt_request *rq, struct proc *p, int error);
int ckpt_request_wait(struct ckpt_request *rq); /* its outcome; -EINTR: the caller is dying */

/* The current lwp saves its process as rq says. caller: as cs_caller. */
int ckpt_take(struct ckpt_request *rq, struct lwp *caller);
/* Found at the boundary: P_CKPT. */
void ckpt_boundary(struct lwp *l);
void ckpt_exit(struct proc *p);
/* fckpt.c: makes a copy-on-write child that will go on with cs, and owns it from its start (lwp_start) on. The process is held. */
int fckpt(struct ckpt_save *cs, struct proc **childp);
void ckpt_save_free(struct ckpt_save *cs);

/* "name" of a call to the absolute path of its image; kmalloc'd. -EFAULT, -ENAMETOOLONG, -ENOENT, -ENOMEM */
int ckpt_path(uaddr_t uname, char **path);

/* First routine of a process that is brought back; arg is the struct ckpt_restore. */
void restore_ckpt(void *arg);

void ckpt_init(void);

#endif
