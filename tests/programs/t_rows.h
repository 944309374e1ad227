/* SPDX-License-Identifier: MIT */
/*
 * Tables of system calls and the errors that they end with.
 *
 *	static const struct row rows[] = {
 *		ROW(open, ENOENT, S("none"), O_RDONLY),
 *		ROW(read, EBADF, FD_WR, S(buf), 1),
 *	};
 *	rows_fds("f");
 *	ROWS(rows);
 *
 * All rows are tried; those that end otherwise are named by their line.
 */
#ifndef TESTS_T_ROWS_H
#define TESTS_T_ROWS_H

#include "t.h"
#include <sys/resource.h>

struct row {
	int line;
	const char *name;
	long nr;
	long arg[6];
	int error; /* 0: the call succeeds */
};

#define ROW(call, error, ...)                                       \
	{                                                           \
		__LINE__, #call, SYS_##call, { __VA_ARGS__ }, error \
	}
/* The kernel's names of calls for which the C library has another one. */
#define SYS_old_select SYS_select
#define SYS_gettimeofday SYS_gettimeofday_time32
#define SYS_settimeofday SYS_settimeofday_time32
#define SYS_timer_settime SYS_timer_settime32
#define SYS_timer_gettime SYS_timer_gettime32
#define SYS_clock_settime SYS_clock_settime32
#define SYS_clock_gettime SYS_clock_gettime32
#define SYS_clock_getres SYS_clock_getres_time32
#define SYS_clock_nanosleep SYS_clock_nanosleep_time32
#define S(pointer) ((long)(pointer))
#define BAD 1 /* an address at which nothing is mapped */

/* Descriptors of rows, which rows_fds() opens. */
#define FD_FIRST 0x7e000000
enum {
	FD_RD = FD_FIRST,
	FD_WR,
	FD_RW,
	FD_APPEND,
	FD_DIR,
	FD_PATH,
	FD_PIPE_R,
	FD_PIPE_W,
	FD_NULL,
	FD_CLOSED,
	FD_A, /* two of the test itself */
	FD_B,
	FD_END
};

static int rows_fd[FD_END - FD_FIRST];

/* Opens the descriptors that rows name; those of a file are of `file`. */
__attribute__((unused)) static void rows_fds(const char *file)
{
	int *fd = rows_fd, p[2];

	fd[FD_RD - FD_FIRST] = SYS(open(file, O_RDONLY));
	fd[FD_WR - FD_FIRST] = SYS(open(file, O_WRONLY));
	fd[FD_RW - FD_FIRST] = SYS(open(file, O_RDWR));
	fd[FD_APPEND - FD_FIRST] = SYS(open(file, O_WRONLY | O_APPEND));
	fd[FD_DIR - FD_FIRST] = SYS(open(".", O_RDONLY));
	fd[FD_PATH - FD_FIRST] = SYS(open(file, O_PATH));
	fd[FD_NULL - FD_FIRST] = SYS(open("/dev/null", O_RDWR));
	SYS(pipe(p));
	fd[FD_PIPE_R - FD_FIRST] = p[0];
	fd[FD_PIPE_W - FD_FIRST] = p[1];
	fd[FD_CLOSED - FD_FIRST] = 99;
}

#define ROWS_FD(name, fd) (rows_fd[(name)-FD_FIRST] = (fd))

static long row_arg(long arg)
{
	return arg >= FD_FIRST && arg < FD_END ? rows_fd[arg - FD_FIRST] : arg;
}

static int row_error(const struct row *r)
{
	long ret = syscall(r->nr, row_arg(r->arg[0]), row_arg(r->arg[1]), row_arg(r->arg[2]),
			   row_arg(r->arg[3]), row_arg(r->arg[4]), row_arg(r->arg[5]));

	return ret == -1 ? errno : 0;
}

static void rows_try(const struct row *rows, unsigned n)
{
	int wrong = 0;

	for (unsigned i = 0; i < n; i++) {
		int error = row_error(&rows[i]);

		if (error == rows[i].error)
			continue;
		printf("FAIL line %d, %s: %s, expected: %s\n", rows[i].line, rows[i].name,
		       strerror(error), strerror(rows[i].error));
		fflush(stdout);
		wrong++;
	}
	CHECK_EQ(wrong, 0);
}

#define ROWS(rows) rows_try(rows, sizeof(rows) / sizeof((rows)[0]))

#endif
