/* SPDX-License-Identifier: MIT */
/*
 * What the kinds of state ask of each other: mostly, of which vnode, object or
 * open file of the image something is, and how it is opened again. What the
 * facility asks of them stands in each kind's struct ckpt_kind.
 *
 * Errors: negative errno values; a refusal has been logged. Sleeps: all may.
 */
#ifndef CKPT_STATE_STATE_H
#define CKPT_STATE_STATE_H

#include "ckpt/kind.h"
#include "ckpt/restore.h"
#include "ckpt/save.h"
#include "proc/reveal.h"

struct procfs_about;
struct tty_state;
struct vattr;

extern const struct ckpt_kind st_vnode_kind, st_proc_kind, st_options_kind, st_root_kind,
	st_lwp_kind, st_signal_kind, st_timer_kind, st_mem_kind, st_vfork_kind, st_cow_kind,
	st_stats_kind, st_file_kind, st_spare_kind, st_lock_kind, st_pipe_kind, st_pty_kind,
	st_ptimer_kind, st_tty_kind, st_data_kind, st_about_kind, st_cred_kind;

/* ---- st_cred.c ---- */

/*
 * The current credentials with the ids that a process had; the caller decides
 * whether the process may have them.
 * Returns: a reference; NULL: no memory.
 */
struct cred *st_cred_make(const struct img_proc *ip);

/* ---- an lwp's parts, within st_lwp.c's save and restore ---- */

int st_lwp_signal_save(struct ckpt_save *cs, struct lwp *l, struct img_lwp *il);
int st_lwp_signal_restore(struct lwp *l, const struct img_lwp *il);
void st_lwp_options_save(const struct lwp *l, struct img_lwp *il);
void st_lwp_options_restore(const struct ckpt_restore *cr, struct lwp *l, const struct img_lwp *il);

/* ---- st_timer.c ---- */
/*
 * Converts the time left now to the time left at the instant of the image. 0:
 * the timer is off.
 */
u64 st_left_then(const struct ckpt_save *cs, u64 left);

/* The instant that lies `left` after the one at which time goes on. */
u64 st_instant(const struct ckpt_restore *cr, u64 left);

/* ---- st_mem.c ---- */

/* Which pages of cm_as are stored. cm_as stands still. */
int st_mem_pages(struct ckpt_save *cs, struct ckpt_member *cm);

/* ---- st_ref.c: references inside an image ---- */

/*
 * The owner of vnode `index`: of the processes that have the file open, the
 * first that is not the superuser's; else the first process.
 */
const struct img_proc *st_ref_owner(const struct ckpt_restore *cr, u32 index);
/*
 * Contents of vnode `index`; the vnode whose contents `data` are; the vnode of
 * pipe `index`, if it is a FIFO.
 * Returns: IMG_NONE: none.
 */
u32 st_ref_contents(const struct ckpt_restore *cr, u32 index);
u32 st_ref_name(const struct ckpt_restore *cr, u32 data);
u32 st_ref_pipe_name(const struct ckpt_restore *cr, u32 index);
/* Open file `index` is one of the caller's (RECOVER_STDIO). */
bool st_ref_stdio(struct ckpt_restore *cr, u32 index);
/* Drops the references of a list, and the list; v may be NULL. */
void st_ref_drop(struct file **v, u32 n);

/* ---- st_name.c: names of files ---- */

/* A regular file without a name: its contents are saved instead. */
bool st_name_none(struct vnode *vp);
/*
 * Finds a path to vp, which was opened by `path`, from the machine's root.
 * inside: a member has changed its root. *name: kmalloc'd; NULL: `path` itself
 * is right.
 * Errors: -ENOENT: no path is known; -ENOMEM, -EIO.
 */
int st_name_find(struct vnode *vp, const char *path, bool inside, char **name);
/* The same for a vnode that no process has opened. */
int st_name_of(struct vnode *vp, char **name);
/*
 * The file need not exist (CKPT_SELF): its contents are in the image, or do not
 * matter.
 */
bool st_name_spare(struct ckpt_restore *cr, u32 index);
/* The root of a process whose p_root is `index`: its own, or the caller's. */
struct vnode *st_name_root(const struct ckpt_restore *cr, u32 index);
/*
 * The directory from which the name of vnode `index` is looked up. *path: the
 * name from there; *oflags: gains O_NOLINKS if it contains no links.
 */
struct vnode *st_name_base(const struct ckpt_restore *cr, u32 index, const char **path, u32 *oflags);
/*
 * Opens a path for the process that is being built. "/dev/tty" is the caller's
 * terminal.
 */
int st_name_open(struct ckpt_restore *cr, const char *path, u32 flags, struct file **fp);
/*
 * The credentials with which the superuser makes, removes and looks up the name
 * of vnode `index`: those of the file's owner, so that the owner's rights
 * suffice. For another caller: its own.
 * Returns: a reference; NULL: no memory.
 */
