/* SPDX-License-Identifier: MIT */
/*
 * lwp: a thread of execution inside a proc (SVR4's name). The scheduler
 * schedules lwps.
 *
 * Life: LS_NEW -> LS_RUNNABLE <-> LS_RUNNING -> LS_SLEEP -> LS_RUNNABLE ... ->
 * LS_DEAD -> freed
 * An lwp leaves the CPU only in swtch(): it sleeps, exits, or yields at the
 * return-to-user boundary. The kernel is not preempted.
 *
 * Locks
 *   l_state, l_cpu, l_pri, l_chan: the lock of the run queue or sleep queue
 *   that the lwp is on (proc/sched/sched.c says how it is handed over).
 *   Signal fields: p_lock of its proc.
 *   The rest: the lwp itself; or another lwp, under p_lock, while this one is
 *   held at the boundary (l_held).
 */
#ifndef PROC_LWP_H
#define PROC_LWP_H

#include "kernel/dev/clock.h"
#include "kernel/lib/cpu.h"
#include "kernel/lib/heap.h"
#include "kernel/lib/list.h"
#include "kernel/lib/trapframe.h"
#include "kernel/lib/tree.h"
#include "kernel/lib/types.h"
#include "proc/signal.h"

struct proc;

/* The kinds of CPU-time clocks: user and system time, or user time alone. */
#define CPU_TIME 0u
#define CPU_USER 1u

enum lwp_state { LS_NEW, LS_RUNNABLE, LS_RUNNING, LS_SLEEP, LS_DEAD };

#define NPRI 64		/* 0 best */
#define PRI_KERNEL 8	/* kernel threads that write dirty pages */
#define PRI_USER 20	/* interactive ... */
#define PRI_USER_MAX 59 /* ... to CPU-bound */
#define PRI_IDLE 63

#define FPU_SIZE 512 /* FXSAVE area */

/*
 * What a timed call leaves for restart_syscall(2): the call goes on until the
 * same absolute deadline.
 */
struct restart_block {
	long (*rb_fn)(struct restart_block *rb); /* NULL: none */
	u64 rb_deadline;			 /* monotonic ns */
	u32 rb_arg[5];
	u32 rb_sysno; /* for the image: the call to set up again */
};

/*
 * Ends a timed call that was interrupted. Fills the current lwp's restart
 * block: fn gets it with the same deadline and arguments. The caller puts
 * further arguments into rb_arg.
 * Returns: -ERESTART_RESTARTBLOCK.
 */
long restart_later(long (*fn)(struct restart_block *rb), u64 deadline, u32 a0, u32 a1, u32 a2);

/*
 * An interrupted system call that the lwp is about to make again: it stands
 * before its int 0x80. If the lwp reaches the boundary before it makes the
 * call, it is still inside the call, not at a place of its program. boundary.c
 * then undoes the restart, so that a signal ends the call and an image holds it
 * as usual.
 */
struct cut_call {
	s32 cc_result; /* -ERESTART*; 0: none */
	u32 cc_nr;     /* number of the call as it was made (tf_err) */
	u32 cc_eip;    /* address of the int 0x80 */
};

/*
 * Options of one lwp, set by prctl(2) and personality(2). The lwp itself
 * changes them, except lo_pdeathsig (pidlock).
 */
struct lwp_options {
	/*
	 * its process gets this signal when the lwp that made the process
	 * exits; 0: none
	 */
	u32 lo_pdeathsig;
	/* ns by which timers may be late: now, and the default */
	u32 lo_slack, lo_slackdef;
	u32 lo_personality;
	bool lo_nonewprivs; /* set-id bits are ignored */
	bool lo_keepcaps;
};
#define TIMER_SLACK 50000u
#define PERSONA_NO_RANDOMIZE 0x0040000u
#define PERSONA_LIMIT_3GB 0x8000000u
/*
 * Bits that are cleared when a set-id program is executed; the kernel knows
 * only NO_RANDOMIZE of them.
 */
#define PERSONA_CLEAR_ON_SETID PERSONA_NO_RANDOMIZE
/* The options of a new lwp that one with `from` makes. */
struct lwp_options lwp_options_inherited(const struct lwp_options *from);

