/* SPDX-License-Identifier: MIT */
/*
 * Where a process is, as names see it: working directory, root, and the mask for new files. A process has one of its own, or shares it
 * after clone(CLONE_FS): then a chdir, chroot or umask of one of them is all of theirs.
 *
 * Locks: fc_lock (LR_FSCTX, under p_lock) guards all but fc_ref. p_fs is the process's own, from when it is made until it ends; others
 * read it under p_lock.
 */
#ifndef PROC_FSCTX_H
#define PROC_FSCTX_H

#include "kernel/lib/lock.h"
#include "kernel/lib/types.h"
#include "proc/proc.h"

struct vnode;

struct fsctx {
	volatile u32 fc_ref; /* processes that have it */
	struct spinlock fc_lock;
	struct vnode *fc_cwd, *fc_root; /* references; NULL: the machine's root */
	char *fc_cwdpath;		/* absolute, kept for getcwd and images; NULL: not known */
	mode_t fc_umask;
};

/* At the machine's root, mask 022. NULL: out of memory. */
struct fsctx *fsctx_create(void);
/* A copy for a process of its own. NULL: out of memory. May sleep. */
struct fsctx *fsctx_dup(struct fsctx *fc);
void fsctx_hold(struct fsctx *fc);
/* The current process has fc, a reference that is taken over, instead of what it shares. May sleep. */
void fsctx_replace(struct fsctx *fc);
/* NULL allowed. May sleep. */
void fsctx_rele(struct fsctx *fc);
/* The mask of the current process; the kernel's own threads have none. */
static inline mode_t fsctx_umask(void)
{
	const struct fsctx *fc = curproc()->p_fs;

	return fc ? fc->fc_umask : 0;
}
/* The old mask. */
mode_t fsctx_set_umask(struct fsctx *fc, mode_t mask);
/* p's working directory / root with a reference; NULL: it has none (any more). Takes p_lock. */
struct vnode *fsctx_cwd_of(struct proc *p);
struct vnode *fsctx_root_of(struct proc *p);

#endif
