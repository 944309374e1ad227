/* SPDX-License-Identifier: MIT */
/*
 * A recovery in progress. The caller of recover() waits; the first process of
 * the image, hidden, does the work; the further processes build themselves.
 *
 *	caller                  first process           each further process
 *	------                  -------------           --------------------
 *	spawn_proc() ---------> restore_ckpt()
 *	waits                   reads and checks the image
 *	                        makes what is shared
 *	                        spawn_proc() ---------> restore_member()
 *	                        waits for RM_BUILT      builds itself
 *	                        builds itself <-------- RM_BUILT
 *	                        finds the ids           waits for the verdict
 *	  in place only:
 *	waits for CR_BUILT <--- CR_BUILT
 *	ends its other lwps
 *	CR_ALONE -------------> (CR_REFUSED: it cannot)
 *	                        reveal_commit()         the point of no return
 *	  in place only:
 *	waits for CR_SWAPPED <- CR_SWAPPED
 *	drops what it had
 *	CR_LEFT --------------> takes over
 *	                        RV_GO ----------------> takes over
 *	                        waits for RM_LEFT <---- RM_LEFT, goes on
 *	returns the pid <------ CR_DONE, runs its program
 *
 * If anything fails before the point of no return, the first process sets
 * RV_ABORT and CR_DONE, and the hidden processes exit unseen.
 *
 * Locks: none but those of the phases: each field is written by one process
 * before it sets the phase that the other processes wait for.
 */
#ifndef CKPT_RESTORE_H
#define CKPT_RESTORE_H

#include "ckpt/ckpt.h"
#include "ckpt/phase.h"

struct ckpt_save;

/* cr_phase, between the caller and the first process. */
enum recover_phase {
	CR_BUILDING,
	/* In place: all is built; the caller may end its other lwps */
	CR_BUILT,
	CR_REFUSED, /* the caller is exiting */
	CR_ALONE,   /* the caller has no other lwp */
	CR_SWAPPED, /* the caller belongs to the hidden process now */
	CR_LEFT,    /* the caller has dropped what its process had */
	CR_DONE,    /* cr_result is known; the caller frees the restore */
};
/* cr_verdict, from the first process to the others. */
enum recover_verdict { RV_NONE, RV_GO, RV_ABORT };
/* rm_phase, from a further process to the first. */
enum rmember_phase {
	RM_BUILDING,
	RM_BUILT, /* rm_result is known */
	RM_LEFT,  /* the process does not use the restore any more */
};

/* One of the processes that are restored. */
struct ckpt_rmember {
	struct ckpt_restore *rm_restore;
	const struct img_proc *rm_img;
	struct proc *rm_proc; /* hidden until the reveal */
	struct lwp **rm_lwps; /* by index in p_lwp */
	struct as *rm_as;     /* being built */
	/* its timers, until it is revealed (proc/ptimer.h) */
	struct list rm_timers;
	/* enum rmember_phase; unused in the first process */
	struct phase rm_phase;
	int rm_result; /* 0 or the errno of its own part */
};

#define CKPT_ROOTS 8u

/*
 * A root directory that a process has changed to: vnode r_index of the image.
 * r_vp: a reference, NULL until it is found.
 */
struct ckpt_root {
	u32 r_index;
	struct vnode *r_vp;
};

/*
 * Where the first process appears: as a child of the caller (recover.c), or in
 * place of the caller's process (inplace.c). All steps: 0, or an errno.
 */
struct ckpt_way {
	/* The image is checked: can it be restored in this way? Logs if not. */
	int (*w_check)(struct ckpt_restore *cr);
	/* Objects that still exist are taken over, before others are made. */
	int (*w_adopt)(struct ckpt_restore *cr);
	/* All is built, and the ids are known: the last step that may fail. */
	int (*w_agree)(struct ckpt_restore *cr);
	/* The processes have appeared. Cannot fail. */
	int (*w_appeared)(struct ckpt_restore *cr);
	/* The caller's part, by the caller, until CR_DONE. Cannot fail. */
	int (*w_caller)(struct ckpt_restore *cr);
};

