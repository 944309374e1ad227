/* SPDX-License-Identifier: MIT */
/*
 * Starting the other CPUs: INIT for all; then, one at a time, start-up IPIs to
 * the trampoline page, and a wait for the CPU to set c_online. A CPU that does
 * not answer ends this, with a line in the log.
 * Source: Intel SDM vol. 3, 8.4.4.
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
#include "mm/kstack.h"
#include "proc/sched/sched.h"

#define INIT_USEC 10000 /* from INIT to the first start-up IPI */
#define ANSWER_NS (200 * NSEC_PER_MSEC)

static void *df_stack; /* of the CPU being started */

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
	struct kstack_info *ki = kstack_alloc();

	if (ki)
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
	lapic_send_startup(c->c_apicid, AP_TRAMPOLINE);
	if (wait_online(c, NSEC_PER_MSEC))
		return true;
	lapic_send_startup(c->c_apicid, AP_TRAMPOLINE);
	return wait_online(c, ANSWER_NS);
}

/* c waits for its start-up IPI already. */
static bool start_cpu(struct cpu *c)
{
	void *stack = alloc_stack(c);

	df_stack = alloc_stack(c);
	if (!stack || !df_stack) {
		printk("cpu %u: no memory for its stacks\n", c->c_id);
		return false;
	}
	ap_stack_top = (u32)stack + KSTACK_SIZE;
	if (!kick(c)) {
		/*
		 * It may still start later, on this stack: the stack is never
		 * freed.
		 */
		printk("cpu %u (local APIC %u) does not start\n", c->c_id, c->c_apicid);
		return false;
	}
	return true;
}

static void smp_stop_others(void)
{
	for (u32 i = 0; i < MAXCPU; i++)
		if (cpus[i].c_online && &cpus[i] != curcpu())
			lapic_send_nmi(cpus[i].c_apicid);
}

/*
 * Numbers the CPUs to start, after the boot CPU.
 * Returns: how many there are, with the boot CPU.
 */
static u32 enumerate(u32 limit)
{
	u32 n = 1;

	for (u32 i = 0; i < acpi.ai_ncpu && n < limit; i++) {
		if (acpi.ai_apicid[i] == cpus[0].c_apicid)
			continue;
		cpus[n].c_id = n;
		cpus[n].c_apicid = acpi.ai_apicid[i];
		n++;
	}
	return n;
}

void smp_start(void)
{
	u32 n = enumerate((u32)MIN(cmdline_number("maxcpus", MAXCPU), (u64)MAXCPU));

	panic_stop_others = smp_stop_others;
	if (n == MAXCPU && acpi.ai_ncpu > n)
		printk("cpus: the machine has %u, and %u of them are used: the kernel's limit\n",
		       acpi.ai_ncpu, MAXCPU);
	if (n > 1 && !bootinfo.bi_trampoline) {
		printk("smp: no memory at %#x for the start of other CPUs\n", AP_TRAMPOLINE);
		return;
	}
	memcpy(KVA(AP_TRAMPOLINE), ap_trampoline, (size_t)(ap_trampoline_end - ap_trampoline));
	for (u32 i = 1; i < n; i++)
		lapic_send_init(cpus[i].c_apicid);
	if (n > 1)
		clock_udelay(INIT_USEC);
	while (ncpu < n && start_cpu(&cpus[ncpu]))
		ncpu++;
}
