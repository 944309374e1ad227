/* SPDX-License-Identifier: MIT */
/* What the parts of mmaperr share: the descriptors and the memory that rows name. */
#ifndef TESTS_MMAPERR_MMAPERR_H
#define TESTS_MMAPERR_MMAPERR_H

#include "../t.h"
#include <sys/mman.h>

#define PG 4096u
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)
#define RDONLY -2 /* descriptors of the tables; others are taken as they are */
#define WRONLY -3
#define RDWR -4
#define ZERO -5
#define NULLDEV -6
#define PIPE -7
#define DIRECTORY -8
#define PATHONLY -9

__attribute__((unused)) static int fds[10];
__attribute__((unused)) static char *two; /* two pages, then a hole of two, then a read-only page */

__attribute__((unused)) static int place(int fd)
{
	return fd <= -2 ? fds[-fd] : fd;
}

__attribute__((unused)) static void prepare(void)
{
	int p[2];

	fds[-RDWR] = SYS(open("f", O_RDWR | O_CREAT, 0600));
	SYS(ftruncate(fds[-RDWR], 4 * PG));
	fds[-RDONLY] = SYS(open("f", O_RDONLY));
	fds[-WRONLY] = SYS(open("f", O_WRONLY));
	fds[-ZERO] = SYS(open("/dev/zero", O_RDWR));
	fds[-NULLDEV] = SYS(open("/dev/null", O_RDWR));
	fds[-DIRECTORY] = SYS(open(".", O_RDONLY));
	fds[-PATHONLY] = SYS(open("f", O_PATH));
	SYS(pipe(p));
	fds[-PIPE] = p[0];
	two = mmap(NULL, 5 * PG, RW, ANON, -1, 0);
	CHECK(two != MAP_FAILED);
	SYS(munmap(two + 2 * PG, 2 * PG));
	SYS(mprotect(two + 4 * PG, PG, PROT_READ));
}

/* The error that a call left, 0 if it went well. */
__attribute__((unused)) static int error_of(long r)
{
	return r == -1 ? errno : 0;
}

#endif
