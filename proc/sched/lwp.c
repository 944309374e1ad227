/* SPDX-License-Identifier: MIT */
/*
 * lwps: creation, start and exit; and the machine state that moves with them
 * from CPU to CPU.
 */
#include "proc/sched/lwp.h"

#include "kernel/abi/errno.h"
#include "kernel/gdt.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/lib/x86.h"
#include "mm/as.h"
#include "mm/kmalloc.h"
#include "mm/kstack.h"
#include "proc/futex.h"
#include "proc/cputimer.h"
#include "proc/sched/lwp_impl.h"
#include "proc/orphan.h"
#include "proc/restart.h"
#include "proc/sched/sched.h"
#include "proc/sched/sleep.h"
#include "proc/syscalls.h"

/*
 * What lwp_switch() pops from a new lwp's stack; it lies just below the trap
 * frame.
 */
struct switch_frame {
	u32 edi, esi, ebx, ebp, eip;
};

static struct kmem_cache *lwp_cache, *fpu_cache;
static struct lwp idle_lwps[MAXCPU];

void lwp_init(void)
{
	lwp_cache = kmem_cache_create("lwp", sizeof(struct lwp), 0);
	fpu_cache = kmem_cache_create("fpu", FPU_SIZE, 16);
}

static void lwp_setup(struct lwp *l, struct proc *p)
{
	list_init(&l->l_runlink);
	list_init(&l->l_plink);
	sigqueue_init(&l->l_sigq);
	l->l_proc = p;
	l->l_state = LS_NEW;
	l->l_affinity = ~0u;
	l->l_pri = PRI_USER;
	l->l_altflags = K_SS_DISABLE;
	l->l_opt.lo_slack = l->l_opt.lo_slackdef = TIMER_SLACK;
	l->l_cpu = &cpus[0];
}

/*
 * The boot stack has its kstack_info already; the code that runs on it becomes
 * the idle lwp.
 */
void idle_adopt(struct cpu *c)
{
	struct lwp *l = &idle_lwps[c->c_id];
	struct kstack_info *ki = kstack_info();

	lwp_setup(l, &proc0);
	l->l_kstack = ki;
	l->l_state = LS_RUNNING;
	l->l_oncpu = true;
	l->l_pri = PRI_IDLE;
	l->l_cpu = c;
	snprintf(l->l_name, sizeof(l->l_name), "idle/%u", c->c_id);
	ki->ki_lwp = l;
	ki->ki_cpu = c;
	ki->ki_canary = KSTACK_CANARY;
	c->c_idle = c->c_current = l;
	l->l_stamp = clock_cycles();
	fpu_init_cpu();
}

/*
 * Prepares a stack on which lwp_switch() returns to lwp_entry, which returns to
 * user mode through l_tf.
 */
static void stack_setup(struct lwp *l)
{
	struct kstack_info *ki = l->l_kstack;
	u8 *top = (u8 *)l->l_kstack + KSTACK_SIZE;
	struct switch_frame *sf;

	ki->ki_lwp = l;
	ki->ki_cpu = curcpu();
	ki->ki_canary = KSTACK_CANARY;
	ki->ki_inject = 0;
	l->l_tf = (struct trapframe *)(top - sizeof(struct trapframe));
	memset(l->l_tf, 0, sizeof(*l->l_tf));
	sf = (struct switch_frame *)l->l_tf - 1;
	memset(sf, 0, sizeof(*sf));
	sf->eip = (u32)lwp_entry;
	l->l_ksp = (u32)sf;
}

int lwp_create(struct proc *p, void (*fn)(void *arg), void *arg, struct lwp **lp)
{
	struct lwp *l = kmem_alloc(lwp_cache, KM_ZERO);

	if (!l)
		return -ENOMEM;
	lwp_setup(l, p);
	l->l_kstack = kstack_alloc();
	if (!l->l_kstack)
		goto fail_lwp;
	if (p != &proc0) {
		l->l_fpu = kmem_alloc(fpu_cache, 0);
		if (!l->l_fpu)
			goto fail_stack;
		fpu_reset(l);
	}
	stack_setup(l);
	l->l_start = fn;
	l->l_arg = arg;
	l->l_cpu = curcpu();
	*lp = l;
	return 0;

fail_stack:
	kstack_free(l->l_kstack);
fail_lwp:
	kmem_free(lwp_cache, l);
	return -ENOMEM;
}

