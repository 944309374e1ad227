/* SPDX-License-Identifier: MIT */
/*
 * The errors of the calls on memory and on an lwp's own settings, and their
 * order: one row for each error of a manual page. What mmap(2) and its kin do
 * beside failing: mmaperr.c; futexes: futexerr.c; prctl: prctl.c.
 *
 * Source: mmap(2), mprotect(2), mremap(2), mlock(2), madvise(2), msync(2),
 * mincore(2), futex(2), prctl(2), set_thread_area(2).
 */
#include "t_rows.h"
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#define PG 4096
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define HOLE 0x10000000 /* nothing is mapped there */
#define TOP 0xfffff000	/* not the user's */

static char page[PG] __attribute__((aligned(PG)));
static long map_args[6] = { 0, PG, PROT_READ, ANON, -1, 1 },
	    map_no_type[6] = { 0, PG, 0, MAP_ANONYMOUS, -1, 0 };
static unsigned desc[4] = { 99, 0, 0xfffff, 0x51 }, desc_any[4] = { -1, 0, 0xfffff, 0x51 };
static unsigned desc_first[4] = { 6, 0, 0xfffff, 0x51 }, desc_16bit[4] = { 6, 0, 0xfffff, 0x10 };
static int word;
static long bad_time[2] = { 0, 1000000000 };
static long long bad_time64[2] = { 0, 1000000000 };

static void prepare(void)
{
	t_put("f", "x", 1);
	rows_fds("f");
}

TEST(maps)
{
	static const struct row rows[] = {
		ROW(mmap, EFAULT, BAD),
		ROW(mmap, EINVAL, S(map_args)),
		ROW(mmap, EINVAL, S(map_no_type)),
		ROW(mmap2, EBADF, 0, 0, RW, MAP_PRIVATE, FD_CLOSED, 0),
		ROW(mmap2, EINVAL, 0, 0, RW, ANON, -1, 0),
		ROW(mmap2, ENOMEM, 0, -1, RW, ANON, -1, 0),
		ROW(mmap2, EOVERFLOW, 0, 2 * PG, RW, ANON, -1, -1),
		ROW(mmap2, EINVAL, 1, PG, RW, ANON | MAP_FIXED, -1, 0),
		ROW(mmap2, ENOMEM, TOP, PG, RW, ANON | MAP_FIXED, -1, 0),
		ROW(mmap2, EEXIST, S(page), PG, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0),
		ROW(mmap2, EINVAL, 0, PG, RW, MAP_ANONYMOUS, -1, 0),
		ROW(mmap2, EINVAL, 0, PG, RW, 0, FD_RW, 0),
		ROW(mmap2, EACCES, 0, PG, PROT_READ, MAP_PRIVATE, FD_WR, 0),
		ROW(mmap2, EACCES, 0, PG, PROT_READ, MAP_SHARED, FD_WR, 0),
		ROW(mmap2, EACCES, 0, PG, RW, MAP_SHARED, FD_RD, 0),
		ROW(mmap2, EACCES, 0, PG, PROT_READ, MAP_SHARED, FD_APPEND, 0),
		ROW(mmap2, EBADF, 0, PG, PROT_READ, MAP_PRIVATE, FD_PATH, 0),
		ROW(mmap2, ENODEV, 0, PG, PROT_READ, MAP_PRIVATE, FD_DIR, 0),
		ROW(mmap2, ENODEV, 0, PG, PROT_READ, MAP_PRIVATE, FD_PIPE_R, 0),
		ROW(mmap2, EACCES, 0, PG, PROT_READ, MAP_PRIVATE, FD_PIPE_W, 0),
		ROW(munmap, EINVAL, 1, PG),
		ROW(munmap, EINVAL, S(page), 0),
		ROW(munmap, EINVAL, TOP, PG),
		ROW(munmap, EINVAL, S(page), -1),
		ROW(munmap, 0, HOLE, PG),
		ROW(mprotect, EINVAL, 1, 0, RW),
		ROW(mprotect, EINVAL, S(page), PG, 0x10),
		ROW(mprotect, 0, S(page), 0, 0x10),
		ROW(mprotect, ENOMEM, HOLE, PG, RW),
		ROW(mprotect, ENOMEM, TOP, 2 * PG, 0x10),
		ROW(mprotect, EINVAL, S(page), PG, PROT_GROWSDOWN | PROT_GROWSUP),
		ROW(mprotect, EINVAL, S(page), PG, PROT_GROWSDOWN),
		ROW(mremap, EINVAL, 1, PG, PG, 0, 0),
		ROW(mremap, EINVAL, S(page), PG, PG, 0x100, 0),
		ROW(mremap, EINVAL, S(page), PG, 0, 0, 0),
		ROW(mremap, EINVAL, S(page), PG, PG, MREMAP_FIXED, HOLE),
		ROW(mremap, EINVAL, S(page), PG, PG, MREMAP_FIXED | MREMAP_MAYMOVE, 1),
		ROW(mremap, EINVAL, S(page), PG, PG, MREMAP_FIXED | MREMAP_MAYMOVE, S(page)),
		ROW(mremap, EFAULT, HOLE, PG, 2 * PG, MREMAP_MAYMOVE, 0),
		ROW(mremap, EINVAL, S(page), 0, PG, MREMAP_MAYMOVE, 0),
	};

	prepare();
	ROWS(rows);
}