struct cred *st_name_cred(struct ckpt_restore *cr, u32 index);

/* ---- st_vnode.c: files by name ---- */

/* Adds vp, which was opened by `path`, to the image. path NULL: by no path. */
int st_vnode_save(struct ckpt_save *cs, struct vnode *vp, const char *path, u32 *index);
/*
 * Opens vnode `index` with the caller's rights, and compares it with what was
 * saved. changing: the process itself wrote the file, so only its identity
 * counts.
 * Errors: -ENOENT, -EACCES; -ESTALE: another file, or a changed one. Logged,
 * but not for a spare vnode.
 */
int st_vnode_open(struct ckpt_restore *cr, u32 index, u32 oflags, bool changing, struct file **fp);
/* ---- st_ident.c: which file a vnode is ---- */

/* Fills in all but the path and IMG_VF_SPARE. */
void st_ident_fill(struct img_vnode *v, const struct vnode *vp, const struct vattr *va);
/*
 * Compares the file that was opened for vnode `index` with what was saved.
 * written: the processes may write the file.
 * Returns: how it differs; NULL: in nothing that matters.
 */
const char *st_ident_differs(const struct ckpt_restore *cr, u32 index, const struct vnode *vp,
			     const struct vattr *is, bool written);

/* ---- st_stats.c: owners and times of what has no name ---- */

void st_stats_removed(struct img_vnode *v, const struct vattr *va);
void st_stats_data(struct img_data *d, const struct vattr *va);
void st_stats_pipe(struct img_pipe *pi, const struct vattr *va);
/*
 * For cr_anew[index] alone: a working directory is made after the other vnodes.
 */
int st_stats_removed_restore(struct ckpt_restore *cr, u32 index);

/* ---- st_about.c: files of /proc about processes ---- */

int st_about_save(struct ckpt_save *cs, struct vnode *vp, const struct procfs_about *pa, u32 *index);
/* Makes the vnode for `index`. Its process is known once the ids are. */
int st_about_make(struct ckpt_restore *cr, u32 index, struct vnode **vpp);
/* May the caller open it like this? */
int st_about_access(struct ckpt_restore *cr, u32 index, u32 oflags);

/* ---- st_data.c: contents of shared memory and of files without a name ---- */

/* f NULL: it is mapped. */
int st_data_save(struct ckpt_save *cs, struct vnode *vp, struct file *f, u32 *index);
/* The bytes of a pipe: pages, taken over on success. */
int st_data_pipe(struct ckpt_save *cs, struct page **pg, u32 size, u32 *index);
/*
 * Calls fn for each stored page of object `index` in order; with `zeros`, also
 * for all other pages. len is less than a page at the end.
 */
typedef int (*ckpt_bytes_fn)(const void *bytes, u32 off, u32 len, void *arg);
int st_data_each(struct ckpt_restore *cr, u32 index, bool zeros, ckpt_bytes_fn fn, void *arg);
/* ckpt_bytes_fn for a vnode: writes the bytes into it. */
int st_data_put(const void *bytes, u32 off, u32 len, void *vp);

/* ---- st_pipe.c ---- */

int st_pipe_save(struct ckpt_save *cs, struct file *f, u32 *index);
/* Refuses the pipe of f: a process outside of the image has an end of it. */
int st_pipe_torn(struct ckpt_save *cs, struct file *f);
/* An open file of pipe `index` with these flags, and O_NONBLOCK. */
int st_pipe_open(struct ckpt_restore *cr, u32 index, u32 flags, struct file **fp);

/* ---- st_tty.c, st_pty.c: terminals ---- */

int st_tty_save(struct ckpt_save *cs, struct file *f, u32 *index);
/* Modes and size of a terminal: to the image, and from it. */
void st_tty_fill(struct img_tty *it, const struct tty_state *st);
/* sets them */
void st_tty_take(struct tty_state *st, const struct img_tty *it);
int st_tty_restore(struct ckpt_restore *cr, const struct img_tty *t, struct file *f);
/* The saved pseudo terminal (CO_PTY) that f is an end of; NULL: none. */
struct ckpt_object *st_pty_of(struct ckpt_save *cs, struct file *f);
int st_pty_save(struct ckpt_save *cs, struct ckpt_object *ob, struct file *f, u32 *index);
/*
 * Refuses the pseudo terminal of f: a process outside of the image has an end
 * of it.
 * Returns: 0: f is no end of a pseudo terminal.
 */
int st_pty_torn(struct ckpt_save *cs, struct file *f);
/* Opens the end of a pseudo terminal that fi describes. */
int st_pty_open(struct ckpt_restore *cr, const struct img_file *fi, struct file **fp);
/* All open files are made: hangs up the lines whose master had been closed. */
void st_pty_settle(struct ckpt_restore *cr);

#endif
