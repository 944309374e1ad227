/* SPDX-License-Identifier: MIT */
/*
 * proc: a process (SVR4's name): what its lwps share. Process 0 owns the
 * kernel's own threads; process 1 is init.
 *
 * Locks
 *   pidlock (LR_PIDLOCK, one for all): the tree and the tables: p_parent,
 *   p_children, p_sibling, p_pgid, p_sid, p_stat, p_xstat, members of groups
 *   and sessions, the pid hash. While it is held, the tree does not change.
 *   p_lock (LR_PROC): p_lwps, p_nlwp, p_flags, signals (p_sigact, p_sigq, and each lwp's
 *   signal fields), timers, limits, the pointer p_cred.
 *   p_execlock (LR_EXEC, mutex): excludes exec and checkpoint. Other processes
 *   hold it to read p_as, p_exe and p_exepath.
 *   p_fs: other processes read the pointer under p_lock; fc_lock guards the
 *   fields of the fsctx. p_fdtab has its own lock (fs/file.h).
 * Order: pidlock, then p_lock, then fc_lock.
 *
 * Life: PS_NEW (spawn_proc) -> PS_ACTIVE -> PS_ZOMBIE (last lwp exited) ->
 * freed (parent waited). A stopped process is PS_ACTIVE with P_STOPPED in
 * p_flags: all its lwps stand at the boundary.
 */
#ifndef PROC_PROC_H
#define PROC_PROC_H

#include "kernel/lib/list.h"
#include "kernel/lib/lock.h"
#include "kernel/lib/tree.h"
#include "kernel/lib/types.h"
#include "proc/cred.h"
#include "proc/sched/lwp.h"
#include "proc/sched/mutex.h"
#include "proc/pidspace.h"
#include "proc/sched/later.h"
#include "proc/signal.h"

struct as;
struct fdtab;
struct fsctx;
struct vnode;
struct tty;
struct file;

#define PID_MAX 32768
#define NRLIMIT 16

enum proc_stat { PS_NEW, PS_ACTIVE, PS_ZOMBIE };

/* p_flags (p_lock) */
#define P_STOPPED 0x0001u /* job control: lwps wait at the boundary */
#define P_EXITING 0x0002u /* all lwps must end: p_xstat is set */
/* its lwps wait at the boundary until p_holder releases it */
#define P_HOLD 0x0004u
/* a checkpoint is due at the boundary; p_ckpt says how */
#define P_CKPT 0x0008u
#define P_TRACE 0x0010u /* log its system calls */
/* proc0 and hidden processes: not in /proc, kill and wait ignore it */
#define P_KERNEL 0x0020u
#define P_WAITSTOP 0x0040u /* stopped, and the parent has not waited for that */
/* continued, and the parent has not waited for that */
#define P_WAITCONT 0x0080u
/* has not called exec: its parent may call setpgid */
#define P_FORKNOEXEC 0x0100u
/* runs a set-id program: no checkpoint; other processes may not look inside */
#define P_SUGID 0x0200u
#define P_TELLCONT 0x0400u /* the parent must get SIGCHLD for a continuation */
#define P_STOPTOLD 0x0800u /* the parent has been told of this stop */
/* with P_CKPT: asked for at the terminal, no p_ckpt yet (ckpt/key.c) */
#define P_CKPTKEY 0x1000u
#define P_EVERY 0x2000u	   /* debug: p_every is due (ckpt/inplace.c) */
#define P_STOPPING 0x4000u /* a stop signal was taken, and no SIGCONT since */
/*
 * Since exec it has had other rights, and may keep what it read with them:
 * other processes may not look inside.
 */
#define P_NODUMP 0x8000u
/* ignores p_pidspace: runs, or descends from, a set-id program */
#define P_REALIDS 0x10000u
#define P_SUBREAPER 0x20000u /* its orphaned descendants become its children */
/* an lwp has asked for a death signal (proc/orphan.h) */
#define P_DEATHSIG 0x40000u
#define P_MOURNED 0x80000u /* one of its children has P_DEATHSIG */
/* an lwp has something to do at the boundary */
#define P_BOUNDARY (P_STOPPED | P_EXITING | P_HOLD | P_CKPT | P_TELLCONT)