struct lwp {
	/* Scheduler. */
	struct list l_runlink; /* run queue or sleep queue */
	/*
	 * of the first sleeper on a channel: its other sleepers, in order
	 * (proc/sched/sleep.c)
	 */
	struct list l_mates;
	bool l_first; /* it is the first sleeper on its channel */
	enum lwp_state l_state;
	struct cpu *l_cpu;     /* the CPU that it runs on, or ran on last */
	u32 l_affinity;	       /* bit mask of allowed CPUs */
	int l_pri;	       /* current priority */
	u64 l_queued;	       /* when it entered its run queue, in cycles */
	bool l_bound;	       /* no other CPU was allowed then */
	u64 l_slice_end;       /* monotonic ns */
	volatile bool l_oncpu; /* a CPU is still saving its registers */
	const void *l_chan;    /* the channel that it sleeps on */
	u32 l_slpflags;
	int l_slpresult;
	struct callout l_slptimer;
	const char *l_wmesg; /* what it waits for, for ps and the debugger */

	/* Machine state. */
	void *l_kstack;		/* KSTACK_SIZE bytes, aligned */
	u32 l_ksp;		/* kernel stack pointer while it does not run */
	struct trapframe *l_tf; /* the frame of its entry from user mode */
	/*
	 * user selectors while it does not run; else they are in the registers
	 */
	u32 l_fs, l_gs;
	u64 l_tls[SEL_TLS_COUNT]; /* GDT slots 6.. */
	bool l_fpu_used;
	/* address of the last page fault, for signal frames */
	u32 l_cr2;
	/* the CPU whose registers may still hold its FPU state */
	struct cpu *l_fpu_cpu;
	u8 *l_fpu; /* FPU_SIZE bytes, 16-aligned */

	/* Identity. */
	struct proc *l_proc;	    /* NULL: a kernel thread's proc is proc0 */
	struct list l_plink;	    /* p_lwps (p_lock) */
	pid_t l_tid;		    /* first lwp: the pid */
	char l_name[16];	    /* prctl(PR_SET_NAME); kernel threads */
	void (*l_start)(void *arg); /* first routine in the kernel */
	void *l_arg;

	/* Signals (p_lock). */
	sigset_k l_sigmask;
	sigset_k l_oldmask; /* sigsuspend, ppoll: the boundary restores it */
	bool l_oldmask_valid;
	/* sigtimedwait: blocked signals that wake it nevertheless */
	sigset_k l_sigwait;
	struct sigqueue l_sigq; /* pending for this lwp */
	uaddr_t l_altsp;	/* sigaltstack */
	u32 l_altsize, l_altflags;
	volatile bool l_attention; /* take the slow path at the boundary */
	/* it stands at the boundary, held or stopped */
	volatile bool l_held;
	volatile bool l_exiting;
	int l_xstat; /* its status for exit(2), as for wait(2) */

	/* System call in progress. */
	struct restart_block l_restart;
	struct cut_call l_cut;
	u32 l_sysno;
	/*
	 * bytes that a read or write moved before it was interrupted; 0 unless
	 * the next call makes it again
	 */
	u32 l_done;
	bool l_in_syscall;
	bool l_trace; /* the tracer logs its calls (copied from P_TRACE) */

	/*
	 * its process's credentials, with a reference: see cred.h. NULL before
	 * lwp_begin()
	 */
	struct cred *l_ucred;
	/*
	 * Credentials with which the lwp acts for another process (a checkpoint
	 * for its asker); NULL: those of its own process. No reference.
	 */
	struct cred *l_cred;
	/* names are looked up from this root; NULL: the process's */
	struct vnode *l_root;

	/*
	 * its work for another process is not wanted any more: SLP_FATAL sleeps
	 * end (p_lock)
	 */
	volatile bool l_withdrawn;
	/*
	 * collects refusals, which otherwise end a checkpoint (ckpt/); NULL:
	 * none
	 */
	struct ckpt_sink *l_ckptsink;

