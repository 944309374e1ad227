/* SPDX-License-Identifier: MIT */
/*
 * The checkpoint facility: ckpt() and recover(), after the Kckpt facility of the UnixWare kernel.
 *
 *   ckpt.c      ckpt(), tckpt(): the calls, and what the boundary finds
 *   ctl.c       ckptctl()
 *   can.c       and what keeps a process from being saved
 *   request.c   who asked for what, and how it ended
 *   tree.c      which processes: one, or one with all its descendants; they are brought to a stand
 *   known.c     files that were met before
 *   members.c   the set of them: places, and the order of the image
 *   save.c      gathers their state into a struct img_image
 *   key.c       the checkpoint character of terminals
 *   fckpt.c     fckpt(), fckpt_child(): the forked checkpoint
 *   commit.c    the image's file: temporary name, flush, rename
 *   pages.c     what pages hold, between frames and that file
 *   inplace.c   execve of an image; the debug switch that saves and restores again and again
 *   recover.c   recover(): spawn_proc(..., restore_ckpt)
 *   restore.c   restore_ckpt() builds the processes in the paper's order
 *   trust.c     whose word an image is
 *   inject.c    for tests: failures on request
 *   st_*.c      one kind of state each, its save and its restore side by side
 *   image*      the format (image.h): knows no kernel type
 *
 * A save runs in an lwp of the first process, while all other lwps of all the processes stand at the boundary (proc_hold); a restore
 * runs in the new processes, which nobody can see until reveal_commit(). So neither needs locks of its own for what it reads
 * and builds; commit.c has one for the names being written.
 *
 * What cannot be saved faithfully is refused by the st_ file that meets it: ckpt_refuse() writes the one line that names the
 * object, and its result is the errno.
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
#define CKPT_HOLD_NS \
	(30 * NSEC_PER_SEC) /* a checkpoint waits so long for processes to come to a stand */

/*
 * One call for a checkpoint: where to, how, for whom; and how it ended. Shared by the process that takes it (p_ckpt until it is
 * found at the boundary, p_ckptlast from then on), its fckpt child, and whoever waits. rq_lock guards rq_done and rq_stats; p_lock of
 * the process guards rq_taker; rq_dvp is given up once, when the outcome is known; rq_withdrawn is set once; the rest is constant.
 */
struct ckpt_request {
	volatile u32 rq_ref;
	u32 rq_id;     /* tells it from every other in this boot */
	char *rq_path; /* absolute, of the image: for messages, and for the name after its last slash */
	u32 rq_flags;	      /* CKPT_* */
	struct cred *rq_cred; /* whoever asked: the image is made with these rights and belongs to them */
	struct vnode *rq_dvp; /* the directory that the name is in: a reference, until the outcome is known */
	u64 rq_start; /* monotonic ns, when it was asked for */
	struct tty *rq_tty; /* asked for at this terminal, of session rq_sid, in its foreground; NULL: by a call */
	pid_t rq_sid, rq_pgrp;
	struct lwp *rq_taker; /* takes the checkpoint just now; NULL: none */
	volatile bool rq_withdrawn; /* whoever waited for it does so no longer: processes stand still for it no more */
	struct spinlock rq_lock;
	bool rq_done;
	struct ckpt_stats rq_stats;
};

/* One of the processes that are saved. */
struct ckpt_member {
	struct proc *cm_proc; /* a reference */
	u32 cm_next;	      /* in the chain of cs_bucket; IMG_NONE: the last */
	u32 cm_parent;	      /* its parent's place among the members; IMG_NONE: not one of them */
	bool cm_held;
	bool cm_zombie;
	bool cm_barred; /* only looked at, and it may not be saved: nothing of it is told */
	struct img_proc *cm_img; /* its place in cs_img */
	struct fdtab *cm_fdtab;	 /* its descriptors */
	struct as *cm_as; /* whose pages are written: the process's own, or a copy-on-write copy of it */
	bool cm_copied;	   /* cm_as is a copy, to be released */
	u32 cm_cow_before; /* forked: pages copied on write before */
};