struct itimer {
	struct callout it_callout;
	u64 it_next;	 /* monotonic ns; 0: off */
	u64 it_interval; /* ns */
};

struct rlimit_k {
	u64 rl_cur, rl_max; /* ~0ull: no limit */
};

/*
 * The members of a struct, both by their own names and, as `name`, as one:
 * for code that must not forget a member.
 */
#define EMBED(type, name)         \
	union {                   \
		struct type name; \
		struct type;      \
	}

/* What a child inherits as a copy (p_lock). */
struct pattr {
	struct abi_sigaction p_sigact[K_NSIG]; /* [n-1] */
	struct rlimit_k p_rlimit[NRLIMIT];
	int p_nice;
	char p_comm[16];
	/* its CLOCK_MONOTONIC minus the kernel's: see deadline_at() */
	s64 p_monoff;
};

/*
 * What a recovery in place replaces, and execve of an image: all that a process
 * has of its own, apart from its place in the tree, its lwps, pending signals
 * and timers. reveal.c swaps it whole. spawn_proc() takes references of its own
 * on the first part, and copies p_attr. A child begins without usage.
 */
struct pstate {
	struct cred *p_cred; /* p_lock; immutable once set: replaced whole */
	/* ids remembered from before a recovery (p_lock); NULL: none */
	struct pidspace *p_pidspace;
	struct as *p_as; /* p_execlock */
	struct fdtab *p_fdtab;
	/*
	 * working directory, root, umask (proc/fsctx.h); NULL: a zombie or
	 * kernel process
	 */
	struct fsctx *p_fs;
	struct vnode *p_exe; /* executable (p_execlock) */
	char *p_exepath;

	EMBED(pattr, p_attr);

	/*
	 * Usage (p_lock): of its lwps that have exited, and of children it has
	 * waited for.
	 */
	u64 p_start_ns; /* monotonic time of its start */
	u64 p_utime, p_stime, p_cutime, p_cstime;
	u32 p_minflt, p_majflt, p_maxrss;
	/* switches, voluntary and not, of all its lwps (p_timelock) */
	u32 p_nvcsw, p_nivcsw;
};

struct proc {
	/* Identity (pidlock). */
	pid_t p_pid;
	enum proc_stat p_stat;
	struct list p_all; /* link in allproc */
	/* mark of a walk through all processes: see fs/procfs/pid.c */
	u32 p_mark;
	/* position in the order of all processes: see proc/proctab.h */
	u64 p_order;
	struct tree_node p_allnode, p_groupnode, p_sessnode, p_usernode;
	uid_t p_uid;	/* real user, as the table has it */
	u32 p_usersize; /* processes in the subtree of p_usernode */
	struct proc *p_parent;
	struct list p_children;
	u32 p_news; /* counts the events that wait() reports: see wait_tell() */
	struct list p_sibling;
	pid_t p_pgid, p_sid;
	struct tty *p_ctty; /* terminal of the session; NULL: none (pidlock) */
	/* wait status once P_EXITING or PS_ZOMBIE; stop signal while stopped */
	int p_xstat;
	/* signal to the parent at exit; SIGCHLD unless clone said otherwise */
	int p_exitsig;
	bool p_vforked;
	u32 p_nexec; /* how often it has executed a program */
	/* the parent's p_nexec when it made this process */
	u32 p_parentexec;
	/* the parent's lwp that made it or took it over */
	pid_t p_makertid;
	/* references from outside the tree: proc_find() */
	volatile u32 p_ref;

