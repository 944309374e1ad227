/* SPDX-License-Identifier: MIT */
/*
 * lwp: a thread of execution inside a proc, what the scheduler schedules (SVR4's name).
 *
 * Life:  LS_NEW -> LS_RUNNABLE <-> LS_RUNNING -> LS_SLEEP -> LS_RUNNABLE ... -> LS_DEAD -> freed
 * An lwp leaves the CPU only in swtch() (by sleeping, by exiting, or by yielding at the return-to-user
 * boundary): the kernel is not preempted.
 *
 * Locks: l_state, l_cpu, l_pri, l_chan: the run queue lock of l_cpu or the sleep queue's lock, whichever
 * it stands on (proc/sched/sched.c says who hands over to whom). Signal fields: p_lock of its proc. The rest: the
 * lwp itself, or anybody once the lwp is held at the boundary (LWP_HELD) under p_lock.
 */
#ifndef PROC_LWP_H
#define PROC_LWP_H

#include "kernel/dev/clock.h"
#include "kernel/lib/cpu.h"
#include "kernel/lib/heap.h"
#include "kernel/lib/list.h"
#include "kernel/lib/trapframe.h"
#include "kernel/lib/types.h"
#include "proc/signal.h"

struct proc;

/* The kinds of CPU-time clocks: user and system time, or user time alone. */
#define CPU_TIME 0u
#define CPU_USER 1u

enum lwp_state { LS_NEW, LS_RUNNABLE, LS_RUNNING, LS_SLEEP, LS_DEAD };

#define NPRI 64		/* 0 best */
#define PRI_KERNEL 8	/* kernel threads that write back */
#define PRI_USER 20	/* interactive .. */
#define PRI_USER_MAX 59 /* .. to CPU-bound */
#define PRI_IDLE 63

#define FPU_SIZE 512 /* FXSAVE area */

/* What a timed call leaves for restart_syscall(2): it goes on until the same absolute deadline. */
struct restart_block {
	long (*rb_fn)(struct restart_block *rb); /* NULL: none */
	u64 rb_deadline;			 /* monotonic ns */
	u32 rb_arg[5];
	u32 rb_sysno; /* for the image: which call to set up again */
};

/*
 * Ends a timed call that was cut short: fills the current lwp's restart block (the fn gets it back with the same deadline and arguments) and returns
 * -ERESTART_RESTARTBLOCK. More arguments are put into rb_arg by the caller.
 */
long restart_later(long (*fn)(struct restart_block *rb), u64 deadline, u32 a0, u32 a1, u32 a2);

/*
 * A call that was cut short and that the lwp is on its way to make again: it stands before its int 0x80. Should it come to the
 * boundary before it has got there, that is not a place in its program but still the inside of the call: boundary.c takes the call
 * back then, so that a signal ends it and an image holds it as it does otherwise.
 */
struct cut_call {
	s32 cc_result; /* -ERESTART*; 0: none */
	u32 cc_nr;     /* the call as it was made (tf_err) */
	u32 cc_eip;    /* of the int 0x80 */
};

/* What prctl(2) and personality(2) set of one lwp (the lwp itself, but for lo_pdeathsig: pidlock). */
struct lwp_options {
	u32 lo_pdeathsig; /* its process gets this signal when the lwp that made the process ends; 0: none */
	u32 lo_slack, lo_slackdef; /* ns by which timers may be late: now, and what 0 sets */
	u32 lo_personality;
	bool lo_nonewprivs; /* set-id bits do not count */
	bool lo_keepcaps;
};
#define TIMER_SLACK 50000u
#define PERSONA_NO_RANDOMIZE 0x0040000u
#define PERSONA_LIMIT_3GB 0x8000000u
/* Bits that end when a file with a set-id bit is executed: of those, NO_RANDOMIZE is known here. */
#define PERSONA_CLEAR_ON_SETID PERSONA_NO_RANDOMIZE
/* What an lwp has that is made by one with `from`. */
struct lwp_options lwp_options_inherited(const struct lwp_options *from);

struct lwp {
	/* Scheduler. */
	struct list l_runlink; /* run queue or sleep queue */
	struct list l_mates; /* of the first sleeper on a channel: the others, in order (proc/sched/sleep.c) */
	bool l_first; /* it is the first */
	enum lwp_state l_state;
	struct cpu *l_cpu;     /* runs there, or ran there last */
	u32 l_affinity;	       /* CPUs allowed, bit mask */
	int l_pri;	       /* now */
	u64 l_queued;	       /* when it came into its run queue, in cycles */
	bool l_bound;	       /* when it came there, no other CPU was allowed */
	u64 l_slice_end;       /* monotonic ns */
	volatile bool l_oncpu; /* its registers are still being saved on some CPU */
	const void *l_chan;    /* sleeping on */
	u32 l_slpflags;
	int l_slpresult;
	struct callout l_slptimer;
	const char *l_wmesg; /* what it waits for, for ps and the debugger */

	/* Machine state. */
	void *l_kstack;		/* KSTACK_SIZE bytes, aligned */
	u32 l_ksp;		/* saved kernel stack pointer while not running */
	struct trapframe *l_tf; /* the frame of the entry from user mode */
	u32 l_fs, l_gs; /* user selectors: in the registers while it runs, here while it does not */
	u64 l_tls[SEL_TLS_COUNT]; /* GDT slots 6.. */
	bool l_fpu_used;
	u32 l_cr2;	       /* address of the last page fault, for signal frames */
	struct cpu *l_fpu_cpu; /* whose registers may still hold its FPU state */
	u8 *l_fpu;	       /* FPU_SIZE bytes, 16-aligned */

