/* SPDX-License-Identifier: MIT */
/* What the files of the scheduler and of process control share among themselves. */
#ifndef PROC_LWP_IMPL_H
#define PROC_LWP_IMPL_H

#include "proc/sched/lwp.h"
#include "proc/proc.h"

/* Ends l's sleep, of whatever kind, with this result; nothing if it does not sleep. l must not be freed meanwhile (p_lock, or a callout that
 * is cancelled before). From any context. */
void sleep_abort(struct lwp *l, int result);
/* Ends l's sleep if it is of a kind that ends for signals (SLP_INTR), or for death (SLP_KILL) when l is dying. */
void sleep_interrupt(struct lwp *l);
/* The process or the lwp must end. A hint without p_lock. */
bool lwp_dying(const struct lwp *l);
/* Something other than a stop or a signal waits for l at the boundary: a hold, a checkpoint, the end. A hint without p_lock. */
bool lwp_called(const struct lwp *l);

/* proc/sched/switch.asm: saves the callee-saved registers and the stack pointer, goes on on the other stack; returns, there, the lwp
 * that ran before. Loads of FS and GS: false, and 0 loaded, when the selector is bad. */
struct lwp *lwp_switch(struct lwp *prev, u32 *prev_ksp, u32 next_ksp);
bool lwp_set_fs(u32 sel);
bool lwp_set_gs(u32 sel);
/* Where a new lwp's first switch returns to. */
void lwp_entry(void);
/* What must happen after every switch, in the new lwp, interrupts still off. */
void swtch_finish(struct lwp *prev);
/* First C code of a new lwp; returns to the assembly that goes to user mode. */
void lwp_begin(struct lwp *prev);

/* Makes the running context (boot stack) c's idle lwp. */
void idle_adopt(struct cpu *c);

/* Machine state that follows the lwp: called by swtch() with interrupts off. */
void lwp_machine_out(struct lwp *l);
void lwp_machine_in(struct lwp *l);

/* Where the time of a CPU goes: prev leaves it for next. Interrupts off, before the switch. */
void cpu_charge(struct cpu *c, struct lwp *prev, struct lwp *next);

/* Debug: the order of sleeping locks, per lwp (proc/sched/mutex.c). */
enum lockorder { LO_STRICT, LO_NESTED, LO_TRY };
void lockorder_acquire(const void *lock, const char *name, u32 rank, enum lockorder how);
void lockorder_release(const void *lock);

/*
 * Does a hold keep l at the boundary? Not if it has called exit(2), nor if an exec of another lwp is waiting to see it ended: the hold is not
 * complete before it is gone. p_lock held.
 */
bool lwp_stays_held(const struct lwp *l);
/* l is dying, or will when it gets to the boundary, or what it does has been withdrawn. A hint without p_lock. */
bool lwp_given_up(const struct lwp *l);
/*
 * The wait of vfork(2), at the boundary of the parent: until the child of l has let go of its memory, or something else is to be done
 * with l.
 * Sleeps: yes. Locks: none held.
 */
void vfork_wait(struct lwp *l);
/* l waits for its child no longer. */
void vfork_forget(struct lwp *l);
/* The hold of p is over, and its lwps are about to be told. p_lock held. */
void lwp_end_hold(struct proc *p);
/* The lwp waits at the boundary while its process is stopped or held. p_lock held. */
void lwp_stand(struct lwp *l);
/* Sets l_attention on l and gets it to the boundary: wakes it, or pokes its CPU. p_lock held. */
void lwp_poke(struct lwp *l);
/* All lwps of p, the first ones at once, many by a thread, soon. p_lock held. */
void proc_poke(struct proc *p);
bool proc_poke_more(struct later *la); /* for p_poke */
/* l leaves p's list. p_lock held. */
void proc_unlink_lwp(struct proc *p, struct lwp *l);

/* The last lwp of a process: what remains is a zombie. Does not return. */
void proc_finish(void) __noreturn;
/* Takes the current lwp out of its process; true if it was the last. */
bool lwp_detach(struct lwp *l);
/* All other lwps of the current process end; returns when they are gone. -EAGAIN: somebody else is at it, or we die too. */
int proc_single(void);

/* Drops cwd, root, executable and the strings that name them. May sleep. */
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
void pid_lead(pid_t id); /* somebody comes into the group or session of this number. pidlock held */
struct proc *pid_owner(pid_t pid); /* pidlock held */

/* Timers of a process (proc/itimer.c). */
void itimer_init(struct proc *p);
void itimer_cancel_all(struct proc *p);

/* l will not take the signals of set (any more): of those that wait for its process, the other lwps are told. p_lock held. */
void signal_retarget(struct lwp *l, sigset_k set);
/* proc/exit.c: all lwps of p are to end, unless they are already; xstat as for wait(2). p_lock held. */
void proc_end(struct proc *p, int xstat);
/* Posts with p_lock held. */
int signal_post_locked(struct proc *p, struct lwp *l, int sig, const struct abi_siginfo *info);
/* The same with an entry, filled in, that is on no queue; it stays on none if the signal goes no further. p_lock held. */
void signal_post_entry(struct proc *p, struct lwp *l, struct sigent *se);
/* l takes sig, which is pending for it or for its process: the lwp's own before the process's. p_lock held. */
void signal_take(struct lwp *l, int sig, struct abi_siginfo *info);
/* Signals of this set that are pending for p or an lwp of it are thrown away. p_lock held. */
void signal_drop_all(struct proc *p, sigset_k set);
/* Is sig thrown away under this action? */
bool signal_ignores(const struct abi_sigaction *act, int sig);

/* proc/proc.c: a process of its own, in no list, with one reference / the end of one that nobody has any more. NULL: no memory. */
struct proc *proc_alloc(void);
void proc_free(struct proc *p);
/* Makes p, which has its pid, a child of maker, or of maker's parent, in maker's group and session, for all to see. */
void proc_enter_tree(struct proc *p, struct proc *maker, bool sibling);

#endif
