/* SPDX-License-Identifier: MIT */
/*
 * poll and select. vop_poll returns the events that are ready now and, if `p` is not NULL, adds the
 * poller to the object's pollhead, so that a later pollwakeup() wakes it. Pollheads are guarded by
 * one global lock (LR_POLL).
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

struct poller; /* one lwp in poll(2): private to fs/poll.c */

void pollhead_init(struct pollhead *ph);
void poll_wait(struct pollhead *ph, struct poller *p); /* p may be NULL: nothing */
void pollwakeup(struct pollhead *ph); /* from any context, with locks below LR_POLL held */

#endif
