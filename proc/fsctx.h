/* SPDX-License-Identifier: MIT */
/*
 * The place of a process in the file system: working directory, root, and
 * umask. A process has its own, or shares it after clone(CLONE_FS): then a
 * chdir, chroot or umask affects all that share it.
 *
 * Locks: fc_lock (LR_FSCTX, under p_lock) guards all but fc_ref. p_fs belongs
 *   to the process itself until it exits; other processes read it under p_lock.
 */
#ifndef PROC_FSCTX_H
#define PROC_FSCTX_H

#include "kernel/lib/lock.h"
#include "kernel/lib/types.h"
#include "proc/proc.h"

struct vnode;

struct fsctx {
	volatile u32 fc_ref; /* processes that share it */
	struct spinlock fc_lock;
	struct vnode *fc_cwd, *fc_root; /* references; NULL: the global root */
	/* absolute, for getcwd and images; NULL: not known */
	char *fc_cwdpath;
	mode_t fc_umask;
};

/*
 * At the global root, umask 022.
 * Returns: NULL: out of memory.
 */
struct fsctx *fsctx_create(void);
/*
 * Makes a copy that is not shared.
 * Returns: NULL: out of memory.
 * Sleeps: yes.
 */
struct fsctx *fsctx_dup(struct fsctx *fc);
void fsctx_hold(struct fsctx *fc);
/*
 * Gives the current process fc instead of the fsctx it shares. Takes over the
 * reference on fc.
 * Sleeps: yes.
 */
void fsctx_replace(struct fsctx *fc);
/*
 * NULL allowed.
 * Sleeps: yes.
 */
void fsctx_rele(struct fsctx *fc);
/* The umask of the current process; kernel threads have none. */
static inline mode_t fsctx_umask(void)
{
	const struct fsctx *fc = curproc()->p_fs;

	return fc ? fc->fc_umask : 0;
}
/* Returns: the old umask. */
mode_t fsctx_set_umask(struct fsctx *fc, mode_t mask);
/*
 * Returns: p's working directory / root, with a reference; NULL: p has none
 *   (any more).
 * Locks: takes p_lock.
 */
struct vnode *fsctx_cwd_of(struct proc *p);
struct vnode *fsctx_root_of(struct proc *p);

#endif
