/* SPDX-License-Identifier: MIT */
/*
 * Mistakes on request, with which the tests show that they notice each kind. In
 * debug builds only.
 */
#ifndef KERNEL_CANARY_H
#define KERNEL_CANARY_H

/*
 * Looks for `canary=KIND` on the command line. If it is there, starts a thread
 * that waits for a process called "canary" and then makes that mistake. Kinds:
 * kernel/canary.c.
 * Sleeps: yes.
 */
void canary_start(void);

#endif
