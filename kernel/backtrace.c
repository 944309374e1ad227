/* SPDX-License-Identifier: MIT */
/*
 * Chains of calls, from the frame pointers on a kernel stack. The stack may be
 * damaged: the walk reads no address outside the stack on which it began, and
 * only goes up.
 */
#include "kernel/lib/cpu.h"
#include "kernel/lib/ksym.h"
#include "kernel/lib/printk.h"
#include "kernel/panic.h"
#include "kernel/trap.h"
#include "mm/page.h"

void panic_print_place(const char *lead, u32 eip)
{
	u32 off;
	const char *name = ksym_name(eip, &off);

	if (name)
		printk("%s%08x  %s+0x%x\n", lead, eip, name, off);
	else
		printk("%s%08x\n", lead, eip);
}

static bool in_stack(u32 base, u32 addr, u32 len)
{
	if (base < KERNEL_BASE || base - KERNEL_BASE > (npages << PAGE_SHIFT) - KSTACK_SIZE)
		return false;
	return !(addr & 3) && addr >= base && addr <= base + KSTACK_SIZE - len;
}

static void print_interrupted(const struct trapframe *tf)
{
	printk("  -- trap %u --\n", tf->tf_trapno);
	panic_print_place("  ", tf->tf_eip);
}

void backtrace(u32 ebp, int frames)
{
	u32 base = ebp & ~(KSTACK_SIZE - 1);

	for (int i = 0; i < frames && in_stack(base, ebp, 12); i++) {
		/* caller's ebp, return address, first argument */
		const u32 *frame = (const u32 *)ebp;
		u32 next = frame[0];

		if (frame[1] == (u32)trap_called && in_stack(base, frame[2], sizeof(struct trapframe) - 8)) {
			const struct trapframe *tf = (const struct trapframe *)frame[2];

			if (tf_from_user(tf))
				return;
			print_interrupted(tf);
		} else if (ksym_is_text(frame[1])) {
			panic_print_place("  ", frame[1] - 1);
		}
		if (next <= ebp)
			return;
		ebp = next;
	}
}

bool panic_sane_pointer(const void *p)
{
	return (u32)p >= KERNEL_BASE && (u32)p - KERNEL_BASE < npages << PAGE_SHIFT && !((u32)p & 3);
}
