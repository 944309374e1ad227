/* SPDX-License-Identifier: MIT */
/*
 * Faults on request, in debug builds: the nth allocation, disk read or disk
 * write of an lwp inside the checkpoint facility fails, as without memory or
 * with a bad disk. So a test can cause every failure, one after the other. An
 * allocation fails once. The sectors of a request stay bad for that kind of
 * request, because many reads are retried.
 *
 * An lwp is inside between inject_enter() and inject_leave(), which may nest;
 * an interrupt during that time is not inside. A thread that writes the page
 * cache for other lwps calls inject_helper() once: its disk requests count
 * while any lwp is inside.
 */
#ifndef KERNEL_LIB_INJECT_H
#define KERNEL_LIB_INJECT_H

#include "kernel/lib/types.h"

enum inject_kind { INJECT_NONE, INJECT_ALLOC, INJECT_READ, INJECT_WRITE, INJECT_NKIND };

#define INJECT_WHERE 256u

struct inject_state {
	u32 fs_seen; /* events of the kind since arming */
	bool fs_hit; /* one of them failed */
	/* functions active at the failure, innermost first; "" if none */
	char fs_where[INJECT_WHERE];
};

#if defined(DEBUG) && !defined(REPRISE_HOST)

extern volatile u32 inject_armed;    /* enum inject_kind */
extern void (*inject_witness)(void); /* called at each failure, unless NULL */

void inject_enter(void);
void inject_leave(void);
void inject_helper(void);
/*
 * Returns the result of the last arming; then arms the nth event (from 1) of a
 * kind, or none.
 */
void inject_arm(enum inject_kind kind, u32 nth, struct inject_state *last);
/* An event of the armed kind. */
bool inject_event(enum inject_kind kind);

/* A disk request; n 0: it has no sectors. */
bool inject_request(enum inject_kind kind, const void *disk, u64 sector, u64 n);

/* Must this event fail? From any context. */
static inline bool inject_fails(enum inject_kind kind)
{
	return unlikely(inject_armed == (u32)kind) && inject_event(kind);
}
static inline bool inject_fails_at(enum inject_kind kind, const void *disk, u64 sector, u64 n)
{
	return unlikely(inject_armed == (u32)kind) && inject_request(kind, disk, sector, n);
}

#else

static inline void inject_enter(void)
{
}
static inline void inject_leave(void)
{
}
static inline void inject_helper(void)
{
}
static inline bool inject_fails(enum inject_kind kind)
{
	return false;
}
static inline bool inject_fails_at(enum inject_kind kind, const void *disk, u64 sector, u64 n)
{
	return false;
}

#endif
#endif
