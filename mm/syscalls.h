/* SPDX-License-Identifier: MIT */
/* System calls on memory, as in Linux's manual pages, with their errors. */
#ifndef MM_SYSCALLS_H
#define MM_SYSCALLS_H

#include "kernel/lib/types.h"

long sys_brk(u32 brk);
long sys_old_mmap(uaddr_t args);
long sys_mmap2(u32 addr, u32 len, u32 prot, u32 flags, int fd, u32 pgoff);
long sys_munmap(u32 addr, u32 len);
long sys_mprotect(u32 addr, u32 len, u32 prot);
long sys_mremap(u32 addr, u32 oldlen, u32 newlen, u32 flags, u32 fixed);
long sys_madvise(u32 addr, u32 len, int advice);
long sys_msync(u32 addr, u32 len, int flags);
long sys_mincore(u32 addr, u32 len, uaddr_t vec);
long sys_mlock(u32 addr, u32 len);
long sys_mlock2(u32 addr, u32 len, int flags);
long sys_munlock(u32 addr, u32 len);
long sys_mlockall(int flags);
long sys_munlockall(void);

#endif
