/* SPDX-License-Identifier: MIT */
/* getrusage and times: the resources that processes have used. */
#include "proc/usage.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/as.h"
#include "mm/usercopy.h"
#include "proc/abi_time.h"
#include "proc/sched/lwp_impl.h"
#include "proc/syscalls.h"

#define NS_PER_TICK (NSEC_PER_SEC / 100)

void usage_of_proc(struct proc *p, struct usage *us)
{
	u64 utime, stime;

	ASSERT(spin_held(&p->p_lock));
	lwps_times(p, &utime, &stime);
	us->us_utime = p->p_utime + utime;
	us->us_stime = p->p_stime + stime;
	us->us_maxrss = p->p_maxrss;
	us->us_minflt = p->p_minflt;
	us->us_majflt = p->p_majflt;
	us->us_nvcsw = p->p_nvcsw;
	us->us_nivcsw = p->p_nivcsw;
}

int usage_copyout(uaddr_t dst, const struct usage *us)
{
	s32 v[18] = { 0 };

	v[0] = (s32)(us->us_utime / NSEC_PER_SEC);
	v[1] = (s32)(us->us_utime % NSEC_PER_SEC / NSEC_PER_USEC);
	v[2] = (s32)(us->us_stime / NSEC_PER_SEC);
	v[3] = (s32)(us->us_stime % NSEC_PER_SEC / NSEC_PER_USEC);
	v[4] = (s32)(us->us_maxrss * (PAGE_SIZE / 1024));
	v[8] = (s32)us->us_minflt;
	v[9] = (s32)us->us_majflt;
	v[16] = (s32)us->us_nvcsw;
	v[17] = (s32)us->us_nivcsw;
	return copyout(dst, v, sizeof(v));
}

static void usage_self(struct usage *us)
{
	struct proc *p = curproc();

	spin_lock(&p->p_lock);
	usage_of_proc(p, us);
	spin_unlock(&p->p_lock);
	us->us_maxrss = MAX(us->us_maxrss, p->p_as ? p->p_as->a_hat.h_resident : 0);
}

/* RUSAGE_SELF 0, RUSAGE_CHILDREN -1, RUSAGE_THREAD 1 */
long sys_getrusage(int who, uaddr_t dst)
{
	struct proc *p = curproc();
	struct usage us;

	memset(&us, 0, sizeof(us));
	if (who == 0) {
		usage_self(&us);
	} else if (who == -1) {
		spin_lock(&pidlock);
		us.us_utime = p->p_cutime;
		us.us_stime = p->p_cstime;
		spin_unlock(&pidlock);
	} else if (who == 1) {
		lwp_times(curlwp(), &us.us_utime, &us.us_stime);
	} else {
		return -EINVAL;
	}
	return usage_copyout(dst, &us);
}

long sys_times(uaddr_t dst)
{
	struct proc *p = curproc();
	struct usage us;
	u32 v[4];

	usage_self(&us);
	v[0] = (u32)(us.us_utime / NS_PER_TICK);
	v[1] = (u32)(us.us_stime / NS_PER_TICK);
	spin_lock(&pidlock);
	v[2] = (u32)(p->p_cutime / NS_PER_TICK);
	v[3] = (u32)(p->p_cstime / NS_PER_TICK);
	spin_unlock(&pidlock);
	if (dst && copyout(dst, v, sizeof(v)) != 0)
		return -EFAULT;
	return (long)(proc_mono_ns() / NS_PER_TICK & 0x7fffffff);
}