	struct spinlock p_lock;
	u32 p_flags;
	struct list p_lwps;
	u32 p_nlwp;
	u32 p_nheld; /* lwps standing at the boundary */
	/* the lwp that a running proc_poke() does next; NULL: none runs */
	struct lwp *p_pokenext;
	struct later p_poke;
	struct sigqueue p_sigq; /* signals pending for the process */
	struct itimer p_itreal; /* ITIMER_REAL and alarm(2) */
	struct list p_ptimers;	/* POSIX timers (proc/ptimer.c) */
	/* They count CPU time: it_next is the CPU time at which they fire. */
	struct itimer p_itvirt, p_itprof;
	/* timers on its CPU-time clock, by kind (proc/cputimer.h) */
	struct heap p_cpuheap[2];
	/*
	 * an lwp or timer waits for its CPU time; a hint, read without a lock
	 */
	volatile bool p_cpuwatch;
	bool p_cpuended; /* p_cpuheap takes no more timers */

	struct mutex p_execlock;
	EMBED(pstate, p_state);
	struct lwp *p_lwp0; /* first lwp, while it lives */
	/* the lwp that calls exec and ends the other lwps (p_lock) */
	struct lwp *p_execlwp;
	/* the lwp that set P_HOLD, perhaps of another process (p_lock) */
	struct lwp *p_holder;

	struct spinlock p_timelock;
	/*
	 * of living lwps, up to when each last left a CPU (p_timelock): see
	 * lwps_times()
	 */
	u64 p_ucycles, p_scycles;

	/*
	 * set-id programs executed so far: older descriptors of guarded /proc
	 * files are invalid (p_lock)
	 */
	u32 p_nclosed;
	/*
	 * Tests: save and restore in place every p_every system calls (0: off);
	 * p_everyleft calls are left (ckpt/).
	 */
	u32 p_every, p_everyleft;
	bool p_fckpt; /* an fckpt child of it is writing (p_lock) */
	/* the pending request for a checkpoint (ckpt/, p_lock) */
	struct ckpt_request *p_ckpt;
	/*
	 * the request served last, for the processes that wait (ckpt/, p_lock)
	 */
	struct ckpt_request *p_ckptlast;
	/* of the last checkpoints (ckpt/, p_lock) */
	struct ckpt_stats *p_ckptstats;
};

extern struct spinlock pidlock;
extern struct proc proc0;
extern struct proc *initproc;
/* by p_all (pidlock); proc/proctab.h walks through it */
extern struct list allproc;

static inline struct proc *curproc(void)
{
	return curlwp()->l_proc;
}

/* Start-up: makes proc0 and the caches. */
void proc_init(void);

/* spawn_proc flags */
#define SPAWN_SHARE_AS 1u /* vfork, CLONE_VM */
/* starts without an address space (recovery builds one) */
#define SPAWN_NO_AS 2u
/* no public pid, not in the tree (fckpt's child, kernel processes) */
#define SPAWN_HIDDEN 4u
#define SPAWN_SHARE_FILES 8u
#define SPAWN_SHARE_FS 16u
#define SPAWN_NO_FILES 64u  /* starts with an empty descriptor table */
#define SPAWN_SIBLING 128u  /* a child of the caller's parent */
#define SPAWN_EXACT_PID 32u /* sa_pid, or -EEXIST */

struct spawn_args {
	/* first routine in the kernel; then user mode through l_tf */
	void (*sa_start)(void *arg);
	void *sa_arg;
	u32 sa_flags;
	int sa_exitsig;
	pid_t sa_pid; /* with SPAWN_EXACT_PID */
};

/*
 * Makes a process, the only way to do so: a child of the current process with
 * one lwp that begins at sa_start. Copies or shares address space, descriptors,
 * fsctx, credentials, signal actions, limits. The lwp's l_tf is a copy of the
 * caller's. The lwp is not started: the caller calls lwp_start().
 * Returns: 0, and in *pp the child with its pid.
 * Errors: -ENOMEM, -EAGAIN (RLIMIT_NPROC, no pid), -EEXIST.
 * Sleeps: yes.
 */
int spawn_proc(const struct spawn_args *sa, struct proc **pp);
/* Undoes a spawn_proc whose lwp was never started. */
void spawn_abort(struct proc *p);

