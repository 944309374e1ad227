/* SPDX-License-Identifier: MIT */
/* Resources that a process has used: for getrusage, wait4 and times. */
#ifndef PROC_USAGE_H
#define PROC_USAGE_H

#include "proc/proc.h"

struct usage {
	u64 us_utime, us_stime; /* ns */
	u32 us_maxrss;		/* pages */
	u32 us_minflt, us_majflt, us_nvcsw, us_nivcsw;
};

/*
 * Used by p's exited and living lwps.
 * Locks: p_lock.
 */
void usage_of_proc(struct proc *p, struct usage *us);
/*
 * Writes it as struct rusage of the ABI (72 bytes).
 * Errors: -EFAULT.
 */
int usage_copyout(uaddr_t dst, const struct usage *us);

#endif
