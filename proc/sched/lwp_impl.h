/* SPDX-License-Identifier: MIT */
/* Shared by the files of the scheduler and of process control. */
#ifndef PROC_LWP_IMPL_H
#define PROC_LWP_IMPL_H

#include "proc/sched/lwp.h"
#include "proc/proc.h"

/*
 * Ends l's sleep, of whatever kind, with this result; does nothing if l does
 * not sleep. l must stay alive meanwhile (p_lock, or a callout that is
 * cancelled before). From any context.
 */
void sleep_abort(struct lwp *l, int result);
/*
 * Ends l's sleep if it ends for signals (SLP_INTR), or for death (SLP_KILL)
 * while l is dying.
 */
void sleep_interrupt(struct lwp *l);
/* Must the process or the lwp exit? A hint without p_lock. */
bool lwp_dying(const struct lwp *l);
/*
 * Does something other than a stop or a signal wait for l at the boundary: a
 * hold, a checkpoint, an exit? A hint without p_lock.
 */
bool lwp_called(const struct lwp *l);

/*
 * proc/sched/switch.asm: lwp_switch() saves the callee-saved registers and the
 * stack pointer, and continues on the other stack. There it returns the lwp
 * that ran before. Loads of FS and GS return false, and load 0, when the
 * selector is bad.
 */
struct lwp *lwp_switch(struct lwp *prev, u32 *prev_ksp, u32 next_ksp);
bool lwp_set_fs(u32 sel);
bool lwp_set_gs(u32 sel);
/* The address to which a new lwp's first switch returns. */
void lwp_entry(void);
/* Called after every switch, in the new lwp, with interrupts still off. */
void swtch_finish(struct lwp *prev);
/* First C code of a new lwp. Returns to the assembly that enters user mode. */
void lwp_begin(struct lwp *prev);

/* Makes the running context (the boot stack) c's idle lwp. */
void idle_adopt(struct cpu *c);

/*
 * Saves / loads the machine state that belongs to an lwp. Called by swtch()
 * with interrupts off.
 */
void lwp_machine_out(struct lwp *l);
void lwp_machine_in(struct lwp *l);

/*
 * Accounts for a CPU's time: prev leaves it to next. Interrupts off, before the
 * switch.
 */
void cpu_charge(struct cpu *c, struct lwp *prev, struct lwp *next);

/* Debug: the order of sleeping locks, per lwp (proc/sched/mutex.c). */
enum lockorder { LO_STRICT, LO_NESTED, LO_TRY };
void lockorder_acquire(const void *lock, const char *name, u32 rank, enum lockorder how);
void lockorder_release(const void *lock);

/*
 * Does a hold keep l at the boundary? Not if l has called exit(2), or if an
 * exec of another lwp waits for l to exit: the hold is complete only after
 * that.
 * Locks: p_lock.
 */
bool lwp_stays_held(const struct lwp *l);
/*
 * Is l dying, or will it when it reaches the boundary, or has its work been
 * withdrawn? A hint without p_lock.
 */
bool lwp_given_up(const struct lwp *l);
/*
 * The wait of vfork(2), at the boundary of the parent: until the child has
 * released l's memory, or l has something else to do.
 * Locks: none.
 * Sleeps: yes.
 */
void vfork_wait(struct lwp *l);
/* l no longer waits for its child. */
void vfork_forget(struct lwp *l);
/*
 * The hold of p is over; its lwps have not been told yet.
 * Locks: p_lock.
 */
void lwp_end_hold(struct proc *p);
/*
 * The lwp waits at the boundary while its process is stopped or held.
 * Locks: p_lock.
 */
void lwp_stand(struct lwp *l);
/*
 * Sets l_attention and gets l to the boundary: wakes it, or interrupts its CPU.
 * Locks: p_lock.
 */
void lwp_poke(struct lwp *l);
/*
 * The same for all lwps of p: the first of them at once, many soon, by a
 * thread.
 * Locks: p_lock.
 */
void proc_poke(struct proc *p);
bool proc_poke_more(struct later *la); /* for p_poke */
/*
 * l leaves p's list.
 * Locks: p_lock.
 */
void proc_unlink_lwp(struct proc *p, struct lwp *l);

/* Ends the last lwp of a process, which becomes a zombie. Does not return. */
void proc_finish(void) __noreturn;
/*
 * Takes the current lwp out of its process: it belongs to process 0 from here
 * on.
 * Returns: true: it was the last, and stays for proc_finish().
 */
bool lwp_detach(struct lwp *l);
/*
 * Ends all other lwps of the current process, and waits for that.
 * Errors: -EAGAIN: another lwp does the same, or this lwp is dying.
 */
int proc_single(void);

/*
 * Drops working directory, root, executable and the strings that name them.
 * Sleeps: yes.
 */
void proc_drop_identity(struct proc *p);
/* Drops an executable: its text right and its reference. */
void exe_rele(struct vnode *vp);
extern volatile u32 proc_count; /* live struct procs but proc0: leak check */

void lwp_init(void);
void cred_init(void);
void signal_init(void);
void nanosleep_init(void);
void sigtimedwait_init(void);
void fpu_load(struct lwp *l);

/* proc/pid.c */
void pid_init(void);
void pid_bind(pid_t pid, struct proc *p);
/*
 * A process enters the group or session `id`.
 * Locks: pidlock.
 */
void pid_lead(pid_t id);
struct proc *pid_owner(pid_t pid); /* Locks: pidlock. */

/* Timers of a process (proc/itimer.c). */
void itimer_init(struct proc *p);
void itimer_cancel_all(struct proc *p);

/*
 * l will no longer take the signals of set: those that wait for its process are
 * offered to the other lwps.
 * Locks: p_lock.
 */
void signal_retarget(struct lwp *l, sigset_k set);
/*
 * proc/exit.c: makes all lwps of p exit, unless they are exiting already.
 * xstat: as for wait(2).
 * Locks: p_lock.
 */
void proc_end(struct proc *p, int xstat);
/*
 * Posts a signal.
 * Locks: p_lock.
 */
int signal_post_locked(struct proc *p, struct lwp *l, int sig, const struct abi_siginfo *info);
/*
 * The same with an entry that is filled in and on no queue. It stays on no
 * queue if the signal is ignored.
 * Locks: p_lock.
 */
void signal_post_entry(struct proc *p, struct lwp *l, struct sigent *se);
/*
 * l takes sig, which is pending for it or for its process: l's own entry before
 * the process's.
 * Locks: p_lock.
 */
void signal_take(struct lwp *l, int sig, struct abi_siginfo *info);
/*
 * Drops the pending signals of this set, of p and of its lwps.
 * Locks: p_lock.
 */
void signal_drop_all(struct proc *p, sigset_k set);
/* Is sig ignored under this action? */
bool signal_ignores(const struct abi_sigaction *act, int sig);

/*
 * proc/proc.c: makes a process that is in no list, with one reference / frees
 * one without references.
 * Returns: NULL: out of memory.
 */
struct proc *proc_alloc(void);
void proc_free(struct proc *p);
/*
 * Makes p, which has its pid, visible: a child of maker, or of maker's parent,
 * in maker's group and session.
 */
void proc_enter_tree(struct proc *p, struct proc *maker, bool sibling);

#endif
