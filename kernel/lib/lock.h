/* SPDX-License-Identifier: MIT */
/*
 * Locks, and the one order in which they are taken.
 *
 * Three rules for spinlocks:
 *  - a held spinlock keeps interrupts off on its CPU, so every spinlock may be
 *    taken from an interrupt;
 *  - an lwp that holds one neither sleeps nor touches user memory. The first
 *    symptom of a mistake is a CPU that stops taking interrupts; debug builds
 *    panic in sleep() instead, and name the lock;
 *  - locks are taken in increasing rank (enum lock_rank). Debug builds check
 *    every acquisition, of spinlocks per CPU and of mutexes per lwp, and panic
 *    with both names. Two locks of one rank may be held only through
 *    spin_lock_nested(), where the caller states the order in a comment.
 *
 * Sleeping locks (mutex, rwlock) are in proc/sched/mutex.h and use the same
 * ranks.
 */
#ifndef KERNEL_LIB_LOCK_H
#define KERNEL_LIB_LOCK_H

#include "kernel/lib/types.h"

/* Outermost first. Sleeping locks come before all spinlocks. */
enum lock_rank {
	/* sleeping locks */
	LR_CKPT = 1, /* names that a checkpoint is writing (ckpt/commit.c) */
	/* p_execlock: exec; holders see a process's program not change */
	LR_EXEC,
	LR_TTY_READ,  /* one reader of a tty at a time */
	LR_PIPE,      /* a pipe's buffer */
	LR_FILE,      /* f_lock: the offset of an open file */
	LR_MOUNT,     /* the list of mounts: mount, unmount, sync of all */
	LR_FS_RENAME, /* one cross-directory rename per file system at a time */
	/* v_lock of a directory or file (parent before child: nested) */
	LR_VNODE,
	/*
	 * a_lock of an address space. Page faults take it, so user memory is
	 * copied only above it.
	 */
	LR_AS,
	/* the lock bit of a page-cache page (not checked by rank) */
	LR_PAGE,
	LR_FS_TXN,   /* a transaction of a file system is open */
	LR_FS_INODE, /* an inode's block map */
	LR_FS_META,  /* group descriptors, bitmaps, superblock counters */
	LR_FS_BUF,   /* inside the metadata cache */
	/* leaf mutexes that take no other sleeping lock but LR_VSEG */
	LR_MISC_MUTEX,
	LR_VSEG, /* vs_lock: the segs that map a vnode */
	/* spinlocks */
	LR_SPIN,
	LR_PIDLOCK = LR_SPIN, /* the process tree, pids, groups, sessions */
	LR_PROC,	      /* p_lock */
	/* fc_lock: a process's working directory, root, umask */
	LR_FSCTX,
	LR_CPUTIMER, /* all timers on CPU-time clocks */
	LR_SIGUSER,  /* counts of the pending signals of each user */
	LR_FDTAB,    /* fd table */
	LR_VFS,	     /* vnode hash, inactive list, mounts */
	LR_TTY,	     /* a tty's queues */
	LR_POLL,     /* poll heads */
	LR_FUTEX,    /* futex hash bucket */
	/* tmpfs's names: inside all locks of the vnode layer */
	LR_TMPFS,
	LR_PCACHE, /* a vnode's page tree */
	/*
	 * page LRU; list of dirty vnodes; a file system's list of dirty inodes
	 */
	LR_PCLIST,
	LR_PGWAIT,     /* sleepers on page locks; free block requests */
	LR_HAT,	       /* one hat's page tables */
	LR_BLK,	       /* block device queues */
	LR_MUTEX_SPIN, /* the inside of a mutex or rwlock */
	LR_LATER,      /* the queue of later() */
	LR_SLEEPQ,     /* a sleep queue bucket */
	LR_TIMES,      /* p_timelock: CPU time of a process's lwps */
	LR_RUNQ,       /* a CPU's run queue */
	LR_CALLOUT,    /* a CPU's callout queue */
	LR_KMEM,       /* kmalloc caches */
	LR_FRAME,      /* the frame allocator */
	LR_DEV,	       /* device registers: serial, rtc, pci */
	LR_RATELIMIT,  /* counts of the messages of each kind */
	/* printk's ring and consoles: printk() is called with any lock held */
	LR_LOG,
	LR_CONSOLE, /* inside printk: the registers of a console's device */
	LR_COUNT
};

#ifdef REPRISE_HOST

struct spinlock {
	int sl_held;
};
#define SPINLOCK_INIT(nm, rank) \
	{                       \
		0               \
	}
static inline void spin_init(struct spinlock *l, const char *name, enum lock_rank rank)
{
	(void)name;
	(void)rank;
	l->sl_held = 0;
}
static inline void spin_lock(struct spinlock *l)
{
	l->sl_held++;
}
static inline void spin_lock_nested(struct spinlock *l)
{
	l->sl_held++;
}
static inline bool spin_trylock(struct spinlock *l)
{
	if (l->sl_held)
		return false;
	l->sl_held = 1;
	return true;
}
static inline void spin_unlock(struct spinlock *l)
{
	l->sl_held--;
}
static inline bool spin_held(const struct spinlock *l)
{
	return l->sl_held != 0;
}
static inline bool spin_rank_held(enum lock_rank rank)
{
	(void)rank;
	return true;
}
static inline bool intr_off(void)
{
	return true;
}
static inline void assert_may_sleep(const char *what)
{
	(void)what;
}

#else

struct cpu;

struct spinlock {
	volatile u32 sl_held;
	u16 sl_rank;
	/* taken by spin_lock_nested(): exempt from the order of ranks */
	u16 sl_nested;
	const char *sl_name;
	struct cpu *sl_cpu; /* holder: for spin_held() and the panic text */
};

#define SPINLOCK_INIT(nm, rank)                    \
	{                                          \
		.sl_rank = (rank), .sl_name = (nm) \
	}

void spin_init(struct spinlock *l, const char *name, enum lock_rank rank);
void spin_lock(struct spinlock *l);
/* allows a held lock of the same rank */
void spin_lock_nested(struct spinlock *l);
bool spin_trylock(struct spinlock *l);
void spin_unlock(struct spinlock *l);
bool spin_held(const struct spinlock *l); /* by this CPU */
/*
 * For assertions; debug builds only.
 *
 * spin_rank_held(): does this CPU hold a lock of this rank? For functions that
 * do not know the structure whose lock it is.
 *
 * intr_off(): are interrupts off on this CPU?
 */
bool spin_rank_held(enum lock_rank rank);
bool intr_off(void);

/*
 * Turns interrupts off on this CPU, nestable; spin_lock() uses it. The
 * outermost intr_pop_off() restores the state before the outermost
 * intr_push_off().
 */
void intr_push_off(void);
void intr_pop_off(void);

/*
 * Debug: panics if this CPU holds a spinlock; `what` names the caller. First
 * line of every function that sleeps.
 */
void assert_may_sleep(const char *what);

#endif
#endif
