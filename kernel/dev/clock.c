/* SPDX-License-Identifier: MIT */
/*
 * Time from the TSC. Its rate is measured once, at boot, against a clock of
 * known rate: the ACPI timer, or channel 2 of the PIT if there is none. The
 * local APIC timer's rate is measured in the same interval.
 *
 * A reading of the reference clock lies between two TSC readings around it. At
 * each end of the interval the closest pair of several counts, so a host that
 * takes the CPU away now and then does no harm.
 */
#include "kernel/dev/clock.h"
#include "kernel/dev/acpi.h"
#include "kernel/dev/lapic.h"
#include "kernel/dev/irq.h"
#include "kernel/dev/rtc.h"
#include "kernel/lib/lock.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/x86.h"

#define PM_TIMER_HZ 3579545u
#define PIT_HZ 1193182u
#define CALIBRATE_USEC 10000u
#define SAMPLES 12

/* x * rt_mult >> rt_shift, without a division. */
struct ratio {
	u32 rt_mult, rt_shift;
};

static struct ratio tsc_to_ns, ns_to_tsc, ns_to_lapic;
static u64 tsc_base; /* at monotonic 0 */

/* clock_real_ns() - clock_mono_ns(); real_seq is odd while it changes. */
static struct spinlock real_lock = SPINLOCK_INIT("clock", LR_DEV);
static volatile u32 real_seq;
static u64 real_offset;

static struct ratio make_ratio(u64 num, u64 den)
{
	u32 shift = 29;

	while (shift && (num << shift) / den > 0xffffffffull)
		shift--;
	return (struct ratio){ (u32)((num << shift) / den), shift };
}

static u64 scale(u64 x, struct ratio r)
{
	u64 low = (u64)(u32)x * r.rt_mult >> r.rt_shift;
	u64 high = (u64)(u32)(x >> 32) * r.rt_mult;

	return low + (high << (32 - r.rt_shift));
}

u64 clock_mono_ns(void)
{
	return scale(x86_rdtsc() - tsc_base, tsc_to_ns);
}

u64 clock_cycles_to_ns(u64 cycles)
{
	return scale(cycles, tsc_to_ns);
}

u64 clock_ns_to_cycles(u64 ns)
{
	return scale(ns, ns_to_tsc);
}

u64 clock_real_ns(void)
{
	u64 offset;
	u32 seq;

	do {
		seq = __atomic_load_n(&real_seq, __ATOMIC_ACQUIRE);
		offset = real_offset;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while ((seq & 1) || seq != real_seq);
	return clock_mono_ns() + offset;
}

void clock_set_real_ns(u64 ns)
{
	spin_lock(&real_lock);
	__atomic_add_fetch(&real_seq, 1, __ATOMIC_ACQ_REL);
	real_offset = ns - clock_mono_ns();
	__atomic_add_fetch(&real_seq, 1, __ATOMIC_ACQ_REL);
	spin_unlock(&real_lock);
}

/* A clock of known rate that counts up. */
struct refclock {
	u32 (*rc_read)(void);
	u32 rc_mask, rc_hz;
};

static u32 read_pm_timer(void)
{
	return inl(acpi.ai_pm_timer);
}

/* Channel 2 counts down. */
static u32 read_pit(void)
{
	u32 v;

	outb(0x43, 0x80); /* latch */
	v = inb(0x42);
	v |= (u32)inb(0x42) << 8;
	return ~v;
}

static void start_pit(void)
{
	outb(0x61, (u8)((inb(0x61) & ~2u) | 1)); /* gate on, loudspeaker off */
	/* channel 2, low and high byte, mode 2 */
	outb(0x43, 0xb4);
	outb(0x42, 0);
	outb(0x42, 0);
}

static struct refclock choose_refclock(void)
{
	if (acpi.ai_pm_timer)
		return (struct refclock){ read_pm_timer, acpi.ai_pm_timer32 ? 0xffffffff : 0xffffff, PM_TIMER_HZ };
	start_pit();
	return (struct refclock){ read_pit, 0xffff, PIT_HZ };
}

struct sample {
	u64 sa_tsc;
	u32 sa_ref, sa_lapic;
};

/* All clocks at one moment, as exactly as SAMPLES tries can tell. */
static struct sample take_sample(const struct refclock *rc)
{
	struct sample best = { 0 };
	u64 best_width = ~0ull;

	for (int i = 0; i < SAMPLES; i++) {
		u64 before = x86_rdtsc();
		u32 ref = rc->rc_read();
		u32 lapic = lapic_timer_now();
		u64 width = x86_rdtsc() - before;

		if (width < best_width) {
			best_width = width;
			best = (struct sample){ before + width / 2, ref, lapic };
		}
	}
	return best;
}

static void calibrate(void)
{
	struct refclock rc = choose_refclock();
	u32 want = (u32)((u64)rc.rc_hz * CALIBRATE_USEC / 1000000), passed;
	struct sample a, b;
	u64 tsc_hz, lapic_hz;

	lapic_timer_count(0xffffffff);
	a = take_sample(&rc);
	for (u32 tries = 0; ((rc.rc_read() - a.sa_ref) & rc.rc_mask) < want; tries++)
		if (tries > 100000000)
			panic("clock: the reference timer stands still");
	b = take_sample(&rc);
	lapic_timer_count(0);

	passed = (b.sa_ref - a.sa_ref) & rc.rc_mask;
	tsc_hz = (b.sa_tsc - a.sa_tsc) * rc.rc_hz / passed;
	lapic_hz = (u64)(a.sa_lapic - b.sa_lapic) * rc.rc_hz / passed;
	if (tsc_hz < 1000000)
		panic("clock: the TSC runs at %llu Hz, expected at least 1 MHz", (unsigned long long)tsc_hz);
	tsc_to_ns = make_ratio(NSEC_PER_SEC, tsc_hz);
	ns_to_tsc = make_ratio(tsc_hz, NSEC_PER_SEC);
	ns_to_lapic = make_ratio(lapic_hz, NSEC_PER_SEC);
	printk(KDEBUG "clock: TSC %u kHz, local APIC timer %u kHz\n", (u32)(tsc_hz / 1000),
	       (u32)(lapic_hz / 1000));
}

void clock_init(void)
{
	calibrate();
	tsc_base = x86_rdtsc();
	clock_set_real_ns(rtc_read() * NSEC_PER_SEC);
	clock_init_ap();
}

void clock_udelay(u32 usec)
{
	u64 end = x86_rdtsc() + scale(usec * NSEC_PER_USEC, ns_to_tsc);

	while (x86_rdtsc() < end)
		x86_pause();
}

void clock_arm(u64 when)
{
	u64 now = clock_mono_ns(), ns = when > now ? when - now : 0;

	ASSERT(intr_off());
	if (lapic_has_tsc_deadline()) {
		lapic_timer_deadline(x86_rdtsc() + scale(ns, ns_to_tsc) + 1);
		return;
	}
	/*
	 * longer than its counter is wide: it comes early, finds nothing to do,
	 * and is set again
	 */
	lapic_timer_count((u32)MIN(scale(MIN(ns, 4 * NSEC_PER_SEC), ns_to_lapic) + 1, 0xffffffffull));
}
