/* SPDX-License-Identifier: MIT */
/* What a process has used: for getrusage, wait4 and times. */
#ifndef PROC_USAGE_H
#define PROC_USAGE_H

#include "proc/proc.h"

struct usage {
	u64 us_utime, us_stime; /* ns */
	u32 us_maxrss;		/* pages */
	u32 us_minflt, us_majflt, us_nvcsw, us_nivcsw;
};

/* p's own, its dead lwps and its living ones. p_lock held. */
void usage_of_proc(struct proc *p, struct usage *us);
/* As struct rusage of the ABI (72 bytes). 0 or -EFAULT. */
int usage_copyout(uaddr_t dst, const struct usage *us);

#endif
