/* SPDX-License-Identifier: MIT */
/*
 * Remembered ids. A program keeps the process and thread ids that it was told; when it is recovered while somebody else has one of
 * these numbers, it gets a free number, and a pidspace that translates between the number it remembers ("seen") and the one the
 * kernel uses ("real"), in both directions, at every system call that takes or returns an id, and in /proc. Descendants share it.
 *
 * Why not refuse, or move the other process: after a reboot low numbers are always taken, and the other one remembers its
 * number just as well. Why not a full namespace: all other processes stay visible and can be signalled by the numbers that ps
 * shows; only somebody who has a number that the recovered program remembers for itself cannot be reached from inside.
 *
 * Immutable once a process has it. NULL: both numbers are the same. A set-id program and its descendants do not use it (P_REALIDS): an image
 * says what its owner likes.
 */
#ifndef PROC_PIDSPACE_H
#define PROC_PIDSPACE_H

#include "kernel/lib/types.h"

struct proc;
struct abi_siginfo;

struct pidpair {
	pid_t pp_seen, pp_real;
};

struct pidspace {
	volatile u32 ps_ref;
	u32 ps_n;
	u64 ps_pair[]; /* ps_n by the seen id, then ps_n by the real one, sorted: found in log n steps */
};

/* One pair for each id that differs. NULL: out of memory. */
struct pidspace *pidspace_create(const struct pidpair *pairs, u32 n);
void pidspace_hold(struct pidspace *ps); /* NULL allowed */
void pidspace_rele(struct pidspace *ps);

/* The space that p uses; NULL: none. Not to be kept. */
const struct pidspace *pidspace_of(const struct proc *p);
/* Translation for p. Ids that are not in the table, 0 and negative ones are themselves. */
pid_t pid_seen_by(const struct proc *p, pid_t real);
pid_t pid_real_for(const struct proc *p, pid_t seen);
/* For the current process. */
pid_t pid_seen(pid_t real);
pid_t pid_real(pid_t seen);
/* Would a new process with this real id be mistaken for another one by p? */
bool pid_shadowed(const struct proc *p, pid_t real);
/*
 * The sender's, or the child's, id in a siginfo that has one: as p sees it; and from what the current process wrote there to the real
 * one. In the queues of p it is as p sees it, and stays so in an image.
 */
void siginfo_seen_by(const struct proc *p, struct abi_siginfo *info);
void siginfo_real(struct abi_siginfo *info);
/* The id by which p knows itself. */
pid_t proc_seen_pid(const struct proc *p);

#endif
