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
#define CKPT_WAIT \
	0x2u /* return when the image is durable, with its outcome (ckpt() without CKPT_FORKED always does) */

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
	1 /* buf: struct ckpt_stats of the last checkpoint of pid. ENODATA: none yet */

#if __STDC_HOSTED__ /* not in the kernel, which is freestanding */
#include <sys/types.h>

/* 0: the checkpoint is durable (CKPT_FORKED: under way). 1: this is the recovered process. -1: errno. */
int ckpt(const char *name, unsigned flags);
/* The pid of the process brought back, a child of the caller; -1: errno. */
pid_t recover(const char *name, unsigned flags);
/* 0: the process will be (CKPT_WAIT: has been) checkpointed; -1: errno. EBUSY: a checkpoint of it is under way. */
int tckpt(pid_t pid, const char *name, unsigned flags);
int ckptctl(int cmd, pid_t pid, void *buf);
#endif

#endif
