/* SPDX-License-Identifier: MIT */
/*
 * poll and select. vop_poll returns the events that are ready now. If `p` is
 * not NULL, it also adds the poller to the object's pollhead, so that a later
 * pollwakeup() wakes the poller. One global lock (LR_POLL) guards all
 * pollheads.
 */
#ifndef FS_POLL_H
#define FS_POLL_H

#include "kernel/lib/list.h"
#include "kernel/lib/types.h"

#define K_POLLIN 0x0001u
#define K_POLLPRI 0x0002u
#define K_POLLOUT 0x0004u
#define K_POLLERR 0x0008u
#define K_POLLHUP 0x0010u
#define K_POLLNVAL 0x0020u
#define K_POLLRDNORM 0x0040u
#define K_POLLWRNORM 0x0100u

struct pollhead {
	struct list ph_pollers;
};

struct poller; /* an lwp in poll(2): see fs/poll.c */

void pollhead_init(struct pollhead *ph);
/* p NULL: does nothing. */
void poll_wait(struct pollhead *ph, struct poller *p);
/* Any context; locks of rank below LR_POLL may be held. */
void pollwakeup(struct pollhead *ph);

#endif
