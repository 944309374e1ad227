/* SPDX-License-Identifier: MIT */
/* The memory devices, major number 1 (fs/mem.c). */
#ifndef FS_MEM_H
#define FS_MEM_H

void mem_init(void);

#endif