/*
 * Finds a visible process, zombies too.
 * Returns: the process with a reference (proc_rele), or NULL.
 */
struct proc *proc_find(pid_t pid);
/* the same, by the id of any of its threads */
struct proc *proc_find_thread(pid_t tid);
/* Returns: the lowest pid >= from of a visible process; 0: none. */
pid_t proc_next_pid(pid_t from);
void proc_rele(struct proc *p);
/* Takes one more reference. The process must not be freed meanwhile. */
void proc_hold_ref(struct proc *p);
struct lwp *lwp_find(struct proc *p, pid_t tid); /* Locks: p_lock. */
/*
 * Reserves the id `want`, or any free id if it is 0 (also for threads).
 * pid_free() frees it.
 */
int pid_alloc(pid_t want, pid_t *out);
/*
 * The same, with an id that p's remembered ids do not hide (proc/pidspace.h).
 */
int pid_alloc_for(const struct proc *p, pid_t want, pid_t *out);
void pid_free(pid_t pid);
/* Is pid the id of a process, a thread, a group or a session? */
bool pid_in_use(pid_t pid);

/* Drops the address space of the current process, which has one lwp. */
void proc_drop_as(void);
/* Ends the whole process with a status as for wait(2). Does not return. */
void proc_exit(int xstat) __noreturn;
/*
 * May the current process signal p / checkpoint p or look inside? 0 or -EPERM.
 */
int proc_can_signal(struct proc *p, int sig);
int proc_can_access(struct proc *p);
/*
 * The same, and refuses if p may know what other rights let it read (P_NODUMP).
 */
int proc_can_look(struct proc *p);
u64 rlimit_cur(struct proc *p, int which);
/* RLIMIT_NPROC: may the caller's real user have `more` further processes? */
bool proc_may_have(u32 more);

/*
 * Replaces the process's program: the core of exec, also for the start of init.
 * argv and envp are kernel strings.
 */
int proc_exec(const char *path, char *const argv[], char *const envp[]);

/*
 * A hold, in two halves, so that several processes can stop at the same time.
 * ask: calls all lwps of p but the current one to the boundary; interruptible
 * sleeps end, and their system calls are made again later. await: waits until
 * the lwps stand there. Between await and release only the caller changes p;
 * signals are queued (p_lock).
 *
 * Errors: ask: -EBUSY (another lwp holds p), -ESRCH (p is exiting); p is not
 *   held.
 * Errors: await: -EINTR (the current process is dying, or its work was
 *   withdrawn), -ETIMEDOUT (after deadline, monotonic ns; 0: none), -ESRCH; p
 *   is released.
 * Sleeps: await.
 */
int proc_hold_ask(struct proc *p);
int proc_hold_await(struct proc *p, u64 deadline);
void proc_release(struct proc *p);
/* For assertions, in debug builds: does the current lwp hold p, and p stand? */
bool proc_stands(struct proc *p);

/* Calls into upper floors; set once at start-up, may be NULL. */
struct proc_hooks {
	/* P_CKPT found at the boundary; no locks, may sleep */
	void (*ph_boundary)(struct lwp *l);
	/* the process is exiting, still whole */
	void (*ph_exit)(struct proc *p);
	/*
	 * execve of a file that is not a program, by the current process.
	 * Returns: -ENOEXEC: not an image either. 0: the process goes on as the
	 * image, with other lwps; the calling lwp belongs to another process
	 * now, and ends at the boundary.
	 */
	int (*ph_exec_image)(struct vnode *vp, const char *path);
};
extern struct proc_hooks proc_hooks;

/* Takes over the caller's reference on vp. */
void proc_set_root(struct proc *p, struct vnode *vp);
/*
 * Keeps fc_cwdpath up to date, which getcwd reads. Takes over `path`
 * (kmalloc'd) and the reference on vp.
 */
void proc_set_cwd(struct proc *p, struct vnode *vp, char *path);
/* The same for the executable: vp with its text right. */
void proc_set_exe(struct proc *p, struct vnode *vp, char *path);

#endif
