/* SPDX-License-Identifier: MIT */
/*
 * What the demonstration programs share: when to make a checkpoint, and what to
 * say about it.
 */
#ifndef USER_LIB_DEMO_H
#define USER_LIB_DEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How the program makes its checkpoints. */
enum demo_method { DEMO_NONE, DEMO_LIBRARY, DEMO_LIBRARY_FORKED, DEMO_KERNEL, DEMO_KERNEL_FORKED };

struct demo {
	enum demo_method d_method;
	const char *d_name; /* of the checkpoint */
	/* How many, spread evenly over the run; -1: the default. */
	int d_count;
	int d_done; /* made or tried so far */
	/* Percent printed last, so that each is printed once. */
	unsigned d_shown;
	bool d_measured; /* -m: figures, and progress only on request */
	bool d_progress; /* -p */
	bool d_forked;	 /* -f */
	/* The last checkpoint has begun, and no line has its figures yet. */
	bool d_untold;
	bool d_failed; /* a checkpoint has failed */
	/* When the work began, and, since then, the last checkpoint. */
	unsigned long long d_began_ns, d_at_ns;
};

/*
 * The work begins now. Returns: 0; -1: the method cannot be set up, and the
 * user has been told.
 */
int demo_begin(struct demo *d);

/*
 * Called with the work done so far, of `total`: prints progress every 10
 * percent, and makes the checkpoints that are due. In a recovered process it
 * says so.
 */
void demo_step(struct demo *d, uint64_t done, uint64_t total);

/*
 * The work is done. Prints the time that it took, with -m, and the sum of the
 * result. Then waits for a checkpoint that is still being written.
 * Returns: the exit status of the program.
 */
int demo_end(struct demo *d, const void *result, size_t len);

/* For next_option(), beside the program's own. */
#define DEMO_OPTIONS "c:k:fm:p"
#define DEMO_HELP                                                                        \
	"  -c NAME   make checkpoints of itself in the file NAME_ckpt\n"                 \
	"  -k COUNT  so many, spread evenly over the run (default: 1; with -m 10)\n"     \
	"  -f        forked: the program goes on while one is written\n"                 \
	"  -m METHOD measured, with figures: none, library, library-forked, kernel or\n" \
	"            kernel-forked\n"                                                    \
	"  -p        with -m: progress too, which is printed anyway without -m\n"        \
	"  --help    this text\n"                                                        \
	"Exit status: 0 done, 1 out of memory, or -m and a checkpoint failed, 2 wrong usage.\n"

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