void lwp_start(struct lwp *l)
{
	ASSERT(l->l_state == LS_NEW);
	setrunnable(l);
}

void lwp_free(struct lwp *l)
{
	ASSERT(l->l_state == LS_NEW || l->l_state == LS_DEAD);
	ASSERT(list_empty(&l->l_plink));
	for (u32 i = 0; i < ncpu; i++) {
		if (cpus[i].c_fpu_owner == l)
			__atomic_compare_exchange_n(&cpus[i].c_fpu_owner, &(struct lwp *){ l },
						    NULL, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	}
	sigqueue_flush(&l->l_sigq);
	cred_rele(l->l_ucred);
	kmem_free(fpu_cache, l->l_fpu);
	kstack_free(l->l_kstack);
	kmem_free(lwp_cache, l);
}

void lwp_begin(struct lwp *prev)
{
	struct lwp *l = curlwp();
	struct cpu *c = curcpu();

	swtch_finish(prev);
	c->c_intr_depth = 0;
	x86_sti();
	cred_renew(l);
	if (l->l_start)
		l->l_start(l->l_arg);
	ASSERT(l->l_proc != &proc0);
}

static void kthread_start(void *arg)
{
	struct lwp *l = curlwp();
	void (*fn)(void *) = (void (*)(void *))l->l_restart.rb_arg[0];

	fn(arg);
	lwp_exit();
}

struct lwp *kthread_create(const char *name, void (*fn)(void *arg), void *arg, int pri)
{
	struct lwp *l;

	if (lwp_create(&proc0, kthread_start, arg, &l) != 0)
		panic("kernel thread %s: expected memory, found none", name);
	strlcpy_k(l->l_name, name, sizeof(l->l_name));
	l->l_restart.rb_arg[0] = (u32)fn;
	l->l_pri = pri;
	spin_lock(&proc0.p_lock);
	list_push_back(&proc0.p_lwps, &l->l_plink);
	proc0.p_nlwp++;
	spin_unlock(&proc0.p_lock);
	lwp_start(l);
	return l;
}

bool lwp_dying(const struct lwp *l)
{
	return l->l_exiting || (l->l_proc->p_flags & P_EXITING);
}

bool lwp_called(const struct lwp *l)
{
	return lwp_dying(l) || (l->l_proc->p_flags & (P_HOLD | P_CKPT));
}

bool lwp_detach(struct lwp *l)
{
	struct proc *p = l->l_proc;
	bool last;

	spin_lock(&p->p_lock);
	/* Process 0 does not exit with the last kernel thread. */
	last = p->p_nlwp == 1 && p != &proc0;
	if (!last) {
		proc_unlink_lwp(p, l);
		p->p_nlwp--;
		lwp_times_end(p, l);
		if (p->p_lwp0 == l)
			p->p_lwp0 = NULL;
		wakeup(&p->p_nlwp);
		wakeup(&p->p_nheld);
		/* for lwps at the boundary: a stop may be complete now */
		wakeup(&p->p_flags);
		signal_retarget(l, ~l->l_sigmask);
		/* while its process's timers still exist */
		sigqueue_flush(&l->l_sigq);
		cputimer_lwp_ends(l);
		/*
		 * The process may exit and be freed from here on, and an
		 * interrupt looks at the process of the current lwp.
		 */
		l->l_proc = &proc0;
	} else if (!(p->p_flags & P_EXITING)) {
		/*
		 * If several lwps called exit(2) at the same time, each saw
		 * another one.
		 */
		p->p_flags |= P_EXITING;
		p->p_xstat = l->l_xstat;
	}
	spin_unlock(&p->p_lock);
	return last;
}

void lwp_exit(void)
{
	struct lwp *l = curlwp();
	struct proc *p = l->l_proc;
	pid_t tid = l->l_tid == p->p_pid ? 0 : l->l_tid;

	ASSERT(l->l_nmutex == 0);
	if (p != &proc0) {
		futex_lwp_exit(l);
		orphan_lwp_ends(l);
		vfork_forget(l);
		restart_drop(l);
	}
	if (lwp_detach(l))
		proc_finish();
	if (tid)
		pid_free(tid);
	intr_push_off();
	l->l_state = LS_DEAD;
	swtch();
	panic("a dead lwp runs");
}

/*
 * l itself may be changing these fields: reads again until its stamp did not
 * change meanwhile.
 */
static void lwp_cycles(const struct lwp *l, u64 *user, u64 *sys, u64 *stamp)
{
	const volatile struct lwp *v = l;

	do {
		*stamp = v->l_stamp;
		*user = v->l_ucycles;
		*sys = v->l_scycles;
	} while (*stamp != v->l_stamp);
}

/* The same, including the time since the stamp. */
static void lwp_cycles_now(const struct lwp *l, u64 *user, u64 *sys)
{
	u64 stamp, now;

	lwp_cycles(l, user, sys, &stamp);
	now = clock_cycles();
	if (l == curlwp() && now > stamp)
		*sys += now - stamp;
	else if (l->l_state == LS_RUNNING && now > stamp)
		*user += now - stamp;
}

void lwp_times(const struct lwp *l, u64 *utime, u64 *stime)
{
	u64 user, sys;

	lwp_cycles_now(l, &user, &sys);
	*utime = clock_cycles_to_ns(user);
	*stime = clock_cycles_to_ns(sys);
}

/*
 * Adds what l has used since the last call to the sums of p, its process.
 * Locks: p_timelock.
 */
static void add_times(struct proc *p, struct lwp *l)
{
	ASSERT(spin_held(&p->p_timelock));
	p->p_ucycles += l->l_ucycles - l->l_usum;
	p->p_scycles += l->l_scycles - l->l_ssum;
	l->l_usum = l->l_ucycles;
	l->l_ssum = l->l_scycles;
}

/*
 * Locks the sums of l's process. lwp_change_proc() may change l_proc at any
 * moment.
 * Returns: the process; NULL: the kernel's, which has no sums.
 */
static struct proc *lock_times(const struct lwp *l)
{
	struct proc *p;

	while ((p = *(struct proc *const volatile *)&l->l_proc) != &proc0) {
		spin_lock(&p->p_timelock);
		if (l->l_proc == p)
			return p;
		spin_unlock(&p->p_timelock);
	}
	return NULL;
}

void lwps_times(struct proc *p, u64 *utime, u64 *stime)
{
	u64 user, sys;

	spin_lock(&p->p_timelock);
	user = p->p_ucycles;
	sys = p->p_scycles;
	for (u32 i = 0; i < ncpu; i++) {
		u64 u, s;

		if (cpus[i].c_proc != p)
			continue;
		lwp_cycles_now(cpus[i].c_current, &u, &s);
		user += u - cpus[i].c_current->l_usum;
		sys += s - cpus[i].c_current->l_ssum;
	}
	spin_unlock(&p->p_timelock);
	*utime = clock_cycles_to_ns(user);
	*stime = clock_cycles_to_ns(sys);
}

/*
 * Takes l's share out of the sums of p.
 * Locks: p_timelock.
 */
static void take_times(struct proc *p, struct lwp *l)
{
	ASSERT(spin_held(&p->p_timelock));
	p->p_ucycles -= l->l_usum;
	p->p_scycles -= l->l_ssum;
	if (l == curlwp())
		curcpu()->c_proc = NULL;
}

void lwp_times_end(struct proc *p, struct lwp *l)
{
	u64 utime, stime;

	ASSERT(spin_held(&p->p_lock));
	lwp_times(l, &utime, &stime);
	p->p_utime += utime;
	p->p_stime += stime;
	spin_lock(&p->p_timelock);
	take_times(p, l);
	l->l_usum = l->l_ssum = 0;
	spin_unlock(&p->p_timelock);
}

void lwp_change_proc(struct lwp *l, struct proc *to)
{
	struct proc *from = l->l_proc;
	u64 user, sys;

	spin_lock(&from->p_timelock);
	take_times(from, l);
	user = l->l_usum;
	sys = l->l_ssum;
	l->l_proc = to;
	spin_unlock(&from->p_timelock);
	spin_lock(&to->p_timelock);
	to->p_ucycles += user;
	to->p_scycles += sys;
	if (l == curlwp())
		curcpu()->c_proc = to;
	spin_unlock(&to->p_timelock);
}

void lwp_set_times(struct lwp *l, u64 utime, u64 stime)
{
	struct cpu *c;
	struct proc *p;

	intr_push_off();
	c = curcpu();
	if (l == curlwp()) {
		/*
		 * Its time since the switch to it counts for the CPU, whatever
		 * happens to its own times.
		 */
		lwp_charge_sys(l);
		c->c_ustart += clock_ns_to_cycles(utime) - l->l_ucycles;
		c->c_sstart += clock_ns_to_cycles(stime) - l->l_scycles;
	}
	p = lock_times(l);
	l->l_ucycles = clock_ns_to_cycles(utime);
	l->l_scycles = clock_ns_to_cycles(stime);
	if (p) {
		add_times(p, l);
		spin_unlock(&p->p_timelock);
	}
	intr_pop_off();
}

void cpu_charge(struct cpu *c, struct lwp *prev, struct lwp *next)
{
	struct proc *p;
	u64 user, sys;

	ASSERT(intr_off());
	lwp_charge_sys(prev);
	p = lock_times(prev);
	if (p) {
		add_times(p, prev);
		if (prev->l_state == LS_RUNNABLE)
			p->p_nivcsw++;
		else
			p->p_nvcsw++;
		c->c_proc = NULL;
		spin_unlock(&p->p_timelock);
	}
	user = prev->l_ucycles - c->c_ustart;
	sys = prev->l_scycles - c->c_sstart;
	if (prev == c->c_idle) {
		c->c_icycles += user + sys;
	} else {
		c->c_ucycles += user;
		c->c_scycles += sys;
	}
	c->c_ustart = next->l_ucycles;
	c->c_sstart = next->l_scycles;
	next->l_stamp = prev->l_stamp;
}

void cpu_times(const struct cpu *c, u64 *user, u64 *sys, u64 *idle)
{
	const struct lwp *l = c->c_current;
	u64 u, s, stamp, now = clock_cycles(), cycles[3] = { c->c_ucycles, c->c_scycles, c->c_icycles };

	if (l) {
		lwp_cycles(l, &u, &s, &stamp);
		/*
		 * A switch between two readings looks like a step back; the
		 * share of that moment is left out.
		 */
		u = u > c->c_ustart ? u - c->c_ustart : 0;
		s = s > c->c_sstart ? s - c->c_sstart : 0;
		if (now > stamp)
			*(l == curlwp() ? &s : &u) += now - stamp;
		if (l == c->c_idle) {
			cycles[2] += u + s;
		} else {
			cycles[0] += u;
			cycles[1] += s;
		}
	}
	*user = clock_cycles_to_ns(cycles[0]);
	*sys = clock_cycles_to_ns(cycles[1]);
	*idle = clock_cycles_to_ns(cycles[2]);
}

void lwp_save_segs(struct lwp *l)
{
	__asm__ volatile("movl %%fs, %0" : "=r"(l->l_fs));
	__asm__ volatile("movl %%gs, %0" : "=r"(l->l_gs));
	l->l_fs &= 0xffff;
	l->l_gs &= 0xffff;
}

void lwp_load_segs(struct lwp *l)
{
	if (!lwp_set_fs(l->l_fs))
		l->l_fs = 0;
	if (!lwp_set_gs(l->l_gs))
		l->l_gs = 0;
}

void lwp_load_tls(struct lwp *l)
{
	gdt_set_tls(l->l_tls);
}

/*
 * A kernel thread uses no user address space, FPU or segment state: it keeps
 * what is loaded.
 */
void lwp_machine_out(struct lwp *l)
{
	if (!l->l_fpu)
		return;
	fpu_save(l);
	lwp_save_segs(l);
}

void lwp_machine_in(struct lwp *l)
{
	if (!l->l_fpu) {
		hat_lazy();
		return;
	}
	tss_set_esp0((u32)l->l_kstack + KSTACK_SIZE);
	if (l->l_proc->p_as)
		hat_switch(&l->l_proc->p_as->a_hat);
	else
		hat_switch(NULL);
	lwp_load_tls(l);
	lwp_load_segs(l);
	fpu_load(l);
}
