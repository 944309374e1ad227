/* SPDX-License-Identifier: MIT */
/*
 * proc: a process (SVR4's name): what its lwps share. Process 0 owns the kernel's own threads, 1 is init.
 *
 * Locks
 *   pidlock (LR_PIDLOCK, one for all): the tree and the tables: p_parent, p_children, p_sibling, p_pgid, p_sid,
 *           p_stat, p_xstat, pgrp and session membership, the pid hash. "The tree stands still."
 *   p_lock  (LR_PROC): p_lwps, p_nlwp, p_flags, signals (p_sig, each lwp's signal fields), timers, rlimits, credentials pointer.
 *   p_execlock (LR_EXEC, mutex): exec against checkpoint, and readers of p_as/p_exe/p_cmdline from outside.
 *   p_fdtab's own lock (fs/file.h). p_fs: p_lock for the pointer, as read by others; fc_lock for what is in it.
 * Order: pidlock, then p_lock, then fc_lock.
 *
 * Life: PS_NEW (spawn_proc) -> PS_ACTIVE -> PS_ZOMBIE (last lwp exited) -> gone (parent waited). PS_STOPPED is PS_ACTIVE with
 * P_STOPPED in p_flags: all lwps stand at the boundary.
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
#define P_HOLD 0x0004u	  /* lwps wait at the boundary for whoever set it (a checkpoint) */
#define P_CKPT 0x0008u	  /* "to be checkpointed": p_ckpt says how; found at the boundary (ckpt/) */
#define P_TRACE 0x0010u	  /* log its system calls */
#define P_KERNEL 0x0020u  /* proc0 and hidden helpers: not in /proc, not seen by kill and wait */
#define P_WAITSTOP 0x0040u /* stopped, and the parent has not been told */
#define P_WAITCONT 0x0080u /* continued, and the parent has not been told */
#define P_TELLCONT 0x0400u /* the parent is to get SIGCHLD for a continuation */
#define P_BOUNDARY \
	(P_STOPPED | P_EXITING | P_HOLD | P_CKPT | P_TELLCONT) /* something waits at the boundary */
#define P_STOPTOLD 0x0800u   /* the parent has been told of this stop */
#define P_STOPPING 0x4000u   /* a stop signal has been taken, and no SIGCONT has come since */
#define P_FORKNOEXEC 0x0100u /* has not called exec: setpgid by the parent is allowed */
#define P_SUGID 0x0200u	     /* runs a set-id program: no checkpoint, no peeking by others */
#define P_NODUMP \
	0x8000u /* had other rights since exec, and may keep what it learned by them: no peeking by others */
#define P_REALIDS 0x10000u /* has forgotten p_pidspace: runs, or descends from, a set-id program */
#define P_SUBREAPER 0x20000u /* orphans among its descendants become its children */
#define P_DEATHSIG 0x40000u  /* an lwp of it has asked for a death signal (proc/orphan.h) */
#define P_MOURNED 0x80000u   /* a child of it has P_DEATHSIG */
#define P_CKPTKEY 0x1000u /* with P_CKPT: asked for at the terminal, no p_ckpt yet (ckpt/key.c) */
#define P_EVERY 0x2000u	  /* debug: p_every is due (ckpt/inplace.c) */

struct itimer {
	struct callout it_callout;
	u64 it_next;	 /* monotonic ns, 0: off */
	u64 it_interval; /* ns */
};

struct rlimit_k {
	u64 rl_cur, rl_max; /* ~0ull: none */
};

struct proc {
	/* Identity (pidlock). */
	pid_t p_pid;
	enum proc_stat p_stat;
	struct list p_all; /* list of all procs */
	u32 p_mark;	   /* of a walk among all: see fs/procfs/pid.c */
	u64 p_order;	   /* its place among all: see proc/proctab.h */
	struct tree_node p_allnode, p_groupnode, p_sessnode, p_usernode;
	uid_t p_uid;	/* its real user, as the table has it */
	u32 p_usersize; /* processes in the subtree of p_usernode */
	struct proc *p_parent;
	struct list p_children;
	u32 p_news; /* how often there was news of its children: see wait_tell() */
	struct list p_sibling;
	pid_t p_pgid, p_sid;
	struct tty *p_ctty; /* of the session; NULL none (pidlock) */
	int p_xstat;	    /* wait status once P_EXITING or PS_ZOMBIE; stop signal while stopped */
	int p_exitsig;	    /* to the parent when we exit; SIGCHLD unless clone said otherwise */
	bool p_vforked;
	u32 p_nexec;		     /* programs that it has executed */
	u32 p_parentexec;	     /* the parent's p_nexec when the parent made it */
	pid_t p_makertid;	     /* lwp of the parent that made it, or took it over */
	struct pidspace *p_pidspace; /* ids remembered from before a recovery; NULL: none */
	volatile u32 p_ref;	     /* references from outside the tree: proc_find */

