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
	st_tty_kind, st_data_kind, st_about_kind, st_cred_kind;

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

/* The instant that lies `left` after the one at which time goes on. */
u64 st_instant(const struct ckpt_restore *cr, u64 left);

/* ---- st_mem.c ---- */

/* Which pages of cm_as are stored. cm_as stands still. */
int st_mem_pages(struct ckpt_save *cs, struct ckpt_member *cm);

/* ---- st_vnode.c: files by name ---- */

/* Adds vp, which was opened by `path`, to the image. path NULL: by no path. */
int st_vnode_save(struct ckpt_save *cs, struct vnode *vp, const char *path, u32 *index);
/* A regular file without a name: its contents are saved instead. */
bool st_vnode_nameless(struct vnode *vp);
/*
 * Opens vnode `index` with the caller's rights, and compares it with what was
 * saved. changing: the process itself wrote the file, so only its identity
 * counts.
 * Errors: -ENOENT, -EACCES; -ESTALE: another file, or a changed one. Logged,
 * but not for a spare vnode.
 */
int st_vnode_open(struct ckpt_restore *cr, u32 index, u32 oflags, bool changing, struct file **fp);
/*
 * The file need not exist (CKPT_SELF): its contents are in the image, or do not
 * matter.
 */
bool st_vnode_spare(struct ckpt_restore *cr, u32 index);
/*
 * The path to vp from the machine's root; kmalloc'd.
 * Errors: -ENOENT: none is known.
 */
int st_vnode_name(struct vnode *vp, char **name);

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

/* ---- st_root.c: where names are looked up ---- */

/* The root of a process whose p_root is `index`: its own, or the caller's. */
struct vnode *st_root_of(const struct ckpt_restore *cr, u32 index);
/*
 * The directory from which the name of vnode `index` is looked up. *path: the
 * name from there; *oflags: gains O_NOLINKS if it contains no links.
 */
struct vnode *st_root_base(const struct ckpt_restore *cr, u32 index, const char **path, u32 *oflags);

/* ---- st_spare.c: files whose contents the image has, too ---- */

/*
 * Contents of vnode `index`, and the vnode whose contents `data` are.
 * Returns: IMG_NONE: none.
 */
u32 st_spare_data(const struct ckpt_restore *cr, u32 index);
u32 st_spare_name(const struct ckpt_restore *cr, u32 data);
/*
 * The credentials with which the superuser makes, removes and looks up the name
 * of vnode `index`: those of the file's owner, so that the owner's rights
 * suffice. For another caller: its own.
 * Returns: a reference; NULL: no memory.
 */
struct cred *st_owner_cred(struct ckpt_restore *cr, u32 index);

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

/* ---- st_file.c: open files ---- */

/* Open file `index` is one of the caller's (RECOVER_STDIO). */
bool st_file_taken(struct ckpt_restore *cr, u32 index);
/* Drops the references of a list, and the list; v may be NULL. */
void st_drop_files(struct file **v, u32 n);

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
bool st_pipe_named(const struct ckpt_restore *cr, u32 index); /* it is a FIFO */
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
