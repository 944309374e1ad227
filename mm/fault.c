/* SPDX-License-Identifier: MIT */
/*
 * Page faults of user programs, and of the kernel's copies to and from user
 * memory. Any other fault in the kernel is a bug of the kernel.
 */
#include "mm/fault.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/x86.h"
#include "mm/as.h"
#include "mm/layout.h"
#include "mm/usercopy.h"
#include "proc/proc.h"

#define ERR_WRITE 2u
#define ERR_USER 4u
#define ERR_FETCH 16u

extern char usercopy_nofault_start[], usercopy_nofault_end[];

static int resolve(u32 addr, u32 err, bool *maperr)
{
	struct proc *p = curproc();
	enum fault_access acc = err & ERR_WRITE ? FAULT_WRITE : FAULT_READ;

	*maperr = true;
	if (addr >= USER_MAX || !p->p_as)
		return -EFAULT;
	if (err & ERR_FETCH)
		acc = FAULT_EXEC;
	p->p_minflt++;
	return as_fault(p->p_as, addr, acc, maperr);
}

static enum fault_result fault_user(u32 addr, u32 err)
{
	bool maperr;

	switch (resolve(addr, err, &maperr)) {
	case 0: return FAULT_DONE;
	case -EFAULT: return maperr ? FAULT_SEGV_MAPERR : FAULT_SEGV_ACCERR;
	case -ENOMEM: return FAULT_OOM;
	default: return FAULT_BUS;
	}
}

static enum fault_result fault_kernel(struct trapframe *tf, u32 addr, u32 err)
{
	bool nofault = tf->tf_eip >= (u32)usercopy_nofault_start && tf->tf_eip < (u32)usercopy_nofault_end;
	u32 eip = tf->tf_eip;
	bool maperr;
	int error;

	if (addr >= USER_MAX || !ex_table_fixup(tf))
		return FAULT_KERNEL;
	if (nofault || !(tf->tf_eflags & EFLAGS_IF))
		return FAULT_FIXUP;
	error = resolve(addr, err, &maperr);
	if (error && error != -ENOMEM)
		return FAULT_FIXUP;
	tf->tf_eip = eip;
	return error ? FAULT_OOM : FAULT_DONE;
}

enum fault_result pagefault(struct trapframe *tf, u32 addr, u32 err)
{
	return err & ERR_USER ? fault_user(addr, err) : fault_kernel(tf, addr, err);
}
