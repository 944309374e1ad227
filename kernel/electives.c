/* SPDX-License-Identifier: MIT */
/*
 * What the core does without an elective (electives.table). The core calls an
 * elective through the functions below. Each is weak: the function of the same
 * name in the elective's files replaces it when the kernel is linked. A kernel
 * without the elective does what is written here. The contracts are in the
 * headers.
 *
 * System calls need no default: kernel/syscall.c finds that the handler is
 * absent, and answers ENOSYS.
 */
#include "ckpt/ckpt.h"
#include "fs/p9.h"
#include "kernel/abi/errno.h"
#include "kernel/canary.h"
#include "kernel/dev/vga.h"
#include "kernel/dev/virtio_9p.h"
#include "kernel/lib/inject.h"
#include "kernel/lib/jitter.h"
#include "kernel/strace.h"

/* ---- share: folders of the host ---- */

__weak void virtio_9p_init(void)
{
}

__weak void p9_init(void)
{
}

/* ---- screen ---- */

__weak void vga_init(void)
{
}

/* ---- trace ---- */

__weak void strace_enter(struct strace *st, const struct trapframe *tf, u32 nr)
{
}

__weak void strace_exit(struct strace *st, long result)
{
}

/* ---- canary, inject, jitter: also when the kernel is not a debug build ---- */

__weak void canary_start(void)
{
}

__weak int ckpt_fault(uaddr_t buf)
{
	return -EOPNOTSUPP;
}

#ifdef DEBUG

__weak volatile u32 inject_armed;

__weak void inject_enter(void)
{
}

__weak void inject_leave(void)
{
}

__weak void inject_helper(void)
{
}

__weak bool inject_event(enum inject_kind kind)
{
	return false;
}

__weak bool inject_request(enum inject_kind kind, const void *disk, u64 sector, u64 n)
{
	return false;
}

__weak u32 jitter_seed;

__weak void jitter_start(u32 seed)
{
}

__weak void jitter_delay(void)
{
}

__weak bool jitter_chance(void)
{
	return false;
}

#endif
