/* SPDX-License-Identifier: MIT */
/*
 * Per-CPU data, and how code finds "this CPU" and "this lwp".
 *
 * Kernel code uses no segment register for that: the lowest bytes of every kernel stack
 * (KSTACK_SIZE, aligned to its size) hold a struct kstack_info. FS and GS keep the user's values
 * while the kernel runs (see proc/sched/lwp.h). curcpu() is stable only while interrupts are off, since
 * an lwp may go on on another CPU after it slept; curlwp() is always stable.
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
	u32 ki_canary;	/* KSTACK_CANARY: checked at every switch */
	u32 ki_reclaim; /* KSTACK_RECLAIM while this lwp gives memory back: an allocation of its own must not begin that again */
	u32 ki_inject;	/* debug builds: kernel/lib/inject.c's */
};

#define CPU_MAXHELD 16

struct cpu {
	u32 c_id;     /* 0 .. ncpu-1; 0 boots */
	u32 c_apicid; /* local APIC id */
	volatile u32 c_online;

	/* This CPU only, interrupts off. */
	int c_intr_depth;   /* nesting of intr_push_off() */
	bool c_intr_was_on; /* state before the outermost one */
	int c_nheld;	    /* spinlocks held, in order */
	struct spinlock *c_held[CPU_MAXHELD];
	u32 c_since[CPU_MAXHELD]; /* debug: when each was taken, the low half of clock_cycles() */
	bool c_in_intr;		  /* in an interrupt handler: sleeping is a bug */
	struct lwp *c_fpu_owner; /* whose FPU state is in the registers, if its l_fpu_cpu says so too */

	struct lwp *c_idle;		/* the lwp that runs when no other can */
	struct lwp *volatile c_current; /* the lwp that runs; others read it as a hint */
	/* The process of that lwp, until its time has been added to p_ucycles and p_scycles; NULL: the kernel's (p_timelock) */
	struct proc *volatile c_proc;
	volatile bool c_need_resched; /* look for a better lwp before returning to user mode */

	/* hat layer: set by hat_switch() on this CPU, read by shoot-downs of others (atomic). */
	struct hat *volatile c_hat;

	/* Descriptor tables: kernel/gdt.c owns the layout (kernel/gdt.h). */
	void *c_gdt;
	void *c_tss;

	/* Statistics, each written by this CPU only. */
	u64 c_nswitch, c_nintr, c_nsyscall, c_npgfault;
	/* CPU time, in cycles, of lwps that have left this CPU; and what the running one had used when it came (cpu_times()). */
	u64 c_ucycles, c_scycles, c_icycles, c_ustart, c_sstart;
};

extern struct cpu cpus[MAXCPU];
extern u32 ncpu; /* CPUs found and started; fixed once main() has started the others */

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
