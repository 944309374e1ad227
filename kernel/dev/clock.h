/* SPDX-License-Identifier: MIT */
/*
 * Time. clock_mono_ns() counts nanoseconds since boot (TSC, calibrated; never
 * goes back, the same on all CPUs). clock_real_ns() is that plus an offset (RTC
 * at boot, or clock_settime).
 *
 * A callout calls a function once at a time of the monotonic clock, from the
 * local APIC timer's interrupt: interrupts off, must not sleep. Timers are
 * one-shot: a CPU without due callouts takes no interrupt.
 *
 * Even if many callouts are due, the interrupt ends after CALLOUT_BUDGET_NS,
 * and the rest waits for as long as it took: a CPU spends at most about half of
 * its time on callouts. A function that sets its own callout again keeps that
 * going forever. It must not do so for a process more often than the process
 * itself does something for it (see proc/ptimer.h).
 *
 * Locks: each CPU's queue under LR_CALLOUT; the function runs without it.
 * Source: time and calibration: kernel/dev/clock.c; the queues:
 *   kernel/dev/callout.c.
 */
#ifndef KERNEL_DEV_CLOCK_H
#define KERNEL_DEV_CLOCK_H

#include "kernel/lib/heap.h"
#include "kernel/lib/list.h"
#include "kernel/lib/types.h"
#include "kernel/lib/x86.h"

u64 clock_mono_ns(void);
/*
 * A cheap way to measure many short times: cycles of the TSC, and the
 * conversion for readers of the sum. Conversions are valid once clock_init()
 * has run.
 */
static inline u64 clock_cycles(void)
{
	return x86_rdtsc();
}
u64 clock_cycles_to_ns(u64 cycles);
u64 clock_ns_to_cycles(u64 ns);
u64 clock_real_ns(void);
void clock_set_real_ns(u64 ns);

#define CALLOUT_BUDGET_NS (200 * NSEC_PER_USEC)

struct callout {
	struct heap_node co_node; /* its key: monotonic ns */
	void (*co_fn)(void *arg);
	void *co_arg;
	struct cpu *co_cpu; /* the CPU whose queue it is on; NULL: not queued */
};

void callout_init(struct callout *co, void (*fn)(void *arg), void *arg);
/*
 * Queues (or moves) the callout on this CPU. A past time: at once, but still
 * from the interrupt. The function may set its own callout again, or free it.
 * The owner's lock must exclude two callers at a time for one callout.
 */
void callout_set(struct callout *co, u64 when_ns);
/*
 * Takes the callout off its queue. If its function runs on another CPU, waits
 * for its end.
 * Returns: true: it was queued.
 * Locks: none that the function takes.
 */
bool callout_cancel(struct callout *co);
/*
 * The same without waiting, for callers that hold such a lock and can handle a
 * late call.
 */
bool callout_cancel_nowait(struct callout *co);

/* Per CPU, once: calibrates (boot CPU) and starts the local timer. */
void clock_init(void);
void clock_init_ap(void);
/* The local timer's interrupt. */
void clock_intr(void);
/* Busy waits; for device start-up only. */
void clock_udelay(u32 usec);
/*
 * Makes this CPU's timer interrupt at `when` (at once if that is past), or
 * earlier. Interrupts off. For callout.c.
 */
void clock_arm(u64 when);

#endif