/* A pipe, and contents without a name, that the members use; by their places in cs_img. */
struct ckpt_pipe {
	struct vnode *cp_vp;
	u32 cp_files; /* descriptions of it that were met */
};

/* A pseudo terminal whose master the members have, or that is hung up since nobody has. */
struct ckpt_pty {
	struct tty *cy_tty;
	u32 cy_index; /* in i_tty; IMG_NONE: no description of it was met yet */
	u32 cy_files; /* descriptions of the slave that were met */
};

struct ckpt_data {
	struct vnode *cd_vp; /* a reference; NULL: a pipe's bytes */
	bool cd_nameless; /* nothing but the members has it: cd_refs must be all of its references */
	bool cd_open; /* its pages are those of the file, which others may write while the image is written */
	u32 cd_refs;	       /* references on cd_vp of segs and descriptions that were met */
	struct page **cd_page; /* what is stored of it, in order; a reference each */
	u32 cd_npage;
};

/* A file that was met by a path (known.c), and its place in i_vnode. */
struct ckpt_known {
	const struct vnode *ck_vp;
	char *ck_path; /* NULL: by none */
	u32 ck_index, ck_next;
};

#define CKPT_BUCKETS 256u

/* A save in progress. */
struct ckpt_save {
	struct ckpt_request *cs_req;
	struct lwp *cs_caller; /* who called ckpt(): sees 1 when recovered; NULL: nobody did */
	struct img_image cs_img;
	struct ckpt_member *cs_member; /* [0] is the process that was asked for */
	u32 cs_nmember;
	u32 cs_bucket[CKPT_BUCKETS]; /* the first members of the chains of members.c */
	struct ckpt_known *cs_known;
	u32 cs_nknown, cs_knownat[CKPT_BUCKETS];
	u64 cs_deadline;       /* monotonic ns: until then the members are waited for */
	struct file **cs_file; /* open file descriptions by their places in i_file; references */
	struct ckpt_pipe *cs_pipe;
	struct ckpt_pty *cs_pty;
	struct ckpt_data *cs_data;
	struct vnode **cs_gone; /* removed directories and FIFOs, by v_ino - 1 of their vnodes; the processes have the references */
	struct ckpt_owners *cs_owners; /* of frames, while pages are listed; NULL: there is one process */
	u32 cs_nfile, cs_npipe, cs_npty, cs_ndata, cs_ngone;
	bool cs_jailed; /* one of them has changed its root */
	/* The file with a name that a seg mapped last, and its place in the image; the processes have the reference. NULL: none. */
	struct vnode *cs_mapped;
	u32 cs_mappedindex;
	struct vnode **cs_flush; /* files that the processes have written; references */
	u32 cs_nflush;
};

/* CKPT_SELF: what is in files is in the image too. */
static inline bool cs_self(const struct ckpt_save *cs)
{
	return (cs->cs_req->rq_flags & CKPT_SELF) != 0;
}

/* What was left until a deadline at the one instant that the image shows: all clocks and timers in it agree. */
static inline u64 cs_left(const struct ckpt_save *cs, u64 deadline)
{
	return deadline > cs->cs_img.i_ident.id_mono_ns ? deadline - cs->cs_img.i_ident.id_mono_ns : 0;
}

/* Memory and descriptors that several have are saved with the first of them. */
static inline bool cm_has_memory(const struct ckpt_save *cs, const struct ckpt_member *cm)
{
	return img_mem_of(&cs->cs_img, cm->cm_img) == cm->cm_img;
}
static inline bool cm_has_fds(const struct ckpt_save *cs, const struct ckpt_member *cm)
{
	return img_fds_of(&cs->cs_img, cm->cm_img) == cm->cm_img;
}

static inline const char *cs_name(const struct ckpt_save *cs)
{
	return cs->cs_member[0].cm_proc->p_comm;
}

enum ckpt_verdict { CR_BUILDING, CR_GO, CR_ABORT };

/* One of the processes that are being brought back. */
struct ckpt_rmember {
	struct ckpt_restore *rm_restore;
	const struct img_proc *rm_img;
	struct proc *rm_proc;	/* hidden until the reveal */
	struct lwp **rm_lwps;	/* by index in p_lwp; [0] is the process's first */
	struct as *rm_as;	/* being built */
	int rm_result;		/* of its own part (cr_lock) */
	bool rm_built, rm_left; /* rm_result is known; it will not look at this any more (cr_lock) */
};

