/* SPDX-License-Identifier: MIT */
/* What the parts of st-memory share: mappings, and accesses that may fault. */
#ifndef TESTS_STATES_MEMORY_MEMORY_H
#define TESTS_STATES_MEMORY_MEMORY_H

#include "../states.h"
#include <setjmp.h>
#include <sys/mman.h>

#define PG 4096u
#define RW (PROT_READ | PROT_WRITE)

__attribute__((unused)) static char *map(size_t len, int prot, int flags, int fd)
{
	char *p = mmap(NULL, len, prot, flags, fd, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

__attribute__((unused)) static char *anon(size_t pages)
{
	return map(pages * PG, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

/* Does an access raise this signal? 0: it does not fault. */
__attribute__((unused)) static sigjmp_buf fault_env;
__attribute__((unused)) static volatile sig_atomic_t fault_sig;

__attribute__((unused)) static void on_fault(int sig)
{
	fault_sig = sig;
	siglongjmp(fault_env, 1);
}

__attribute__((unused)) static int faults(volatile char *p, int write)
{
	struct sigaction sa = { .sa_handler = on_fault }, old[2];

	sigaction(SIGSEGV, &sa, &old[0]);
	sigaction(SIGBUS, &sa, &old[1]);
	fault_sig = 0;
	if (sigsetjmp(fault_env, 1) == 0) {
		char c = *p;

		if (write)
			*p = c;
	}
	sigaction(SIGSEGV, &old[0], NULL);
	sigaction(SIGBUS, &old[1], NULL);
	return fault_sig;
}

#endif
