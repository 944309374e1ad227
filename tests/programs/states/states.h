/* SPDX-License-Identifier: MIT */
/*
 * States: what a process can be in when a checkpoint of it is taken.
 *
 *	STATE(name)
 *	{
 *		... builds the state ...
 *		st_wait();
 *		... looks whether all is as it was ...
 *	}
 *
 * `st-FAMILY NAME` builds the state, prints "ready", waits until there is a file "go" in the directory that it was started in, verifies
 * itself, and prints "ok". Whatever happens to it while it waits, it must not notice. tests/programs/stdrive.c starts it, saves it, kills
 * it, brings it back and lets it go on. `st-FAMILY -l` lists the states with their flags.
 *
 * A state that is asleep in a call of its own says st_ready() instead, with a word about how it goes on: "" by itself,
 * "signal" when it gets SIGUSR1 after "go" has appeared; with "asleep" before it, the checkpoint waits until it sleeps.
 *
 * It runs with /dev/null as input and a file as output, as the leader of a session without a terminal.
 */
#ifndef TESTS_STATES_H
#define TESTS_STATES_H

#include "../t.h"
#include "flags.h"
#include <limits.h>
#include <reprise/ckpt.h>

struct st_state {
	const char *st_name;
	void (*st_fn)(void);
	unsigned st_flags;
};

/* A family of several files: FAMILY.c is its head, and its parts, FAMILY/PART.c, define T_PART first. */
#define ST_MAX 64
extern struct st_state st_states[ST_MAX];
extern int st_nstates;
extern char st_go_path[PATH_MAX];
/* In the modes that stop the process, calls that a stop interrupts on Linux as well may say EINTR. */
extern int st_stops;

#define STATE_WITH(name, flags)                                           \
	static void state_##name(void);                                   \
	__attribute__((constructor)) static void st_register_##name(void) \
	{                                                                 \
		if (st_nstates == ST_MAX)                                 \
			abort();                                          \
		st_states[st_nstates].st_flags = flags;                   \
		st_states[st_nstates].st_fn = state_##name;               \
		st_states[st_nstates++].st_name = #name;                  \
	}                                                                 \
	static void state_##name(void)
#define STATE(name) STATE_WITH(name, 0)
#define STATE_TREE(name) STATE_WITH(name, ST_TREE)

/* One line into the output, past stdio: a buffer would be part of the state. */
__attribute__((unused)) static void st_say(const char *a, const char *b)
{
	char line[128];
	int n = snprintf(line, sizeof(line), "%s%s%s\n", a, *b ? " " : "", b);

	CHECK_EQ(write(1, line, n), n);
}

__attribute__((unused)) static int st_may_go(void)
{
	return access(st_go_path, F_OK) == 0;
}

/* The state stands; `how` is explained above. It cannot save itself: whoever is asleep in another call does not call ckpt(). */
__attribute__((unused)) static void st_ready(const char *how)
{
	if (getenv("ST_SELF")) {
		st_say("not by itself", "");
		_exit(0);
	}
	st_say("ready", how);
}

__attribute__((unused)) static void st_pause(void)
{
	struct timespec ts = { 0, 3000000 };

	nanosleep(&ts, NULL);
}

/* For others than the process that says "ready". */
__attribute__((unused)) static void st_await_go(void)
{
	while (!st_may_go())
		st_pause();
}

__attribute__((unused)) static void st_wait(void)
{
	const char *image = getenv("ST_SELF");

	if (image) {
		int r = ckpt(image, 0);

		if (r == 0) {
			st_say("saved", "");
			_exit(0);
		}
		if (r < 0 && errno == EPERM && getuid() != geteuid()) {
			st_say("not by itself", ""); /* ckpt(2): set-id programs */
			_exit(0);
		}
		if (r < 0 && errno == EOPNOTSUPP) {
			st_say("refused", "");
			_exit(0);
		}
		CHECK_EQ(r, 1);
	}
	st_say("ready", "");
	st_await_go();
}

/* A pattern that depends on a seed, and whether it is there. */
__attribute__((unused)) static void st_fill(void *p, size_t n, uint32_t seed)
{
	unsigned char *c = p;

	seed |= 1;
	for (size_t i = 0; i < n; i++)
		c[i] = t_rand(&seed);
}

__attribute__((unused)) static int st_filled(const void *p, size_t n, uint32_t seed)
{
	const unsigned char *c = p;

	seed |= 1;
	for (size_t i = 0; i < n; i++) {
		if (c[i] != (unsigned char)t_rand(&seed))
			return 0;
	}
	return 1;
}

/* A child that runs fn(arg) and ends with 0. */
__attribute__((unused)) static pid_t st_child(void (*fn)(void *), void *arg)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		fn(arg);
		_exit(0);
	}
	return pid;
}

#ifndef T_PART

struct st_state st_states[ST_MAX];
int st_nstates;
char st_go_path[PATH_MAX];
int st_stops;

static int t_hook(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	if (strcmp(argv[1], "-l") == 0) {
		for (int i = 0; i < st_nstates; i++) {
			if (st_states[i].st_flags & ST_HELPER)
				continue;
			printf("%s %u\n", st_states[i].st_name, st_states[i].st_flags);
		}
		return 0;
	}
	CHECK(getcwd(st_go_path, sizeof(st_go_path) - 4) != NULL);
	strcat(st_go_path, "/go");
	st_stops = getenv("ST_STOPS") != NULL;
	for (int i = 0; i < st_nstates; i++) {
		if (strcmp(argv[1], st_states[i].st_name) == 0) {
			st_states[i].st_fn();
			st_say("ok", "");
			return 0;
		}
	}
	return 2;
}

#endif /* T_PART */

#endif