#define CKPT_ROOTS 8u

/* A changed root that is known to the image as vnode r_index. r_vp: a reference, NULL until it is found. */
struct ckpt_root {
	u32 r_index;
	struct vnode *r_vp;
};

/* A restore in progress. Belongs to the caller of recover(), who waits until cr_done. */
struct ckpt_restore {
	const char *cr_path;  /* absolute, of the image, for messages */
	struct file *cr_file; /* the image */
	u32 cr_flags;	      /* RECOVER_* */
	struct proc *cr_parent;
	bool cr_nonewprivs; /* the caller has PR_SET_NO_NEW_PRIVS: so has everything that it brings back */
	struct vnode *cr_root; /* the caller's: all names are looked up from there. A reference */
	struct ckpt_root cr_rootv[CKPT_ROOTS]; /* the changed ones of those who come back: names below are looked up from there */
	u32 cr_nroot;
	/* In place: cr_parent itself becomes what the image says. cr_save: it is what was saved a moment ago, and shared objects are still there. */
	bool cr_replace;
	struct ckpt_save *cr_save;
	struct img_image cr_img;
	struct ckpt_rmember *cr_member;
	/* What they share, by place in the image. Descriptions and objects are made once, with the caller's rights. */
	struct file **cr_filev, **cr_pipev; /* cr_pipev: of both ends, while they are opened */
	struct file **cr_ptyv;		    /* the masters of pseudo terminals */
	/* What was made anew, by its vnode: removed directories and FIFOs, files about processes, files that were gone (cr_made). */
	struct vnode **cr_anew;
	bool *cr_made;	  /* the file was not there, and was made again */
	bool *cr_program; /* by vnode, too: one of them executes it, so it must not have changed */
	bool *cr_written; /* by vnode, too: one of them may write it, so it may be another than it was */
	bool cr_stdio[3]; /* the description of this descriptor is the caller's */
	struct vnode **cr_datav;
	u64 cr_now;	    /* monotonic: when time went on for them */
	struct tty *cr_tty; /* the group of member cr_foreground had it in the foreground; NULL: none */
	u32 cr_foreground;
	/*
	 * The outcome, under cr_lock. Channels: cr for the caller and the first process; &cr_verdict for the other processes, each of
	 * which is waited for by its own member: so that no process wakes all the others.
	 */
	struct spinlock cr_lock;
	enum ckpt_verdict cr_verdict;
	bool cr_built;		 /* in place: all is there, the caller may end its other lwps */
	enum ckpt_verdict cr_go; /* and says so */
	bool cr_replaced; /* in place: the caller is no longer in its process, and lets go of what that was */
	bool cr_left; /* and says so */
	bool cr_done;
	long cr_result; /* pid or errno */
};

static inline const char *cr_vnode_path(const struct ckpt_restore *cr, u32 index)
{
	return cr->cr_img.i_vnode[index].v_path;
}

/* Opens a name for the process that is being built; "/dev/tty" is the caller's terminal. */
int cr_open(struct ckpt_restore *cr, const char *path, u32 flags, struct file **fp);

extern struct ratelimit ckpt_limit;   /* for messages that a user can cause */
extern const struct img_mem ckpt_mem; /* kmalloc, for images */

/* can.c: CKPTCTL_CAN, the number of obstacles; volatiles: CKPTCTL_VOLATILE, of files that a restart of the machine takes away. */
long ckpt_can(struct proc *p, uaddr_t buf, bool volatiles);
/* A file that the image will depend on, when it is met first: for CKPTCTL_VOLATILE. */
void ckpt_sink_file(const struct ckpt_save *cs, const struct vnode *vp, const char *path);
struct ckpt_sink;
void ckpt_sink_line(struct ckpt_sink *s, const char *name, const char *text);

/* Logs why something is refused; returns error. For a current lwp with l_ckptsink it is noted there, and the result is 0: go on. */
int ckpt_refuse(const char *name, int error, const char *fmt, ...) __printf(3, 4);

