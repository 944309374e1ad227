/* SPDX-License-Identifier: MIT */
/* What the parts of longhold share: a crowd of processes, and how long a lock was held. */
#ifndef TESTS_LONGHOLD_LONGHOLD_H
#define TESTS_LONGHOLD_LONGHOLD_H

#include "../t.h"
#include <stdbool.h>

#define CROWD 1000
#define HOLDS "/proc/reprise/holds"
/* The place where a lock is released that the kernel holds as long as its log takes to print. */
#define LOG "log"

__attribute__((unused)) static unsigned long limit = 200000; /* nanoseconds: of 2 for each instruction, under -icount */

__attribute__((unused)) static pid_t crowd[CROWD];
__attribute__((unused)) static struct t_gate ready, go;

__attribute__((unused)) static void holds_begin(void)
{
	int fd = SYS(open(HOLDS, O_WRONLY));

	CHECK_EQ(write(fd, "0", 1), 1);
	SYS(close(fd));
}

/* No hold since holds_begin() was longer than the limit. */
__attribute__((unused)) static void holds_end(void)
{
	char line[256], *name;
	FILE *f = fopen(HOLDS, "r");
	unsigned long long ns;
	bool bad = false;

	CHECK(f != NULL);
	while (fgets(line, sizeof(line), f)) {
		strtoul(line, &name, 10);
		ns = strtoull(name, &name, 10);
		if (ns <= limit || strncmp(name, " " LOG " ", strlen(LOG) + 2) == 0)
			continue;
		printf("held too long: %s", line);
		bad = true;
	}
	fclose(f);
	if (bad)
		FAIL("expected holds of %lu ns at most", limit);
}

/* Children that each say that they are there, then do `fn` and end. */
__attribute__((unused)) static void gather(void (*fn)(void))
{
	ready = t_gate();
	go = t_gate();
	for (int i = 0; i < CROWD; i++) {
		crowd[i] = t_fork();
		if (crowd[i] == 0) {
			t_open_gate(ready);
			fn();
			_exit(0);
		}
	}
	for (int i = 0; i < CROWD; i++)
		t_pass_gate(ready);
}

__attribute__((unused)) static void nothing(int sig)
{
}

__attribute__((unused)) static void on_signal(int sig, void (*fn)(int))
{
	struct sigaction sa = { .sa_handler = fn };

	SYS(sigaction(sig, &sa, NULL));
}

#endif
