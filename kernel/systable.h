/* SPDX-License-Identifier: MIT */
/*
 * The one table of system calls: SYSCALL(number, name, handler, formats) a line, by number. Numbers are those of Linux on i386
 * (source: linux-libc-dev, asm/unistd_32.h); those from 600 up are ours. Formats: kernel/syscall.h.
 */
