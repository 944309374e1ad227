/* SPDX-License-Identifier: MIT */
/* The memory devices, major number 1 (fs/mem.c). */
#ifndef FS_MEM_H
#define FS_MEM_H

/* Minor numbers. */
enum mem_minor {
	MEM_NULL = 3,
	MEM_ZERO = 5,
	MEM_FULL = 7,
	MEM_RANDOM = 8,
	MEM_URANDOM = 9,
	MEM_KMSG = 11
};

void mem_init(void);

#endif