TEST(advice)
{
	static const struct row rows[] = {
		ROW(madvise, EINVAL, 1, PG, 99),
		ROW(madvise, EINVAL, HOLE, PG, 99),
		ROW(madvise, EINVAL, HOLE, PG, -1),
		ROW(madvise, EINVAL, 1, PG, MADV_NORMAL),
		ROW(madvise, EINVAL, S(page), -1, MADV_NORMAL),
		ROW(madvise, ENOMEM, HOLE, PG, MADV_NORMAL),
		ROW(madvise, 0, HOLE, 0, MADV_NORMAL),
		ROW(madvise, ENOMEM, HOLE, PG, MADV_DONTNEED),
		ROW(madvise, EINVAL, S(page), PG, MADV_REMOVE),
		ROW(msync, EINVAL, S(page), PG, 8),
		ROW(msync, EINVAL, S(page), PG, MS_SYNC | MS_ASYNC),
		ROW(msync, EINVAL, 1, PG, MS_SYNC),
		ROW(msync, ENOMEM, HOLE, PG, MS_SYNC),
		ROW(msync, ENOMEM, HOLE, PG, MS_ASYNC),
		ROW(msync, ENOMEM, HOLE, PG, 0),
		ROW(msync, 0, HOLE, 0, MS_SYNC),
		ROW(msync, ENOMEM, TOP, 2 * PG, MS_SYNC),
		ROW(mincore, EINVAL, 1, PG, BAD),
		ROW(mincore, ENOMEM, HOLE, PG, BAD),
		ROW(mincore, EFAULT, S(page), PG, BAD),
		ROW(mincore, ENOMEM, S(page), -1, BAD),
		ROW(mincore, ENOMEM, TOP, PG, S(page)),
		ROW(mlock, ENOMEM, HOLE, PG),
		ROW(mlock, EINVAL, TOP, 2 * PG),
		ROW(mlock2, EINVAL, HOLE, PG, 2),
		ROW(mlock2, ENOMEM, HOLE, PG, 1),
		ROW(munlock, ENOMEM, HOLE, PG),
		ROW(munlock, EINVAL, TOP, 2 * PG),
		ROW(mlockall, EINVAL, 0),
		ROW(mlockall, EINVAL, 8),
		ROW(mlockall, EINVAL, 4),
		ROW(munlockall, 0),
	};

	ROWS(rows);
}

TEST(an_invalid_sync_of_locked_memory)
{
	static const struct row rows[] = { ROW(msync, EBUSY, S(page), PG, MS_INVALIDATE) };

	SYS(mlock(page, PG));
	ROWS(rows);
}

TEST(futexes)
{
	static const struct row rows[] = {
		ROW(futex, ENOSYS, BAD, 99, 0, 0, 0, 0),
		ROW(futex, EFAULT, HOLE, 0, 0, BAD, 0, 0),
		ROW(futex, EINVAL, HOLE, 0, 0, S(bad_time), 0, 0),
		ROW(futex, EINVAL, BAD, 0, 0, 0, 0, 0),
		ROW(futex, EFAULT, HOLE, 0, 0, 0, 0, 0),
		ROW(futex, EAGAIN, S(&word), 0, 1, 0, 0, 0),
		ROW(futex, EINVAL, S(&word), 9, 0, 0, 0, 0),
		ROW(futex, EINVAL, BAD, 1, 1, 0, 0, 0),
		ROW(futex_time64, ENOSYS, BAD, 99, 0, 0, 0, 0),
		ROW(futex_time64, EFAULT, HOLE, 0, 0, BAD, 0, 0),
		ROW(futex_time64, EINVAL, HOLE, 0, 0, S(bad_time64), 0, 0),
		ROW(futex_time64, EAGAIN, S(&word), 0, 1, 0, 0, 0),
	};

	ROWS(rows);
}

