/* SPDX-License-Identifier: MIT */
/*
 * Starting the other CPUs, one at a time: INIT, then two start-up IPIs to the trampoline page (Intel SDM vol. 3, 8.4.4), then
 * wait for it to say c_online. A CPU that does not answer is left out, with a line in the log.
 */
#include "kernel/smp.h"
#include "kernel/bootinfo.h"
#include "kernel/cmdline.h"
#include "kernel/cpu.h"
#include "kernel/dev/acpi.h"
#include "kernel/dev/clock.h"
#include "kernel/dev/irq.h"
#include "kernel/dev/lapic.h"
#include "kernel/gdt.h"
#include "kernel/lib/cpu.h"
#include "kernel/lib/lock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/lib/x86.h"
#include "kernel/panic.h"
#include "mm/hat.h"
#include "mm/page.h"
#include "proc/sched.h"

#define ANSWER_NS (200 * NSEC_PER_MSEC)
#define STACK_ORDER 1
_Static_assert(PAGE_SIZE << STACK_ORDER == KSTACK_SIZE, "order of a stack");

static void *df_stack; /* of the CPU that is being started */

void ap_main(void)
{
	struct cpu *c = kstack_info()->ki_cpu;

	gdt_init_cpu(c, df_stack);
	idt_load();
	cpu_set_cr4();
	hat_init_cpu();
	gdt_set_kernel_cr3(x86_cr3());
	lapic_init_cpu();
	clock_init_ap();
	sched_init_ap(c);
	__atomic_store_n(&c->c_online, 1, __ATOMIC_RELEASE);
	x86_sti();
	sched_idle();
}

static void *alloc_stack(struct cpu *c)
{
	struct page *pg = page_alloc_order(STACK_ORDER, PGA_ZERO);
	struct kstack_info *ki;

	if (!pg)
		return NULL;
	ki = page_kva(pg);
	*ki = (struct kstack_info){ .ki_cpu = c, .ki_canary = KSTACK_CANARY };
	return ki;
}

static bool wait_online(const struct cpu *c, u64 ns)
{
	u64 end = clock_mono_ns() + ns;

	while (!__atomic_load_n(&c->c_online, __ATOMIC_ACQUIRE)) {
		if (clock_mono_ns() > end)
			return false;
		x86_pause();
	}
	return true;
}

static bool kick(const struct cpu *c)
{
	lapic_send_init(c->c_apicid);
	clock_udelay(10000);
	lapic_send_startup(c->c_apicid, AP_TRAMPOLINE);
	if (wait_online(c, NSEC_PER_MSEC))
		return true;
	lapic_send_startup(c->c_apicid, AP_TRAMPOLINE);
	return wait_online(c, ANSWER_NS);
}

static bool start(u32 id, u8 apicid)
{
	struct cpu *c = &cpus[id];
	void *stack;

	c->c_id = id;
	c->c_apicid = apicid;
	stack = alloc_stack(c);
	df_stack = alloc_stack(c);
	if (!stack || !df_stack) {
		printk("cpu %u: no memory for its stacks\n", id);
		return false;
	}
	ap_stack_top = (u32)stack + KSTACK_SIZE;
	if (!kick(c)) {
		/* It may still wake up some day, on this stack: the stack stays its own. */
		printk("cpu %u (local APIC %u) does not start\n", id, apicid);
		return false;
	}
	return true;
}

static void stop_others(void)
{
	for (u32 i = 0; i < MAXCPU; i++)
		if (cpus[i].c_online && &cpus[i] != curcpu())
			lapic_send_nmi(cpus[i].c_apicid);
}

void smp_start(void)
{
	u32 limit = (u32)MIN(cmdline_number("maxcpus", MAXCPU), (u64)MAXCPU);

	panic_stop_others = stop_others;
	if (limit > 1 && acpi.ai_ncpu > 1 && !bootinfo.bi_trampoline) {
		printk("smp: no memory at %#x for the start of other CPUs\n", AP_TRAMPOLINE);
		return;
	}
	memcpy(KVA(AP_TRAMPOLINE), ap_trampoline, (size_t)(ap_trampoline_end - ap_trampoline));
	for (u32 i = 0; i < acpi.ai_ncpu && ncpu < limit; i++) {
		if (acpi.ai_apicid[i] == cpus[0].c_apicid)
			continue;
		if (!start(ncpu, acpi.ai_apicid[i]))
			break;
		ncpu++;
	}
}
