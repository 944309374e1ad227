/* SPDX-License-Identifier: MIT */
/* The dispatcher: from the number in eax to the handler. */
#include "kernel/syscall.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/cpu.h"
#include "kernel/lib/printk.h"
#include "proc/lwp.h"
#include "proc/proc.h"

void syscall_dispatch(struct trapframe *tf)
{
	tf->tf_eax = (u32)-ENOSYS;
}
