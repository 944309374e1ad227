/* SPDX-License-Identifier: MIT */
/*
 * Per-CPU data, and how code finds "this CPU" and "this lwp".
 *
 * The lowest bytes of every kernel stack (KSTACK_SIZE, aligned to its size)
 * hold a struct kstack_info; kernel code uses no segment register for this. FS
 * and GS keep the user's values while the kernel runs (see proc/sched/lwp.h).
 * curcpu() is stable only while interrupts are off, because an lwp may continue
 * on another CPU after it slept; curlwp() is always stable.
 *
 *   high  +--------------------+ <- l_kstack + KSTACK_SIZE = esp0 in the TSS
 *         | struct trapframe   |    (of an entry from user mode)
 *         | kernel frames      |
 *         |        ...         |
 *   low   | struct kstack_info | <- l_kstack
 *         +--------------------+
 */
#ifndef KERNEL_LIB_CPU_H
#define KERNEL_LIB_CPU_H

#include "kernel/lib/types.h"

#define MAXCPU 8
#define KSTACK_SIZE 8192u
#define KSTACK_CANARY 0x5afe57acu
#define KSTACK_RECLAIM 0x2ec1a13du

struct lwp;
struct proc;
struct hat;
struct spinlock;

struct kstack_info {
	struct lwp *ki_lwp;
	struct cpu *ki_cpu;
	u32 ki_canary; /* KSTACK_CANARY: checked at every switch */
	/*
	 * KSTACK_RECLAIM while this lwp reclaims memory: its own allocations
	 * must not reclaim again
	 */
	u32 ki_reclaim;
	u32 ki_inject; /* debug builds: used by kernel/lib/inject.c */
};

#define CPU_MAXHELD 16

struct cpu {
	u32 c_id;     /* 0 .. ncpu-1; 0: the boot CPU */
	u32 c_apicid; /* local APIC id */
	volatile u32 c_online;

	/* This CPU only, interrupts off. */
	int c_intr_depth;   /* nesting of intr_push_off() */
	bool c_intr_was_on; /* state before the outermost one */
	int c_nheld;	    /* spinlocks held, in order */
	struct spinlock *c_held[CPU_MAXHELD];
	/* debug: when each was taken, the low half of clock_cycles() */
	u32 c_since[CPU_MAXHELD];
	/* in an interrupt handler: sleeping is a bug */
	bool c_in_intr;
	/*
	 * the lwp whose FPU state is in the registers, if its l_fpu_cpu is this
	 * CPU
	 */
	struct lwp *c_fpu_owner;

	/* the lwp that runs when no other lwp can */
	struct lwp *c_idle;
	/* the running lwp; other CPUs read it as a hint */
	struct lwp *volatile c_current;
	/*
	 * The process of that lwp, until its time has been added to p_ucycles
	 * and p_scycles; NULL: the kernel's (p_timelock).
	 */
	struct proc *volatile c_proc;
	/* look for a better lwp before returning to user mode */
	volatile bool c_need_resched;

	/*
	 * hat layer: set by hat_switch() on this CPU, read by shoot-downs from
	 * other CPUs (atomic).
	 */
	struct hat *volatile c_hat;

	/* Descriptor tables: kernel/gdt.c owns the layout (kernel/gdt.h). */
	void *c_gdt;
	void *c_tss;

	/* Statistics, each written by this CPU only. */
	u64 c_nswitch, c_nintr, c_nsyscall, c_npgfault;
	/*
	 * CPU time, in cycles, of lwps that have left this CPU; and the time
	 * that the running lwp had used when it began (cpu_times()).
	 */
	u64 c_ucycles, c_scycles, c_icycles, c_ustart, c_sstart;
};

extern struct cpu cpus[MAXCPU];
/* CPUs found and started; fixed once main() has started the others */
extern u32 ncpu;

#ifndef REPRISE_HOST

static inline struct kstack_info *kstack_info(void)
{
	u32 esp;
	__asm__("movl %%esp, %0" : "=r"(esp));
	return (struct kstack_info *)(esp & ~(KSTACK_SIZE - 1));
}

static inline struct lwp *curlwp(void)
{
	return kstack_info()->ki_lwp;
}

static inline struct cpu *curcpu(void)
{
	return kstack_info()->ki_cpu;
}

#endif
#endif
