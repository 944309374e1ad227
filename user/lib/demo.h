/* SPDX-License-Identifier: MIT */
/* What the demonstration programs share: when to make a checkpoint, and what to say about it. */
#ifndef USER_LIB_DEMO_H
#define USER_LIB_DEMO_H

#include <stddef.h>
#include <stdint.h>

struct demo {
	const char *d_name; /* of the checkpoint, NULL: none */
	unsigned d_flags;   /* of ckpt() */
	unsigned d_count;   /* how many, spread evenly over the run */
	unsigned d_done;    /* made or tried so far */
	unsigned d_shown;   /* percent printed last, so that each is printed once */
};

/*
 * Called with the work done so far, of `total`: prints progress every 10 percent, and makes the checkpoints
 * that are due. In a recovered process it says so.
 */
void demo_step(struct demo *d, uint64_t done, uint64_t total);

#define DEMO_OPTIONS "c:k:f" /* for getopt, beside the program's own */
#define DEMO_HELP                                                        \
	"  -c NAME   make checkpoints of itself in the file NAME_ckpt\n" \
	"  -k COUNT  so many, spread evenly over the run (default: 1)\n" \
	"  -f        forked: the program goes on while one is written\n" \
	"  --help    this text\n"                                        \
	"Exit status: 0 done, 1 out of memory, 2 wrong usage.\n"

/*
 * Takes one of DEMO_OPTIONS, with its argument in optarg.
 * Returns: 0; -1: it is none of them, or its argument is wrong, and the user
 * has been told.
 */
int demo_option(struct demo *d, int opt);

/*
 * A number from `least` to `most` that the user gave; `what` names it.
 * Returns: 0; -1: it is none, and the user has been told.
 */
int demo_number(const char *text, const char *what, long least, long most, int *number);

/* A number that shows whether two results are the same to the last bit. */
uint64_t demo_sum(const void *data, size_t len);

#endif
