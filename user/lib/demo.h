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

/* A number that shows whether two results are the same to the last bit. */
uint64_t demo_sum(const void *data, size_t len);

#endif