	/* Threads. */
	uaddr_t l_clear_tid; /* set_tid_address */
	uaddr_t l_robust;    /* set_robust_list */
	u32 l_robust_len;
	/* A waiter's place among others (the bucket's lock). */
	struct futex_bucket *volatile l_futexbucket;
	struct tree_node l_futexnode;
	u64 l_futexkey[2], l_futexseq;
	u32 l_futexbits;
	volatile bool l_futexwoken;
	/*
	 * the child of a vfork(2) that it waits for, with a reference; NULL:
	 * none (the lwp itself)
	 */
	struct proc *l_vfork;
	struct lwp_options l_opt;

	/*
	 * CPU time used, in cycles (clock_cycles()): in user mode, in the
	 * kernel, and the time of the last update. Updated by the lwp itself
	 * when it enters and leaves the kernel, and when it leaves a CPU. Read
	 * through lwp_times().
	 */
	u64 l_ucycles, l_scycles, l_stamp;
	/* the part of these that its process's sums contain (p_timelock) */
	u64 l_usum, l_ssum;
	/* timers on its CPU-time clock, by kind (proc/cputimer.h) */
	struct heap l_cpuheap[2];

	/* Debug: the sleeping locks that it holds, in order of rank. */
	u8 l_nmutex;
	u16 l_mutexrank[12];
	const void *l_mutexes[12];
};

/*
 * Makes an lwp of p with its kernel stack. Once lwp_start() is called it runs
 * fn(arg), and enters user mode through l_tf when fn returns.
 * Errors: -ENOMEM.
 */
int lwp_create(struct proc *p, void (*fn)(void *arg), void *arg, struct lwp **lp);
void lwp_start(struct lwp *l);
/* Frees an lwp that never ran, or that is LS_DEAD and off its CPU. */
void lwp_free(struct lwp *l);
/* Ends the current lwp. Does not return. */
void lwp_exit(void) __noreturn;

/*
 * Adds the time since the last stamp to the current lwp's user / kernel time.
 */
static inline void lwp_charge_user(struct lwp *l)
{
	u64 now = clock_cycles();

	l->l_ucycles += now - l->l_stamp;
	l->l_stamp = now;
}
static inline void lwp_charge_sys(struct lwp *l)
{
	u64 now = clock_cycles();

	l->l_scycles += now - l->l_stamp;
	l->l_stamp = now;
}
/*
 * CPU time of l so far, in nanoseconds, including the time since its stamp.
 * Exact for the current lwp, approximate for an lwp that runs on another CPU. l
 * must stay alive. From any context.
 */
void lwp_times(const struct lwp *l, u64 *utime, u64 *stime);
/*
 * CPU time of p's living lwps so far, in nanoseconds. It takes equally long for
 * any number of lwps: p has sums, to which an lwp's time is added when it
 * leaves a CPU. From any context.
 */
void lwps_times(struct proc *p, u64 *utime, u64 *stime);
/*
 * l leaves p's lwps because it exits: p_utime and p_stime have its time from
 * now on / because it changes to another process.
 * Locks: p_lock.
 */
void lwp_times_end(struct proc *p, struct lwp *l);
void lwp_change_proc(struct lwp *l, struct proc *to);
/*
 * Sets the times of the current lwp, or of one that has not begun (recovery).
 */
void lwp_set_times(struct lwp *l, u64 utime, u64 stime);

/*
 * Makes and starts a kernel thread (of proc0). Panics if there is no memory at
 * start-up.
 */
struct lwp *kthread_create(const char *name, void (*fn)(void *arg), void *arg, int pri);

/* Loads / reads FS and GS of the running lwp. A bad selector becomes 0. */
void lwp_load_segs(struct lwp *l);
void lwp_save_segs(struct lwp *l);
/*
 * Loads the TLS slots l_tls of the running lwp.
 * Locks: none; interrupts off.
 */
void lwp_load_tls(struct lwp *l);
/*
 * FPU: save writes the registers to l_fpu; forget makes l_fpu the valid copy.
 */
void fpu_save(struct lwp *l);
void fpu_drop(struct lwp *l);
void fpu_reset(struct lwp *l); /* to the state in which a program starts */
void fpu_init_cpu(void);

#endif