	struct spinlock p_lock;
	u32 p_flags;
	struct list p_lwps;
	u32 p_nlwp;
	u32 p_nheld;		/* lwps standing at the boundary */
	struct lwp *p_pokenext; /* proc_poke() is under way, this lwp is the next; NULL: it is not */
	struct later p_poke;
	struct sigstate p_sig;
	struct itimer p_itreal;		  /* ITIMER_REAL and alarm(2) */
	struct list p_ptimers;		  /* POSIX timers (proc/ptimer.c) */
	struct itimer p_itvirt, p_itprof; /* count CPU time: it_next is the CPU time at which they fire */
	struct heap p_cpuheap[2]; /* timers on its CPU-time clock, by kind (proc/cputimer.h) */
	volatile bool p_cpuwatch; /* something waits for its CPU time. Read without a lock as a hint */
	bool p_cpuended;	  /* no timer is put into p_cpuheap any more */
	struct rlimit_k p_rlimit[NRLIMIT];
	struct cred *p_cred; /* immutable once set: replaced whole */
	int p_nice;
	char p_comm[16];

	struct mutex p_execlock;
	struct as *p_as;
	struct fdtab *p_fdtab;
	struct fsctx *p_fs; /* working directory, root, mask (proc/fsctx.h); NULL: a zombie, the kernel */
	struct vnode *p_exe; /* executable */
	char *p_exepath;
	struct lwp *p_lwp0;    /* first lwp, while it lives */
	struct lwp *p_execlwp; /* the one that is in exec and ends the others (p_lock) */
	struct lwp *p_holder;  /* who set P_HOLD; may belong to another process (p_lock) */

	/* Usage (p_lock): of dead lwps, of waited-for children. */
	u64 p_start_ns; /* monotonic, when it began */
	s64 p_monoff; /* its CLOCK_MONOTONIC is so much ahead of the kernel's: see deadline_at() */
	u64 p_utime, p_stime, p_cutime, p_cstime;
	struct spinlock p_timelock;
	u64 p_ucycles, p_scycles; /* of living lwps, until they last left a CPU (p_timelock): see lwps_times() */
	u32 p_minflt, p_majflt, p_nvcsw, p_nivcsw, p_maxrss;

	u32 p_nclosed; /* set-id programs that it has executed: older descriptors of guarded /proc files are void (p_lock) */
	u32 p_every, p_everyleft; /* for tests: saved and brought back in place at every so many calls; 0: not. So many are left (ckpt/) */
	bool p_fckpt;		  /* an fckpt child of it is writing (p_lock) */
	struct ckpt_request *p_ckpt;	 /* the paper's flag and name (ckpt/, p_lock) */
	struct ckpt_request *p_ckptlast; /* the one found last, for those who wait (ckpt/, p_lock) */
	struct ckpt_stats *p_ckptstats;	 /* last checkpoints (ckpt/, p_lock) */
};

extern struct spinlock pidlock;
extern struct proc proc0;
extern struct proc *initproc;
extern struct list allproc; /* p_all (pidlock); to walk along it: proc/proctab.h */

static inline struct proc *curproc(void)
{
	return curlwp()->l_proc;
}

/* Start-up: proc0 and the caches. */
void proc_init(void);

/* spawn_proc flags */
#define SPAWN_SHARE_AS 1u /* vfork, CLONE_VM */
#define SPAWN_NO_AS 2u	  /* starts without an address space (recovery builds one) */
#define SPAWN_HIDDEN \
	4u /* no pid that anybody sees, not in the tree (fckpt's child, kernel helpers) */
#define SPAWN_SHARE_FILES 8u
#define SPAWN_SHARE_FS 16u
#define SPAWN_NO_FILES 64u  /* starts with an empty table of descriptors */
#define SPAWN_SIBLING 128u  /* a child of the caller's parent */
#define SPAWN_EXACT_PID 32u /* want_pid or -EEXIST */

