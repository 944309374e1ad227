/* SPDX-License-Identifier: MIT */
/* Random delays for finding races. The contract is in jitter.h. */
#include "kernel/lib/jitter.h"

#ifdef DEBUG

#include "kernel/lib/cpu.h"
#include "kernel/lib/x86.h"

#define ONE_IN 64u	  /* one delay at so many places */
#define LONG_ONE_IN 64u	  /* one long delay among so many */
#define SHORT_TURNS 200u  /* at most, of the waiting loop */
#define LONG_TURNS 40000u /* about the length of a time slice */

u32 jitter_seed;

void jitter_start(u32 seed)
{
	jitter_seed = seed ? seed : 1;
}

/* Marsaglia's xorshift generator of 32 bits, one sequence for each CPU. */
static u32 next_random(void)
{
	static u32 state[MAXCPU];
	u32 *s = &state[curcpu()->c_id], x = *s;

	if (!x)
		x = jitter_seed * 2654435761u + curcpu()->c_id + 1;
	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return *s = x;
}

void jitter_delay(void)
{
	u32 r = next_random(), turns;

	if (r % ONE_IN)
		return;
	r = next_random();
	turns = r % LONG_ONE_IN ? r % SHORT_TURNS : r % LONG_TURNS;
	while (turns--)
		x86_pause();
}

bool jitter_chance(void)
{
	return next_random() % ONE_IN == 0;
}

#endif