TEST(settings)
{
	static const struct row rows[] = {
		ROW(prctl, EINVAL, 0, 0, 0, 0, 0),
		ROW(prctl, EINVAL, 12345, 0, 0, 0, 0),
		ROW(prctl, EINVAL, PR_SET_PDEATHSIG, 65, 0, 0, 0),
		ROW(prctl, EFAULT, PR_GET_PDEATHSIG, BAD, 0, 0, 0),
		ROW(prctl, EFAULT, PR_SET_NAME, BAD, 0, 0, 0),
		ROW(prctl, EINVAL, PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0),
		ROW(set_thread_area, EFAULT, BAD),
		ROW(set_thread_area, EINVAL, S(desc)),
		ROW(set_thread_area, EINVAL, S(desc_16bit)),
		ROW(get_thread_area, EFAULT, BAD),
		ROW(get_thread_area, EINVAL, S(desc)),
		ROW(get_thread_area, EINVAL, S(desc_any)),
		ROW(get_thread_area, 0, S(desc_first)),
		ROW(set_tid_address, 0, BAD),
	};

	ROWS(rows);
}

/* Of the three entries the C library has one. */
TEST(entries_run_out)
{
	const unsigned any[4] = { -1, 0, 0xfffff, 0x51 };
	unsigned taken[4];

	for (int i = 0; i < 2; i++) {
		memcpy(taken, any, sizeof(any));
		CHECK_EQ(syscall(SYS_set_thread_area, taken), 0);
		CHECK(taken[0] >= 6 && taken[0] < 15);
	}
	memcpy(taken, any, sizeof(any));
	CHECK_ERR(syscall(SYS_set_thread_area, taken), ESRCH);
}

TEST(scheduling)
{
	enum { NO_PID = 32001 };
	static const int prio0 = 0, prio1 = 1;
	static const struct row rows[] = {
		ROW(sched_setparam, EINVAL, 0, 0),
		ROW(sched_setparam, EINVAL, -1, BAD),
		ROW(sched_setparam, EFAULT, NO_PID, BAD),
		ROW(sched_setparam, ESRCH, NO_PID, S(&prio1)),
		ROW(sched_setparam, EINVAL, 0, S(&prio1)),
		ROW(sched_getparam, EINVAL, 0, 0),
		ROW(sched_getparam, EINVAL, -1, BAD),
		ROW(sched_getparam, ESRCH, NO_PID, BAD),
		ROW(sched_getparam, EFAULT, 0, BAD),
		ROW(sched_setscheduler, EINVAL, NO_PID, -1, BAD),
		ROW(sched_setscheduler, EINVAL, NO_PID, 0, 0),
		ROW(sched_setscheduler, EFAULT, NO_PID, 99, BAD),
		ROW(sched_setscheduler, ESRCH, NO_PID, 99, S(&prio0)),
		ROW(sched_setscheduler, EINVAL, 0, 99, S(&prio0)),
		ROW(sched_getscheduler, EINVAL, -1),
		ROW(sched_getscheduler, ESRCH, NO_PID),
		ROW(sched_get_priority_max, EINVAL, 99),
		ROW(sched_get_priority_min, EINVAL, -1),
		ROW(sched_rr_get_interval, EINVAL, -1, BAD),
		ROW(sched_rr_get_interval, ESRCH, NO_PID, BAD),
		ROW(sched_rr_get_interval, EFAULT, 0, BAD),
		ROW(sched_setaffinity, EFAULT, NO_PID, 4, BAD),
		ROW(sched_setaffinity, ESRCH, NO_PID, 0, BAD),
		ROW(sched_setaffinity, EINVAL, 0, 0, BAD),
		ROW(sched_getaffinity, EINVAL, NO_PID, 3, BAD),
		ROW(sched_getaffinity, ESRCH, NO_PID, 128, BAD),
		ROW(sched_getaffinity, EFAULT, 0, 128, BAD),
	};

	ROWS(rows);
}

T_NO_HOOK
