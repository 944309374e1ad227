/* SPDX-License-Identifier: MIT */
/* Resource limits of the i386 ABI (facts: linux-libc-dev asm-generic/resource.h). */
#ifndef KERNEL_ABI_RESOURCE_H
#define KERNEL_ABI_RESOURCE_H

#define K_RLIMIT_CPU 0
#define K_RLIMIT_FSIZE 1
#define K_RLIMIT_DATA 2
#define K_RLIMIT_STACK 3
#define K_RLIMIT_CORE 4
#define K_RLIMIT_RSS 5
#define K_RLIMIT_NPROC 6
#define K_RLIMIT_NOFILE 7
#define K_RLIMIT_MEMLOCK 8
#define K_RLIMIT_AS 9
#define K_RLIMIT_LOCKS 10
#define K_RLIMIT_SIGPENDING 11
#define K_RLIMIT_MSGQUEUE 12
#define K_RLIMIT_NICE 13
#define K_RLIMIT_RTPRIO 14
#define K_RLIMIT_RTTIME 15
#define K_RLIM_NLIMITS 16

#endif
