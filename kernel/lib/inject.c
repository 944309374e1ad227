/* SPDX-License-Identifier: MIT */
/*
 * Faults on request; see kernel/lib/inject.h. Each lwp's kstack_info counts how
 * often it has entered.
 */
#include "kernel/lib/inject.h"

#ifdef DEBUG

#include "kernel/lib/cpu.h"
#include "kernel/lib/ksym.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"

#define HELPER 0x80000000u
#define DEPTH 16

volatile u32 inject_armed;
void (*inject_witness)(void);
static volatile u32 inside; /* lwps */
static volatile u32 nth, seen;
static volatile bool hit;
/* written at a failure, read when nothing is armed */
static char where[INJECT_WHERE];
static struct {
	const void *disk;
	u64 sector, end;
} bad; /* after a failure */

void inject_enter(void)
{
	if (kstack_info()->ki_inject++ == 0)
		__atomic_add_fetch(&inside, 1, __ATOMIC_RELAXED);
}

void inject_leave(void)
{
	if (--kstack_info()->ki_inject == 0)
		__atomic_sub_fetch(&inside, 1, __ATOMIC_RELAXED);
}

void inject_helper(void)
{
	kstack_info()->ki_inject = HELPER;
}

/* The names of the active functions, up to the first that does not fit. */
static void note_where(void)
{
	u32 base = (u32)kstack_info(), ebp = (u32)__builtin_frame_address(0), off;
	size_t len = 0;

	for (int i = 0; i < DEPTH && ebp >= base && ebp <= base + KSTACK_SIZE - 8 && !(ebp & 3); i++) {
		const u32 *frame = (const u32 *)ebp;
		const char *name = ksym_name(frame[1] - 1, &off);
		int n;

		if (!name)
			break;
		n = snprintf(where + len, sizeof(where) - len, "%s%s", len ? " < " : "", name);
		if ((size_t)n >= sizeof(where) - len) {
			where[len] = 0;
			break;
		}
		len += (size_t)n;
		if (frame[0] <= ebp)
			break;
		ebp = frame[0];
	}
}

static bool counts(enum inject_kind kind)
{
	u32 mark = kstack_info()->ki_inject;

	if (curcpu()->c_in_intr)
		return false;
	return mark == HELPER ? kind != INJECT_ALLOC && inside > 0 : mark != 0;
}

bool inject_event(enum inject_kind kind)
{
	if (!counts(kind))
		return false;
	if (__atomic_add_fetch(&seen, 1, __ATOMIC_ACQ_REL) != nth)
		return false;
	note_where();
	__atomic_store_n(&hit, true, __ATOMIC_RELEASE);
	if (inject_witness)
		inject_witness();
	return true;
}

bool inject_request(enum inject_kind kind, const void *disk, u64 sector, u64 n)
{
	if (__atomic_load_n(&hit, __ATOMIC_ACQUIRE))
		return counts(kind) && disk == bad.disk && sector < bad.end && sector + n > bad.sector;
	/*
	 * Other CPUs see a failure at once, and the bad sectors a moment later:
	 * they miss at most one request.
	 */
	if (!inject_event(kind))
		return false;
	bad.sector = sector;
	bad.end = sector + n;
	bad.disk = disk;
	return true;
}

void inject_arm(enum inject_kind kind, u32 n, struct inject_state *last)
{
	inject_armed = INJECT_NONE;
	last->fs_seen = __atomic_exchange_n(&seen, 0, __ATOMIC_ACQ_REL);
	last->fs_hit = __atomic_exchange_n(&hit, false, __ATOMIC_ACQ_REL);
	memcpy(last->fs_where, where, sizeof(where));
	where[0] = 0;
	bad.disk = NULL;
	nth = n;
	__atomic_store_n(&inject_armed, (u32)kind, __ATOMIC_RELEASE);
}

#endif