	/* Identity. */
	struct proc *l_proc;	    /* NULL: a kernel thread's proc is proc0 */
	struct list l_plink;	    /* p_lwps (p_lock) */
	pid_t l_tid;		    /* first lwp: the pid */
	char l_name[16];	    /* prctl(PR_SET_NAME); kernel threads */
	void (*l_start)(void *arg); /* first routine in the kernel */
	void *l_arg;

	/* Signals (p_lock). */
	sigset_k l_sigmask;
	sigset_k l_oldmask; /* sigsuspend, ppoll: put back at the boundary */
	bool l_oldmask_valid;
	sigset_k l_sigwait;	/* sigtimedwait: blocked signals that wake it all the same */
	struct sigqueue l_sigq; /* pending for this lwp */
	uaddr_t l_altsp;	/* sigaltstack */
	u32 l_altsize, l_altflags;
	volatile bool l_attention; /* go through the slow path at the boundary */
	volatile bool l_held;	   /* stands at the boundary in lwp_hold() */
	volatile bool l_exiting;
	int l_xstat; /* what it gave to exit(2), as for wait(2) */

	/* System call in progress. */
	struct restart_block l_restart;
	struct cut_call l_cut;
	u32 l_sysno;
	u32 l_done; /* a read or write that will be made again has moved so many bytes; 0 unless it is the lwp's next call */
	bool l_in_syscall;
	bool l_trace; /* strace-like tracer on for this proc (copied from p_trace) */

	struct cred *l_ucred; /* its process's, with a reference: see cred.h. NULL before lwp_begin() */
	/* Acts for somebody else (a checkpoint for who asked); NULL: with its process's own. Borrowed. */
	struct cred *l_cred;
	struct vnode *l_root; /* instead of p_root, when names are looked up */

	volatile bool l_withdrawn; /* what it does for another process is not wanted any more: ends SLP_FATAL sleeps (p_lock) */
	struct ckpt_sink *l_ckptsink; /* ckpt/: refusals are collected there, instead of ending what it does; NULL: they are not */

	/* Threads. */
	uaddr_t l_clear_tid; /* set_tid_address */
	uaddr_t l_robust;    /* set_robust_list */
	u32 l_robust_len;
	struct list l_futexlink; /* futex bucket (its lock) */
	u64 l_futexkey[2];
	u32 l_futexbits, l_futexseq;
	volatile bool l_futexwoken;
	struct proc *l_vfork; /* the child of a vfork(2) that is waited for, with a reference; NULL: none (the lwp itself) */
	struct lwp_options l_opt;

	/*
	 * CPU time used, in cycles of the clock (clock_cycles()): in user mode, in the kernel; and when that was last brought up to
	 * date: at entry and exit of the kernel by the lwp itself, and when it leaves a CPU. Read through lwp_times().
	 */
	u64 l_ucycles, l_scycles, l_stamp;
	u64 l_usum, l_ssum;	  /* what of these is in the sums of its process (p_timelock) */
	struct heap l_cpuheap[2]; /* timers on its CPU-time clock, by kind (proc/cputimer.h) */

	/* Debug: sleeping locks held, in order of rank. */
	u8 l_nmutex;
	u16 l_mutexrank[12];
	const void *l_mutexes[12];
};

/*
 * Makes an lwp of p with its kernel stack; it starts in fn(arg) once lwp_start() is called, and enters user mode
 * through l_tf when fn returns. -ENOMEM.
 */
int lwp_create(struct proc *p, void (*fn)(void *arg), void *arg, struct lwp **lp);
void lwp_start(struct lwp *l);
/* Frees an lwp that never ran, or one that is LS_DEAD and off its CPU. */
void lwp_free(struct lwp *l);
/* Ends the current lwp. Does not return. */
void lwp_exit(void) __noreturn;

/* Adds the time since the last stamp to the current lwp's time in user mode / in the kernel. */
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
 * CPU time of l so far, nanoseconds, with what it has run since its stamp; exact for the current lwp, for one that runs on another
 * CPU only nearly so. From any context; l must not go away.
 */
void lwp_times(const struct lwp *l, u64 *utime, u64 *stime);
/*
 * CPU time of p's living lwps so far, nanoseconds. It takes no longer for many lwps: p has sums, to which an lwp's time is added when it
 * leaves a CPU. From any context.
 */
void lwps_times(struct proc *p, u64 *utime, u64 *stime);
/* l leaves p's lwps for its end, and p_utime and p_stime have its time from now on / changes over to another process. p_lock held. */
void lwp_times_end(struct proc *p, struct lwp *l);
void lwp_change_proc(struct lwp *l, struct proc *to);
/* Sets them, of the current lwp or one that has not begun (recovery). */
void lwp_set_times(struct lwp *l, u64 utime, u64 stime);

/* A kernel thread (of proc0). Returns it started. Panics if there is no memory at start-up. */
struct lwp *kthread_create(const char *name, void (*fn)(void *arg), void *arg, int pri);

/* Loads / reads the FS and GS of the running lwp; a bad selector becomes 0. */
void lwp_load_segs(struct lwp *l);
void lwp_save_segs(struct lwp *l);
/* Makes the TLS slots of the running lwp those of l->l_tls. Interrupts off. */
void lwp_load_tls(struct lwp *l);
/* FPU: brings the registers' contents to l_fpu / forgets the registers so that l_fpu counts. */
void fpu_save(struct lwp *l);
void fpu_drop(struct lwp *l);
void fpu_reset(struct lwp *l); /* the state that a new program sees */
void fpu_init_cpu(void);

#endif