/* rq_flags, inside the kernel: the image is for the process itself, in place; what it shares with others need not be in it. */
#define CKPT_INPLACE 0x80000000u
/* There will be no image: what could be refused is looked at, of processes that go on. */
#define CKPT_LOOK 0x40000000u

/* Room for one more behind the n elements of list, which may move; NULL: out of memory. For lists that begin empty and only grow. */
void *ckpt_room(void *list, u32 n, u32 size);
#define CKPT_GROW(list, n)                                      \
	({                                                      \
		void *_l = ckpt_room(list, n, sizeof(*(list))); \
		_l ? ((list) = _l, &(list)[(n)++]) : NULL;      \
	})

/*
 * Each kind of state: save fills cm_img (or what the members share) from held processes; restore makes the current, hidden process rm
 * (or what they share) have it. Errors: negative errno; a refusal has been logged. All may sleep.
 */
int st_proc_save(struct ckpt_save *cs, struct ckpt_member *cm);
int st_proc_restore(struct ckpt_rmember *rm);
/* A zombie: all that there is of it, at once. */
int st_zombie_save(struct ckpt_save *cs, struct ckpt_member *cm);
int st_zombie_restore(struct ckpt_rmember *rm);
int st_lwp_save(struct ckpt_save *cs, struct ckpt_member *cm);
int st_lwp_restore(struct ckpt_rmember *rm);
void st_lwp_start(struct ckpt_rmember *rm);
void st_lwp_discard(struct ckpt_rmember *rm);
int st_cred_restore(struct ckpt_rmember *rm); /* after all that is opened by name */
/* Cannot fail: those of a process, also of a zombie; of an lwp. */
void st_options_save(const struct ckpt_member *cm);
void st_options_restore(struct proc *p, const struct img_proc *ip);
void st_options_save_lwp(const struct lwp *l, struct img_lwp *il);
void st_options_restore_lwp(const struct ckpt_restore *cr, struct lwp *l, const struct img_lwp *il);
/*
 * vfork(2) under way (st_vfork.c). save: all members have their lwps in the image; refused: a child that is waited for is no member. restore: at
 * the commit, the lwps wait for the children again.
 */
int st_vfork_save(struct ckpt_save *cs);
void st_vfork_restore(struct ckpt_restore *cr);
int st_lwp_signal_save(struct ckpt_save *cs, struct lwp *l, struct img_lwp *il);
int st_lwp_signal_restore(struct lwp *l, const struct img_lwp *il);
int st_signal_save(struct ckpt_save *cs, struct ckpt_member *cm);
int st_signal_restore(struct ckpt_rmember *rm);
int st_timer_save(struct ckpt_save *cs, struct ckpt_member *cm);
int st_timer_restore(struct ckpt_rmember *rm);
void st_timer_start(struct ckpt_rmember *rm); /* by the process, when it is seen */
/* Before they are seen: from this instant on time goes on for all of them. */
void st_clock_start(struct ckpt_restore *cr);
/* The segments; and like st_file_save(), nothing of one who has them together with one before it. */
int st_mem_save(struct ckpt_save *cs, struct ckpt_member *cm);
int st_mem_pages(struct ckpt_save *cs, struct ckpt_member *cm); /* which pages of cm_as are to be stored: it must stand still */
int st_mem_restore(struct ckpt_rmember *rm);
int st_file_save(struct ckpt_save *cs, struct ckpt_member *cm);
int st_file_restore(struct ckpt_restore *cr); /* the descriptions */
/* When all are met: has a process that is not saved description `index`, too? */
bool st_file_outside(struct ckpt_save *cs, u32 index);
int st_fd_restore(struct ckpt_rmember *rm);		/* and one process's descriptors */
bool st_file_taken(struct ckpt_restore *cr, u32 index); /* description `index` is one of the caller's */
int st_tty_save(struct ckpt_save *cs, struct file *f, u32 *index);
struct tty_state;
void st_tty_fill(struct img_tty *it, const struct tty_state *st); /* modes and size */
void st_tty_take(struct tty_state *st, const struct img_tty *it); /* the reverse */
int st_tty_restore(struct ckpt_restore *cr, const struct img_tty *t, struct file *f);
void st_tty_modes(struct ckpt_restore *cr); /* after the commit: what others see too */

