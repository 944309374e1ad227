/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_INIT_H
#define KERNEL_INIT_H

/*
 * Makes and starts process 1. After the root file system is mounted. Panics if
 * it cannot.
 */
void init_start(void);

#endif
