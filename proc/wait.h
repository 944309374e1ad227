/* SPDX-License-Identifier: MIT */
/* wait: how a parent learns of changes of its children. */
#ifndef PROC_WAIT_H
#define PROC_WAIT_H

#include "proc/proc.h"

/* Status words of wait4(2). */
#define WSTAT_EXITED(code) (((code)&0xff) << 8)
#define WSTAT_SIGNALED(sig) ((sig)&0x7f)
#define WSTAT_CORE 0x80
#define WSTAT_STOPPED(sig) (((sig) << 8) | 0x7f)
#define WSTAT_CONTINUED 0xffff

#define WNOHANG 1
#define WUNTRACED 2
#define WSTOPPED 2
#define WEXITED 4
#define WCONTINUED 8
#define WNOWAIT 0x01000000
#define __WNOTHREAD 0x20000000
#define __WALL 0x40000000
#define __WCLONE 0x80000000u

/*
 * Fills the siginfo of SIGCHLD for p: exited, killed, stopped or continued.
 * Locks: pidlock.
 */
void siginfo_child(struct abi_siginfo *info, struct proc *p);
/*
 * Takes a zombie out of the tree, adds its times to its parent's, and drops the
 * tree's reference and the caller's.
 */
void wait_reap(struct proc *p);
/*
 * A child of parent has changed: wakes the lwps that wait for it.
 * Locks: pidlock.
 */
void wait_tell(struct proc *parent);
/*
 * A walk over the children of p, which has come to c, releases pidlock for a
 * moment.
 * Returns: whether c is still a child of p, so that the walk can go on from
 *   there.
 * Locks: pidlock.
 */
bool wait_breathe(struct proc *p, struct proc *c);
/* Wakes a vfork parent: exec succeeded or the process exits. */
void vfork_done(struct proc *p);

#endif