/*
 * Pseudo terminals (st_pty.c). Found before descriptions are met; of is the one of ours that f is an end of, or NULL; when all are met, what is in them.
 */
int st_pty_find(struct ckpt_save *cs);
struct ckpt_pty *st_pty_of(struct ckpt_save *cs, struct file *f);
int st_pty_save(struct ckpt_save *cs, struct ckpt_pty *cy, struct file *f, u32 *index);
int st_pty_finish(struct ckpt_save *cs);
int st_pty_restore(struct ckpt_restore *cr);
/* A description of the end that fi is of. */
int st_pty_open(struct ckpt_restore *cr, const struct img_file *fi, struct file **fp);
void st_pty_settle(struct ckpt_restore *cr); /* all are open: lines whose master had gone are hung up */
void st_pty_commit(struct ckpt_restore *cr); /* their sessions, once those have their ids */
struct tty *st_pty_tty(struct ckpt_restore *cr, u32 tty); /* pseudo terminal `tty`, IMG_NONE or another terminal: NULL */
int st_lock_save(struct ckpt_save *cs);
int st_lock_restore(struct ckpt_restore *cr);

/* Pipes: met as a description of one is; when all are met, their other ends and their bytes. */
int st_pipe_save(struct ckpt_save *cs, struct file *f, u32 *index);
int st_pipe_finish(struct ckpt_save *cs);
int st_pipe_restore(struct ckpt_restore *cr);
bool st_pipe_named(const struct ckpt_restore *cr, u32 index); /* it is a FIFO */
/* A description of pipe `index` with these flags, O_NONBLOCK in any case. */
int st_pipe_open(struct ckpt_restore *cr, u32 index, u32 flags, struct file **fp);

/* Contents: shared memory and files without a name (st_data.c). f NULL: it is mapped. */
int st_data_save(struct ckpt_save *cs, struct vnode *vp, struct file *f, u32 *index);
/* The bytes of a pipe: n pages, taken over on success. */
int st_data_pipe(struct ckpt_save *cs, struct page **pg, u32 size, u32 *index);
int st_data_finish(struct ckpt_save *cs, bool copy);
int st_data_restore(struct ckpt_restore *cr);
/* Calls fn for each stored page of object `index`, and with `zeros` for all the others too, in order; len is less than a page at the end. */
typedef int (*ckpt_bytes_fn)(const void *bytes, u32 off, u32 len, void *arg);
int st_data_each(struct ckpt_restore *cr, u32 index, bool zeros, ckpt_bytes_fn fn, void *arg);

/* Roots (st_root.c). save: looks whose are changed, before all that has a name. find: the image is read; the same there. drop: at the
 * end. */
int st_root_save(struct ckpt_save *cs);
int st_root_find(struct ckpt_restore *cr);
void st_root_drop(struct ckpt_restore *cr);
/* The root that a process has whose p_root is `index`: a changed one, or the caller's. */
struct vnode *st_root_of(const struct ckpt_restore *cr, u32 index);
/* Where the name of vnode `index` is looked up, what is left of it then, and O_NOLINKS if it has no links. */
struct vnode *st_root_base(const struct ckpt_restore *cr, u32 index, const char **path, u32 *oflags);

/* Owners and times of what has no name (st_stats.c). restore: when all of it is made, with its contents. */
struct vattr;
void st_stats_removed(struct img_vnode *v, const struct vattr *va);
void st_stats_data(struct img_data *d, const struct vattr *va);
void st_stats_pipe(struct img_pipe *pi, const struct vattr *va);
int st_stats_restore(struct ckpt_restore *cr);
int st_stats_removed_restore(struct ckpt_restore *cr, u32 index); /* of cr_anew[index] alone: a working directory is made later */

/* Files that the processes depend on (st_vnode.c): their identity, and the same file again at recovery. */
int st_vnode_save(struct ckpt_save *cs, struct vnode *vp, const char *path, u32 *index);
/*
 * Which file vp is (st_ident.c): all but path and IMG_VF_SPARE. differs: how the file that was opened for vnode `index` differs from what
 * it was; NULL: in nothing that matters. written: the processes may write it.
 */
