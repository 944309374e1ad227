/* SPDX-License-Identifier: MIT */
/* Faults on request, so that the tests can show that they notice each kind. In debug builds only. */
#ifndef KERNEL_CANARY_H
#define KERNEL_CANARY_H

/*
 * Looks for `canary=KIND` on the command line. If it is there, starts a thread that waits for a process called
 * "canary" and then goes wrong in that way. May sleep. Kinds: kernel/canary.c.
 */
#ifdef DEBUG
void canary_start(void);
#else
static inline void canary_start(void)
{
}
#endif

#endif
