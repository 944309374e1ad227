/* SPDX-License-Identifier: MIT */
/*
 * Remembered ids. A program keeps the process and thread ids that it was told.
 * If another process has one of these ids when the program is recovered, the
 * program gets a free id and a pidspace. The pidspace translates between the id
 * that the program remembers ("seen") and the kernel's id ("real"), in both
 * directions: at every system call that takes or returns an id, and in /proc.
 * Descendants share it.
 *
 * Why not refuse, or move the other process: after a reboot low ids are always
 * taken, and the other process remembers its id too. Why not a full namespace:
 * all other processes stay visible, and can be signalled by the ids that ps
 * shows. Only a process whose real id equals one of the remembered ids cannot
 * be reached from inside.
 *
 * Immutable once a process has it. NULL: seen and real ids are the same. A
 * set-id program and its descendants ignore it (P_REALIDS): the owner of an
 * image can write any ids into it.
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
	/*
	 * ps_n pairs sorted by seen id, then ps_n by real id: a search takes
	 * log n steps
	 */
	u64 ps_pair[];
};

/*
 * One pair for each id that differs.
 * Returns: NULL: out of memory.
 */
struct pidspace *pidspace_create(const struct pidpair *pairs, u32 n);
void pidspace_hold(struct pidspace *ps); /* NULL allowed */
void pidspace_rele(struct pidspace *ps);

/* Returns: the space that p uses, without a reference; NULL: none. */
const struct pidspace *pidspace_of(const struct proc *p);
/*
 * Translation for p. Ids without a pair, 0 and negative ids stay as they are.
 */
pid_t pid_seen_by(const struct proc *p, pid_t real);
pid_t pid_real_for(const struct proc *p, pid_t seen);
/* For the current process. */
pid_t pid_seen(pid_t real);
pid_t pid_real(pid_t seen);
/* Would p take a new process with this real id for another process? */
bool pid_shadowed(const struct proc *p, pid_t real);
/*
 * Translates the id of the sender or child in a siginfo that has one: from real
 * to seen by p, and from seen by the current process to real. The queues of p,
 * and their images, hold ids as p sees them.
 */
void siginfo_seen_by(const struct proc *p, struct abi_siginfo *info);
void siginfo_real(struct abi_siginfo *info);
/* Returns: the id by which p knows itself. */
pid_t proc_seen_pid(const struct proc *p);

#endif