void st_ident_fill(struct img_vnode *v, const struct vnode *vp, const struct vattr *va);
const char *st_ident_differs(const struct ckpt_restore *cr, u32 index, const struct vnode *vp,
			     const struct vattr *is, bool written);
void st_vnode_written(struct ckpt_restore *cr); /* fills in cr_written and cr_program */
/*
 * Files whose contents the image holds (st_spare.c): each is found, made again, or replaced by the image's copy, in cr_anew; uncreate: it has failed,
 * what was made goes. name: the vnode whose contents `data` are, IMG_NONE: none.
 */
int st_spare_restore(struct ckpt_restore *cr);
void st_spare_uncreate(struct ckpt_restore *cr);
/* The contents of vnode `index`; IMG_NONE: the image has none. */
u32 st_spare_data(const struct ckpt_restore *cr, u32 index);
u32 st_spare_name(const struct ckpt_restore *cr, u32 data);
/* The superuser acts as the owner of a file, lest something is done with its name that he could not do. NULL: no memory. caller: ends that */
struct cred *st_as_owner(struct ckpt_restore *cr, u32 index);
void st_as_caller(struct ckpt_restore *cr, struct cred *cred);
/* The current credentials with the ids that a process had: whether they may be given is the caller's to know. NULL: no memory */
struct cred *st_cred_make(const struct img_proc *ip);
bool st_vnode_nameless(struct vnode *vp);
/* known.c. known: vp was met by this path before, and is vnode *index. know: remember it (-ENOMEM). forget: at the end of the save. */
bool ckpt_known(struct ckpt_save *cs, const struct vnode *vp, const char *path, u32 *index);
int ckpt_know(struct ckpt_save *cs, const struct vnode *vp, const char *path, u32 index);
void ckpt_forget(struct ckpt_save *cs);
bool st_vnode_spare(struct ckpt_restore *cr, u32 index);
/* Opens vnode `index` of the image under the caller's rights and compares it with what it was. `changing`: the process itself wrote it, so
 * only which file it is counts. -ENOENT, -EACCES, -ESTALE (another file, or changed): logged, unless it is IMG_VF_SPARE. */
int st_vnode_open(struct ckpt_restore *cr, u32 index, u32 oflags, bool changing, struct file **fp);

/* The name that leads to vp from the machine's root, whoever asks; kmalloc'd. -ENOENT: none is known */
int st_vnode_name(struct vnode *vp, char **name);

/*
 * Files of /proc about processes (st_about.c). make: the vnode for `index`, which is about nobody yet. access: may the caller open it so? bind: once all have
 * their ids, and before anybody sees them.
 */
struct procfs_about;
int st_about_save(struct ckpt_save *cs, struct vnode *vp, const struct procfs_about *pa, u32 *index);
int st_about_make(struct ckpt_restore *cr, u32 index, struct vnode **vpp);
int st_about_access(struct ckpt_restore *cr, u32 index, u32 oflags);
void st_about_bind(struct ckpt_restore *cr);

/* The file is flushed before the image gets its name. -ENOMEM */
int ckpt_flush_later(struct ckpt_save *cs, struct vnode *vp);
/* The same for a file that the processes may write; what they, or others, change of it from now on is counted. Before its attributes are looked at. */
int ckpt_write_later(struct ckpt_save *cs, struct vnode *vp);

/*
 * tree.c: fills cs_member with the current process, and with CKPT_TREE all its descendants, zombies too, with CKPT_JOB its group, with
 * CKPT_SESSION its session, and holds them. All or none.
 * Errors: of may_save (-EPERM...); -EBUSY; -E2BIG; -ENOMEM; -EINTR, -ECANCELED, -ETIMEDOUT: the wait was given up (logged).
 */
int ckpt_hold(struct ckpt_save *cs);
void ckpt_release(struct ckpt_save *cs);
/* The same for p; with CKPT_LOOK the processes are only found, and go on. */
int ckpt_find(struct ckpt_save *cs, struct proc *p);

