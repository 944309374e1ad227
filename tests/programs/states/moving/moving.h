/* SPDX-License-Identifier: MIT */
/* What the parts of st-moving share: the turns of a state. */
#ifndef TESTS_STATES_MOVING_MOVING_H
#define TESTS_STATES_MOVING_MOVING_H

#include "../states.h"

#define PG 4096
#define STATE_MOVING(name) STATE_WITH(name, ST_LOOP)
#define STATE_MOVING_TREE(name) STATE_WITH(name, ST_LOOP | ST_TREE)

/* "ready" after a few turns; 1 as long as it is to go on. */
__attribute__((unused)) static int turn(void)
{
	static int turns;

	if (++turns == 3)
		st_ready("");
	return turns < 6 || !st_may_go();
}

__attribute__((unused)) static volatile sig_atomic_t hits;

__attribute__((unused)) static void count(int sig)
{
	hits++;
}

#endif