struct spawn_args {
	void (*sa_start)(void *arg); /* first routine in the kernel; then user mode through l_tf */
	void *sa_arg;
	u32 sa_flags;
	int sa_exitsig;
	pid_t sa_pid; /* with SPAWN_EXACT_PID */
};

/*
 * The one way to make a process: a child of the current one with one lwp that begins at sa_start, with a copy of (or share in)
 * address space, descriptors, cwd, credentials, signal actions, limits. The lwp is not started: the caller calls lwp_start(). Its l_tf is a copy
 * of the caller's. Returns the child with its pid assigned. -ENOMEM, -EAGAIN (RLIMIT_NPROC, pids), -EEXIST. May sleep.
 */
int spawn_proc(const struct spawn_args *sa, struct proc **pp);
/* Undoes a spawn_proc whose lwp was never started. */
void spawn_abort(struct proc *p);

/* Finds a visible process, zombies too, with a reference (proc_rele). NULL: none. */
struct proc *proc_find(pid_t pid);
struct proc *proc_find_thread(pid_t tid); /* the process that has this thread */
pid_t proc_next_pid(pid_t from); /* the lowest pid from `from` on of a visible process; 0: none */
void proc_rele(struct proc *p);
void proc_hold_ref(struct proc *p); /* one more reference, on a process that cannot go meanwhile */
struct lwp *lwp_find(struct proc *p, pid_t tid); /* p_lock held */
/* Reserves a free pid (also for threads) / a given one; gives it back. */
int pid_alloc(pid_t want, pid_t *out);
/* A free id that cannot be confused with one that p remembers (proc/pidspace.h). */
int pid_alloc_for(const struct proc *p, pid_t want, pid_t *out);
void pid_free(pid_t pid);
/* Is it the id of a process, a thread, a group or a session? */
bool pid_in_use(pid_t pid);

/* The current process, of one lwp, needs its memory no more. */
void proc_drop_as(void);
/* Ends the whole process: status as for wait(2). Does not return. */
void proc_exit(int xstat) __noreturn;
/* May the current process signal / checkpoint / look into p? 0 or -EPERM. */
int proc_can_signal(struct proc *p, int sig);
int proc_can_access(struct proc *p);
/* The same, and may it know what p knows: not if p has had other rights. */
int proc_can_look(struct proc *p);
u64 rlimit_cur(struct proc *p, int which);
bool proc_may_have(u32 more); /* RLIMIT_NPROC: may the caller's real user have so many more processes? */

/* Replaces the process's program: exec's core, also for the start of init. argv/envp are kernel strings. */
int proc_exec(const char *path, char *const argv[], char *const envp[]);

/*
 * A hold, in two halves, so that several processes come to a stand at the same time. ask: all lwps of p but the current one are called
 * to the boundary; interruptible sleeps end, and their calls will be made again. await: they stand there.
 * Between await and release nothing of p changes but by the caller; signals come, and wait (p_lock).
 *
 * Errors of ask: -EBUSY (another lwp holds p), -ESRCH (p ends): p is not held.
 * Errors of await: -EINTR (the current process is about to end, or what it does was withdrawn), -ETIMEDOUT (deadline, monotonic
 * ns; 0: none), -ESRCH: p is released.
 * Sleeps: await.
 */
int proc_hold_ask(struct proc *p);
int proc_hold_await(struct proc *p, u64 deadline);
void proc_release(struct proc *p);

/* What upper floors do at certain moments; set once at start-up, may be NULL. */
struct proc_hooks {
	void (*ph_boundary)(struct lwp *l); /* P_CKPT found at the boundary; no locks, may sleep */
	void (*ph_exit)(struct proc *p);    /* process is ending, still whole */
	/* execve of what is no program, by the current process: -ENOEXEC: not ours either. 0: the process goes on as something else, with other
	 * lwps; the caller belongs to another one, and ends at the boundary. */
	int (*ph_exec_image)(struct vnode *vp, const char *path);
};
extern struct proc_hooks proc_hooks;

/* Takes over the reference on vp. */
void proc_set_root(struct proc *p, struct vnode *vp);
/* getcwd etc. keep fc_cwdpath through this. Takes over `path` (kmalloc'd) and the reference on vp. */
void proc_set_cwd(struct proc *p, struct vnode *vp, char *path);
/* The same for the executable: vp with its text right. */
void proc_set_exe(struct proc *p, struct vnode *vp, char *path);

#endif