/*
 * members.c. add takes over the reference on p, also on failure (-ENOMEM, -E2BIG); drop gives it up, and puts the last member in the place.
 * place: of p among the members; IMG_NONE: it is none. order: the order of the image (-ENOMEM).
 */
void ckpt_members_init(struct ckpt_save *cs);
int ckpt_member_add(struct ckpt_save *cs, struct proc *p, u32 parent);
void ckpt_member_drop(struct ckpt_save *cs, u32 i);
u32 ckpt_place(const struct ckpt_save *cs, const struct proc *p);
static inline bool ckpt_is_member(const struct ckpt_save *cs, const struct proc *p)
{
	return ckpt_place(cs, p) != IMG_NONE;
}
int ckpt_members_order(struct ckpt_save *cs);

/* save.c */
struct ckpt_save *ckpt_save_make(struct ckpt_request *rq, struct lwp *caller);
void ckpt_save_free(struct ckpt_save *cs);
/* The state of the held members, all but which of their pages are stored. copy: what they go on to change is copied. */
int ckpt_gather(struct ckpt_save *cs, bool copy);
int ckpt_pages(struct ckpt_save *cs);
/*
 * With whom of the members before it cm has its memory (cm_as) and its descriptors (cm_fdtab) together, for cm_img. Refused: with somebody who is none;
 * or it has children that would be missing.
 */
int ckpt_check_sharing(struct ckpt_save *cs, struct ckpt_member *cm);
/* The references on open files and contents; ckpt_gather() has dropped them, but for CKPT_INPLACE. */
void ckpt_drop_objects(struct ckpt_save *cs);

/* commit.c: lays the image out and writes it under the request's name in rq_dvp, with its rights. */
int ckpt_commit(struct ckpt_save *cs, struct ckpt_stats *st);
/* Calls fn for every stored page of the image, in order; stops at the first error. */
int ckpt_each_page(struct ckpt_save *cs, int (*fn)(struct page *pg, u32 index, void *arg), void *arg);

/*
 * pages.c. The image's file being written: v_lock is held from begin to end (fs/frames.h), so that it is written and read by these alone. Pages are only
 * started, each offset once; their contents must not change until the end, which waits for all, and tells the first error of any. `error`: something else
 * has failed already.
 */
struct ckpt_out;
int ckpt_out_begin(struct vnode *vp, struct ckpt_out **outp);
int ckpt_out_page(struct ckpt_out *out, u64 off, struct page *pg); /* the frame itself */
int ckpt_out_write(void *ctx, u64 off, const void *buf, u32 len); /* io_write of struct img_io: a copy */
int ckpt_out_end(struct ckpt_out *out, int error);
/*
 * The reverse: the stored pages of a list of runs, many at a time. Each, once it has come and its sum is right, is given to take(), in order; at: its
 * r_va. take() takes over the reference unless it fails.
 */
typedef int (*ckpt_take_fn)(void *arg, u32 at, struct page *pg);
int ckpt_read_runs(struct ckpt_restore *cr, struct img_runs runs, ckpt_take_fn take, void *arg);
/* io_read of struct img_io, from a struct file. */
int image_file_read(void *ctx, u64 off, void *buf, u32 len);

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
/* fckpt.c: makes a copy-on-write child that will go on with cs, and owns it from its start (lwp_start) on. The members are held. */
int fckpt(struct ckpt_save *cs, struct proc **childp);

/* "name" of a call to the name of its image; kmalloc'd. -EFAULT, -ENAMETOOLONG, -ENOENT, -ENOMEM */
int ckpt_name(uaddr_t uname, char **namep);

/* Reads cr_path's image from cr_file; cr_parent is the current process. The pid or an errno. May sleep. */
long ckpt_recover(struct ckpt_restore *cr);
/* trust.c: may the caller, if it is the superuser, take the image's word for whose processes these are? -EPERM: logged */
int ckpt_trust(struct ckpt_restore *cr);
/* First routine of a process that is brought back; arg is the struct ckpt_restore. */
void restore_ckpt(void *arg);

int ckpt_fault(uaddr_t buf); /* inject.c: CKPTCTL_FAULT */

void ckpt_init(void);

#endif
