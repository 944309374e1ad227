/* SPDX-License-Identifier: MIT */
/*
 * Resource limits: numbers of the i386 ABI (asm-generic/resource.h), kept in
 * p_rlimit under p_lock.
 */
#ifndef PROC_RLIMIT_H
#define PROC_RLIMIT_H

#include "proc/proc.h"

#define RLIMIT_CPU 0
#define RLIMIT_FSIZE 1
#define RLIMIT_DATA 2
#define RLIMIT_STACK 3
#define RLIMIT_CORE 4
#define RLIMIT_RSS 5
#define RLIMIT_NPROC 6
#define RLIMIT_NOFILE 7
#define RLIMIT_MEMLOCK 8
#define RLIMIT_AS 9
#define RLIMIT_LOCKS 10
#define RLIMIT_SIGPENDING 11
#define RLIMIT_MSGQUEUE 12
#define RLIMIT_NICE 13
#define RLIMIT_RTPRIO 14
#define RLIMIT_RTTIME 15
#define RLIM_INFINITY_K (~0ull)

void rlimit_defaults(struct rlimit_k rl[NRLIMIT]);

/*
 * due: returns the CPU time, in nanoseconds, at which RLIMIT_CPU acts on p; 0:
 * never. check: acts if p has used that much.
 * Locks: p_lock, or p is new.
 */
u64 rlimit_cpu_due(const struct proc *p);
void rlimit_cpu_check(struct proc *p, u64 used);

#endif
