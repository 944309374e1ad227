/* SPDX-License-Identifier: MIT */
/*
 * Checkpoint and recovery: the interface that programs use. The kernel includes this file for the numbers too.
 *
 * A checkpoint of name is the file name_ckpt; a relative name starts at the caller's working directory.
 */
#ifndef REPRISE_CKPT_H
#define REPRISE_CKPT_H

#define SYS_ckpt 600
#define SYS_recover 601
#define SYS_tckpt 602
#define SYS_ckptctl 603

/* Flags of ckpt() and tckpt(). */
#define CKPT_FORKED \
	0x1u /* the process goes on at once; a copy-on-write copy of it writes the image */
/* Return when the image is durable, with its outcome (ckpt() without CKPT_FORKED always does). */
#define CKPT_WAIT 0x2u
#define CKPT_TREE 0x4u /* with all its descendants, at one instant */
#define CKPT_SELF \
	0x8u /* the image holds what it would else find in files: it needs nothing but itself */
#define CKPT_JOB \
	0x10u /* with the other processes of its process group, and the descendants of all: a pipeline */

#define CKPT_SESSION 0x20u /* with the other processes of its session, and the descendants of all */
#define CKPT_FLAGS 0x3fu   /* all of these */

/* Flags of recover(). */
#define RECOVER_STOPPED 0x1u /* what comes back is stopped, as by SIGSTOP, until SIGCONT */
#define RECOVER_NEWPID 0x2u  /* the old ids are left to others even if they are free */
#define RECOVER_STDIO 0x4u   /* descriptors 0, 1 and 2 are the caller's, not the image's */
#define RECOVER_TTY \
	0x8u /* the caller's controlling terminal takes the place of the image's terminals */
#define RECOVER_CHANGED 0x10u /* files that have changed since are taken as they are */
/* The superuser takes an image that another user may have written: this user then has the rights that the image names. */
#define RECOVER_TRUSTED 0x20u

/* Statistics of a checkpoint, as the kernel measured it. */
struct ckpt_stats {
	unsigned long long cs_stop_ns; /* the process did not run for so long */
	unsigned long long cs_durable_ns; /* from the request until the image was on the disk under its name */
	unsigned long long cs_pages;	 /* pages of contents in the image */
	unsigned long long cs_bytes;	 /* bytes of the image, holes not counted */
	unsigned long long cs_cow_pages; /* pages copied on write while it was written */
	unsigned long long cs_when_ns;	 /* CLOCK_REALTIME of the instant that it shows */
	int cs_error;			 /* 0 or a positive errno: the outcome of the last one */
	unsigned int cs_count; /* checkpoints taken of this process since it began or was recovered */
};

/* ckptctl commands. pid 0: the caller. */
#define CKPTCTL_STATS \
	1	       /* buf: struct ckpt_stats of the last checkpoint of pid. ENODATA: none yet */
#define CKPTCTL_WAIT 2 /* the same, when no checkpoint of pid is waited for or under way any more */
/* buf: struct ckpt_obstacles. What keeps pid from being saved, without stopping it. The number of obstacles. */
#define CKPTCTL_CAN 3
/* For tests, superuser only. buf: unsigned n: pid, and its children from then on, are saved and brought back in place at every n-th
   system call; 0: no longer. */
#define CKPTCTL_EVERY 4
/* For tests, superuser only. buf: struct ckpt_fault. EOPNOTSUPP: no debug build. */
#define CKPTCTL_FAULT 5

/* buf: struct ckpt_obstacles. The files in memory (tmpfs) that an image of pid would need, and that are gone after a restart of the machine. Their number. */
#define CKPTCTL_VOLATILE 6

#define CKPT_FAULT_ALLOC 1 /* an allocation */
#define CKPT_FAULT_READ 2  /* a request to a disk that reads */
#define CKPT_FAULT_WRITE 3 /* one that writes, or flushes */

/* One event of a kind that a checkpoint or recovery meets is to fail; the sectors of a request stay bad. The answer is about the one asked
   for before. */
struct ckpt_fault {
	unsigned cf_kind;   /* in: 0: none any more */
	unsigned cf_nth;    /* in: which one, from 1 */
	unsigned cf_seen;   /* out: how many there were */
	unsigned cf_hit;    /* out: one of them failed */
	char cf_where[256]; /* out: in which functions of the kernel */
};

struct ckpt_obstacles {
	unsigned ob_flags; /* in: CKPT_TREE, CKPT_JOB, CKPT_SESSION, CKPT_SELF: which kind of checkpoint is meant */
	unsigned ob_length; /* out: of all the text; the end of a longer one than fits is missing */
	char ob_text[4088]; /* out: a line for each */
};

#if defined(__i386__) && !defined(__REPRISE_KERNEL__) /* not on a host of another kind */
#if __STDC_HOSTED__
#include <errno.h>
#include <sys/types.h>
#else
typedef int pid_t;
#endif

/*
 * The calls are here whole: no library is needed. Each stands in the program
 * that makes it, with the compiler's own unwind information, so that gdb finds
 * the callers in an image that a program has made of itself.
 *
 * Errors: -1 and errno. Where there is no C library (-ffreestanding): the
 * negative errno value itself.
 */
static inline int reprise_call(long number, long a, long b, long c)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(a), "c"(b), "d"(c)
			 : "memory");
#if __STDC_HOSTED__
	if (result < 0 && result >= -4095) {
		errno = (int)-result;
		return -1;
	}
#endif
	return (int)result;
}

/*
 * Saves the calling process.
 * Returns: 0: the checkpoint is durable (CKPT_FORKED: under way); 1: this is
 * the recovered process; -1: an error.
 */
static inline int ckpt(const char *name, unsigned flags)
{
	return reprise_call(SYS_ckpt, (long)name, (long)flags, 0);
}

/*
 * Brings a process back.
 * Returns: its pid, a child of the caller; -1: an error.
 */
static inline pid_t recover(const char *name, unsigned flags)
{
	return reprise_call(SYS_recover, (long)name, (long)flags, 0);
}

/*
 * Saves another process.
 * Returns: 0: it will be (CKPT_WAIT: has been) saved; -1: an error, EBUSY when
 * a checkpoint of it is under way.
 */
static inline int tckpt(pid_t pid, const char *name, unsigned flags)
{
	return reprise_call(SYS_tckpt, pid, (long)name, (long)flags);
}

/* Asks about checkpoints of a process; cmd: CKPTCTL_. Returns: see each, or -1. */
static inline int ckptctl(int cmd, pid_t pid, void *buf)
{
	return reprise_call(SYS_ckptctl, cmd, pid, (long)buf);
}
#endif

#endif
