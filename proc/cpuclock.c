/* SPDX-License-Identifier: MIT */
/* The CPU-time clock that a clock id names, and its time. */
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "proc/cputimer.h"
#include "proc/sched/lwp_impl.h"
#include "proc/usage.h"

/* The parts of a negative clock id: see cputimer.h. */
#define ID_KIND(clock) ((clock)&3u)
#define ID_THREAD 4u
#define ID_PID(clock) ((pid_t) ~((s32)(clock) >> 3))
#define KIND_USER 1u
#define KIND_SCHED 2u
#define KIND_NONE 3u

bool clock_is_cpu(u32 clock)
{
	if ((s32)clock >= 0)
		return clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID;
	/* 3 without the thread bit: a clock of an open file */
	return (clock & 7u) != KIND_NONE;
}

static int thread_clock(pid_t tid, struct cpuclock *cc)
{
	struct proc *p = curproc();
	bool found = true;

	cc->cc_tid = curlwp()->l_tid;
	if (tid) {
		cc->cc_tid = pid_real(tid);
		spin_lock(&p->p_lock);
		found = lwp_find(p, cc->cc_tid) != NULL;
		spin_unlock(&p->p_lock);
	}
	if (!found)
		return -EINVAL;
	cc->cc_proc = p;
	proc_hold_ref(p);
	return 0;
}

static int process_clock(pid_t pid, bool reading, struct cpuclock *cc)
{
	struct proc *p = curproc();
	pid_t real = pid_real(pid);

	cc->cc_tid = 0;
	if (pid == 0 || real == p->p_pid || (reading && real == curlwp()->l_tid)) {
		cc->cc_proc = p;
		proc_hold_ref(p);
		return 0;
	}
	cc->cc_proc = proc_find(real);
	return cc->cc_proc ? 0 : -EINVAL;
}

int cpuclock_find(u32 clock, bool reading, struct cpuclock *cc)
{
	*cc = (struct cpuclock){ .cc_kind = CPU_TIME };
	if (clock == CLOCK_PROCESS_CPUTIME_ID)
		return process_clock(0, reading, cc);
	if (clock == CLOCK_THREAD_CPUTIME_ID)
		return thread_clock(0, cc);
	if (ID_KIND(clock) == KIND_NONE)
		return -EINVAL;
	if (ID_KIND(clock) == KIND_USER)
		cc->cc_kind = CPU_USER;
	return clock & ID_THREAD ? thread_clock(ID_PID(clock), cc)
				 : process_clock(ID_PID(clock), reading, cc);
}

u32 cpuclock_id(pid_t id, u32 kind, bool thread)
{
	if (!thread && kind == CPU_TIME && !id)
		return CLOCK_PROCESS_CPUTIME_ID;
	return ~(u32)id << 3 | (thread ? ID_THREAD : 0) | (kind == CPU_USER ? KIND_USER : KIND_SCHED);
}

void cpuclock_of(struct proc *p, u32 clock, struct cpuclock *cc)
{
	bool named = (s32)clock < 0;

	*cc = (struct cpuclock){ .cc_proc = p, .cc_kind = named && ID_KIND(clock) == KIND_USER ? CPU_USER : CPU_TIME };
	proc_hold_ref(p);
	cpuclock_resolve(clock, cc);
}

void cpuclock_resolve(u32 clock, struct cpuclock *cc)
{
	if ((s32)clock < 0 && (clock & ID_THREAD))
		cc->cc_tid = pid_real_for(cc->cc_proc, ID_PID(clock));
}

void cpuclock_rele(struct cpuclock *cc)
{
	if (cc->cc_proc)
		proc_rele(cc->cc_proc);
	cc->cc_proc = NULL;
}

u64 cpuclock_read_locked(const struct cpuclock *cc)
{
	struct usage us = { 0 };
	struct lwp *l;

	ASSERT(spin_held(&cc->cc_proc->p_lock));
	if (!cc->cc_tid) {
		usage_of_proc(cc->cc_proc, &us);
	} else {
		l = lwp_find(cc->cc_proc, cc->cc_tid);
		if (l)
			lwp_times(l, &us.us_utime, &us.us_stime);
	}
	return us.us_utime + (cc->cc_kind == CPU_TIME ? us.us_stime : 0);
}

int cpuclock_read(const struct cpuclock *cc, u64 *ns)
{
	struct proc *p = cc->cc_proc;
	bool found;

	spin_lock(&p->p_lock);
	found = !cc->cc_tid || lwp_find(p, cc->cc_tid);
	*ns = cpuclock_read_locked(cc);
	spin_unlock(&p->p_lock);
	return found ? 0 : -EINVAL;
}