/* A recovery. Belongs to the caller. */
struct ckpt_restore {
	const struct ckpt_way *cr_way;
	const char *cr_path;	/* absolute, of the image, for messages */
	struct file *cr_file;	/* the image */
	u32 cr_flags;		/* RECOVER_* */
	struct proc *cr_parent; /* the caller's process */
	/* The caller's no_new_privs: its children inherit it */
	bool cr_nonewprivs;
	/* The caller's: names are looked up there; a reference */
	struct vnode *cr_root;
	/* Roots below which names are looked up from there (st_root.c). */
	struct ckpt_root cr_rootv[CKPT_ROOTS];
	u32 cr_nroot;
	/* In place: cr_parent, which becomes the first process; else NULL */
	struct proc *cr_replace;
	/*
	 * In place at a system call: the save that has just ended; its objects
	 * still exist.
	 */
	struct ckpt_save *cr_save;
	struct img_image cr_img;
	struct ckpt_rmember *cr_member;
	/*
	 * The objects that the processes share, by place in the image's lists;
	 * references.
	 */
	struct file **cr_filev;
	struct file **cr_pipev; /* both ends, while open files are made */
	struct file **cr_ptyv;	/* the masters of pseudo terminals */
	struct vnode **cr_datav;
	/* By vnode of the image: */

	/* The vnode that was made for it; NULL: it is opened by name */
	struct vnode **cr_anew;
	/* The file was missing, and was made again under its name */
	bool *cr_made;
	/* A process executes it, so it must not have changed */
	bool *cr_program;
	/* A process may write it, so it may have changed */
	bool *cr_written;
	bool cr_stdio[3]; /* the descriptor gets the caller's open file */
	/* Monotonic ns: when the processes' time goes on */
	u64 cr_now;
	/*
	 * The terminal where the group of member cr_foreground was in the
	 * foreground; NULL: none.
	 */
	struct tty *cr_tty;
	u32 cr_foreground;
	struct phase cr_phase;	 /* enum recover_phase */
	struct phase cr_verdict; /* enum recover_verdict */
	long cr_result;		 /* pid or errno, once CR_DONE */
};

static inline const char *cr_vnode_path(const struct ckpt_restore *cr, u32 index)
{
	return cr->cr_img.i_vnode[index].v_path;
}

/*
 * The process that has the member's ids once they are known: in place, the
 * caller's process.
 */
static inline struct proc *rm_identity(const struct ckpt_rmember *rm)
{
	const struct ckpt_restore *cr = rm->rm_restore;

	return cr->cr_replace && rm == cr->cr_member ? cr->cr_replace : rm->rm_proc;
}

/*
 * recover.c. Restores cr_path's image from cr_file; cr_parent is the current
 * process.
 * Returns: the pid, or an errno. Sleeps.
 */
long ckpt_recover(struct ckpt_restore *cr);

/* restore.c. First routine of the first process. arg: struct ckpt_restore. */
void restore_ckpt(void *arg);

/*
 * trust.c. May the caller, if it is the superuser, believe what the image says
 * about the users of its processes?
 * Errors: -EPERM (logged).
 */
int ckpt_trust(struct ckpt_restore *cr);

/*
 * pages.c. Reads the stored pages of a list of runs, many at a time. take()
 * gets each page in order, once it is read and its checksum is right. at: its
 * r_va. take() takes over the reference unless it fails.
 */
typedef int (*ckpt_take_fn)(void *arg, u32 at, struct page *pg);
int ckpt_read_runs(struct ckpt_restore *cr, struct img_runs runs, ckpt_take_fn take, void *arg);
/* io_read of struct img_io, from a struct file. */
int image_file_read(void *ctx, u64 off, void *buf, u32 len);

#endif
