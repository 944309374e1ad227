/* SPDX-License-Identifier: MIT */
/*
 * The errors of the calls on signals, timers, clocks and sleeps, and their
 * order.
 *
 * Source: sigaction(2), sigprocmask(2), sigaltstack(2), sigwaitinfo(2),
 * timer_create(2), clock_getres(2), nanosleep(2) and the pages that these name.
 */
#include "t_rows.h"
#include <sched.h>
#include <sys/time.h>

#define USER 4321
#define NO_PID 32001
/* A CPU-time clock of a process, of a thread. Source: linux/posix-timers.h. */
#define CLOCK_OF(pid) (-8 * (1 + (pid)) + 2)
#define CLOCK_OF_THREAD(tid) (-8 * (1 + (tid)) + 6)

static char buf[512];
static long zeros[32], bad_time[4] = { 0, 1000000000, 0, 0 }, negative_time[4] = { -1, 0, 0, 0 };
static long bad_second[4] = { 0, 0, 0, 1000000000 };
static long long bad_time64[4] = { 0, 1000000000 }, negative_time64[4] = { -1, 0 };
static long long bad_second64[4] = { 0, 0, 0, 1000000000 };
static long bad_timeval[4] = { 0, 1000000 }, bad_timeval2[4] = { 0, 0, 0, 1000000 };
static int zone[2] = { 901, 0 };
static long set_of_1[2] = { 1, 0 };
static long stack_small[3], stack_flags[3] = { 0, 8, 8192 }, stack_off[3] = { 0, SS_DISABLE, 0 };
static int event_how[16] = { 0, SIGUSR1, 9 }, event_signal[16] = { 0, 99, SIGEV_SIGNAL };
static int event_thread[16] = { 0, SIGUSR1, 4, NO_PID }, event_none[16] = { 0, 99, SIGEV_NONE };
static timer_t timer;

static void become_user(void)
{
	SYS(setgid(USER));
	SYS(setuid(USER));
}

TEST(actions)
{
	static const struct row rows[] = {
		ROW(rt_sigaction, EINVAL, 99, BAD, BAD, 4),
		ROW(rt_sigaction, EINVAL, SIGUSR1, BAD, BAD, 128),
		ROW(rt_sigaction, EFAULT, 99, BAD, BAD, 8),
		ROW(rt_sigaction, EFAULT, SIGKILL, BAD, BAD, 8),
		ROW(rt_sigaction, EINVAL, 0, 0, BAD, 8),
		ROW(rt_sigaction, EINVAL, 65, S(zeros), BAD, 8),
		ROW(rt_sigaction, EINVAL, SIGKILL, S(zeros), BAD, 8),
		ROW(rt_sigaction, EINVAL, SIGSTOP, S(zeros), 0, 8),
		ROW(rt_sigaction, EFAULT, SIGKILL, 0, BAD, 8),
		ROW(rt_sigaction, 0, SIGKILL, 0, S(buf), 8),
		ROW(rt_sigaction, EFAULT, SIGUSR1, S(zeros), BAD, 8),
		ROW(sigaction, EFAULT, 99, BAD, BAD),
		ROW(sigaction, EINVAL, 99, S(zeros), BAD),
		ROW(sigaction, EINVAL, 0, 0, 0),
		ROW(sigaction, EFAULT, SIGKILL, BAD, 0),
		ROW(sigaction, EINVAL, SIGKILL, S(zeros), 0),
		ROW(sigaction, EFAULT, SIGUSR1, 0, BAD),
		ROW(signal, EINVAL, 0, 0),
		ROW(signal, EINVAL, 65, 0),
		ROW(signal, EINVAL, SIGKILL, 0),
		ROW(signal, EINVAL, SIGSTOP, 1),
	};

	ROWS(rows);
}

TEST(masks)
{
	static const struct row rows[] = {
		ROW(rt_sigprocmask, EINVAL, 9, BAD, BAD, 4),
		ROW(rt_sigprocmask, EFAULT, 9, BAD, BAD, 8),
		ROW(rt_sigprocmask, EINVAL, 9, S(zeros), BAD, 8),
		ROW(rt_sigprocmask, EINVAL, -1, S(zeros), BAD, 8),
		ROW(rt_sigprocmask, EFAULT, 9, 0, BAD, 8),
		ROW(rt_sigprocmask, 0, 9, 0, 0, 8),
		ROW(sigprocmask, EFAULT, 9, BAD, BAD),
		ROW(sigprocmask, EINVAL, 9, S(zeros), BAD),
		ROW(sigprocmask, EFAULT, 9, 0, BAD),
		ROW(rt_sigpending, EINVAL, BAD, 9),
		ROW(rt_sigpending, EFAULT, BAD, 8),
		ROW(rt_sigpending, EFAULT, BAD, 1),
		ROW(rt_sigpending, 0, BAD, 0),
		ROW(rt_sigsuspend, EINVAL, BAD, 4),
		ROW(rt_sigsuspend, EFAULT, BAD, 8),
		ROW(rt_sigtimedwait, EINVAL, BAD, 0, BAD, 4),
		ROW(rt_sigtimedwait, EFAULT, BAD, 0, S(bad_time), 8),
		ROW(rt_sigtimedwait, EFAULT, S(set_of_1), BAD, BAD, 8),
		ROW(rt_sigtimedwait, EINVAL, S(set_of_1), BAD, S(bad_time), 8),
		ROW(rt_sigtimedwait, EINVAL, S(set_of_1), BAD, S(negative_time), 8),
		ROW(rt_sigtimedwait, EAGAIN, S(set_of_1), BAD, S(zeros), 8),
		ROW(rt_sigtimedwait_time64, EINVAL, BAD, 0, BAD, 16),
		ROW(rt_sigtimedwait_time64, EFAULT, S(set_of_1), 0, BAD, 8),
		ROW(rt_sigtimedwait_time64, EINVAL, S(set_of_1), BAD, S(bad_time64), 8),
		ROW(rt_sigtimedwait_time64, EAGAIN, S(set_of_1), BAD, S(zeros), 8),
		ROW(sigaltstack, EFAULT, BAD, BAD),
		ROW(sigaltstack, EINVAL, S(stack_flags), BAD),
		ROW(sigaltstack, ENOMEM, S(stack_small), BAD),
		ROW(sigaltstack, EFAULT, S(stack_off), BAD),
		ROW(sigaltstack, EFAULT, 0, BAD),
		ROW(sigaltstack, 0, 0, 0),
	};

	stack_small[0] = stack_flags[0] = (long)buf;
	stack_small[2] = 100;
	ROWS(rows);
}

static int inside[3];

static void on_the_stack(int sig)
{
	errno = 0;
	inside[0] = syscall(SYS_sigaltstack, stack_flags, NULL) < 0 ? errno : 0;
	inside[1] = syscall(SYS_sigaltstack, BAD, NULL) < 0 ? errno : 0;
	inside[2] = syscall(SYS_sigaltstack, stack_off, NULL) < 0 ? errno : 0;
}

TEST(the_stack_in_use)
{
	static char stack[32768];
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = { .sa_handler = on_the_stack, .sa_flags = SA_ONSTACK };

	SYS(sigaltstack(&ss, NULL));
	SYS(sigaction(SIGUSR1, &sa, NULL));
	SYS(raise(SIGUSR1));
	CHECK_EQ(inside[0], EPERM);
	CHECK_EQ(inside[1], EFAULT);
	CHECK_EQ(inside[2], EPERM);
}

TEST(timers)
{
	static const struct row rows[] = {
		ROW(timer_create, EFAULT, 99, BAD, BAD),
		ROW(timer_create, EINVAL, 99, S(event_how), BAD),
		ROW(timer_create, EINVAL, 99, 0, BAD),
		ROW(timer_create, EOPNOTSUPP, CLOCK_MONOTONIC_RAW, S(event_how), BAD),
		ROW(timer_create, EOPNOTSUPP, CLOCK_REALTIME_COARSE, 0, BAD),
		ROW(timer_create, EINVAL, CLOCK_REALTIME, S(event_how), BAD),
		ROW(timer_create, EINVAL, CLOCK_REALTIME, S(event_signal), BAD),
		ROW(timer_create, EINVAL, CLOCK_REALTIME, S(event_thread), BAD),
		ROW(timer_create, EFAULT, CLOCK_REALTIME, S(event_none), BAD),
		ROW(timer_create, EFAULT, CLOCK_REALTIME, 0, BAD),
		ROW(timer_create, EINVAL, CLOCK_OF(NO_PID), 0, S(buf)),
		ROW(timer_create, EINVAL, CLOCK_OF_THREAD(1), 0, S(buf)),
		ROW(timer_create, 0, CLOCK_OF(0), 0, S(buf)),
		ROW(timer_settime, EINVAL, 99, 0, 0, BAD),
		ROW(timer_settime, EFAULT, 99, 0, BAD, BAD),
		ROW(timer_settime, EINVAL, 99, 0, S(bad_time), BAD),
		ROW(timer_settime, EINVAL, 99, 0, S(zeros), BAD),
		ROW(timer_settime, EINVAL, 0, 0, S(bad_time), BAD),
		ROW(timer_settime, EINVAL, 0, 0, S(bad_second), BAD),
		ROW(timer_settime, EINVAL, 0, 0, S(negative_time), BAD),
		ROW(timer_settime, EFAULT, 0, 0, S(zeros), BAD),
		ROW(timer_settime, 0, 0, -1, S(zeros), 0),
		ROW(timer_settime64, EINVAL, 99, 0, 0, BAD),
		ROW(timer_settime64, EFAULT, 99, 0, BAD, BAD),
		ROW(timer_settime64, EINVAL, 0, 0, S(bad_second64), BAD),
		ROW(timer_settime64, EFAULT, 0, 0, S(zeros), BAD),
		ROW(timer_gettime, EINVAL, 99, BAD),
		ROW(timer_gettime, EFAULT, 0, BAD),
		ROW(timer_gettime64, EINVAL, -1, BAD),
		ROW(timer_gettime64, EFAULT, 0, BAD),
		ROW(timer_getoverrun, EINVAL, 99),
		ROW(timer_delete, EINVAL, 99),
		ROW(setitimer, EFAULT, 99, BAD, BAD),
		ROW(setitimer, EINVAL, 99, S(bad_timeval), BAD),
		ROW(setitimer, EINVAL, 99, S(zeros), BAD),
		ROW(setitimer, EINVAL, 99, 0, BAD),
		ROW(setitimer, EINVAL, 0, S(bad_timeval), BAD),
		ROW(setitimer, EINVAL, 0, S(bad_timeval2), BAD),
		ROW(setitimer, EINVAL, 0, S(negative_time), BAD),
		ROW(setitimer, EFAULT, 0, S(zeros), BAD),
		ROW(getitimer, EINVAL, 99, BAD),
		ROW(getitimer, EINVAL, -1, BAD),
		ROW(getitimer, EFAULT, 0, BAD),
	};

	CHECK_EQ(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &timer), 0);
	ROWS(rows);
}

TEST_ROOT(clocks)
{
	static const struct row rows[] = {
		ROW(clock_gettime, EINVAL, 99, BAD),
		ROW(clock_gettime, EFAULT, CLOCK_REALTIME, BAD),
		ROW(clock_gettime, EINVAL, CLOCK_OF(NO_PID), BAD),
		ROW(clock_gettime64, EINVAL, 99, BAD),
		ROW(clock_gettime64, EFAULT, CLOCK_MONOTONIC, BAD),
		ROW(clock_getres, EINVAL, 99, BAD),
		ROW(clock_getres, EINVAL, CLOCK_OF(NO_PID), 0),
		ROW(clock_getres, EFAULT, CLOCK_REALTIME, BAD),
		ROW(clock_getres, 0, CLOCK_REALTIME, 0),
		ROW(clock_getres_time64, EINVAL, 99, 0),
		ROW(clock_getres_time64, EFAULT, CLOCK_REALTIME, BAD),
		ROW(clock_settime, EINVAL, 99, BAD),
		ROW(clock_settime, EINVAL, CLOCK_MONOTONIC, BAD),
		ROW(clock_settime, EFAULT, CLOCK_REALTIME, BAD),
		ROW(clock_settime, EINVAL, CLOCK_REALTIME, S(bad_time)),
		ROW(clock_settime, EINVAL, CLOCK_REALTIME, S(negative_time)),
		ROW(clock_settime, EINVAL, CLOCK_PROCESS_CPUTIME_ID, BAD),
		ROW(clock_settime, EFAULT, CLOCK_OF(0), BAD),
		ROW(clock_settime, EPERM, CLOCK_OF(0), S(zeros)),
		ROW(clock_settime64, EINVAL, CLOCK_BOOTTIME, BAD),
		ROW(clock_settime64, EFAULT, CLOCK_REALTIME, BAD),
		ROW(clock_settime64, EINVAL, CLOCK_REALTIME, S(bad_time64)),
		ROW(clock_nanosleep, EINVAL, 99, 0, BAD, BAD),
		ROW(clock_nanosleep, EOPNOTSUPP, CLOCK_MONOTONIC_RAW, 0, BAD, BAD),
		ROW(clock_nanosleep, EOPNOTSUPP, CLOCK_REALTIME_COARSE, 0, BAD, BAD),
		ROW(clock_nanosleep, EOPNOTSUPP, CLOCK_THREAD_CPUTIME_ID, 0, BAD, BAD),
		ROW(clock_nanosleep, EFAULT, CLOCK_REALTIME, 0, BAD, BAD),
		ROW(clock_nanosleep, EINVAL, CLOCK_REALTIME, 0, S(bad_time), BAD),
		ROW(clock_nanosleep, EINVAL, CLOCK_REALTIME, 0, S(negative_time), BAD),
		ROW(clock_nanosleep, EINVAL, CLOCK_OF(NO_PID), 0, S(zeros), BAD),
		ROW(clock_nanosleep, EFAULT, CLOCK_OF(NO_PID), 0, BAD, BAD),
		ROW(clock_nanosleep, 0, CLOCK_REALTIME, 0, S(zeros), BAD),
		ROW(clock_nanosleep, 0, CLOCK_REALTIME, TIMER_ABSTIME, S(zeros), BAD),
		ROW(clock_nanosleep_time64, EINVAL, 99, 0, BAD, BAD),
		ROW(clock_nanosleep_time64, EFAULT, CLOCK_REALTIME, 0, BAD, BAD),
		ROW(clock_nanosleep_time64, EINVAL, CLOCK_REALTIME, 0, S(negative_time64), BAD),
		ROW(nanosleep, EFAULT, BAD, BAD),
		ROW(nanosleep, EINVAL, S(bad_time), BAD),
		ROW(nanosleep, EINVAL, S(negative_time), BAD),
		ROW(nanosleep, 0, S(zeros), BAD),
		ROW(time, EFAULT, BAD),
		ROW(stime, EFAULT, BAD),
		ROW(gettimeofday, EFAULT, BAD, 0),
		ROW(gettimeofday, EFAULT, 0, BAD),
		ROW(gettimeofday, 0, 0, 0),
		ROW(settimeofday, EFAULT, BAD, BAD),
		ROW(settimeofday, EFAULT, S(zeros), BAD),
		ROW(settimeofday, EFAULT, 0, BAD),
		ROW(settimeofday, EINVAL, S(bad_timeval), BAD),
		ROW(settimeofday, EINVAL, S(negative_time), 0),
		ROW(settimeofday, EINVAL, 0, S(zone)),
		ROW(settimeofday, 0, 0, 0),
		ROW(utimensat_time64, EFAULT, AT_FDCWD, S("none"), BAD, 0),
		ROW(utimensat_time64, ENOENT, AT_FDCWD, S("none"), S(bad_time64), 0),
		ROW(utimensat_time64, EINVAL, AT_FDCWD, S("."), S(bad_time64), 0),
		ROW(utimensat_time64, EINVAL, AT_FDCWD, S("."), 0, 1),
	};

	ROWS(rows);
}

TEST_ROOT(clocks_of_a_user)
{
	static const struct row rows[] = {
		ROW(clock_settime, EPERM, CLOCK_REALTIME, S(zeros)),
		ROW(clock_settime, EINVAL, CLOCK_REALTIME, S(bad_time)),
		ROW(clock_settime64, EPERM, CLOCK_REALTIME, S(zeros)),
		ROW(settimeofday, EPERM, S(zeros), 0),
		ROW(settimeofday, EINVAL, S(bad_timeval), 0),
		ROW(settimeofday, EFAULT, 0, BAD),
		ROW(settimeofday, EPERM, 0, S(zone)),
		ROW(settimeofday, EPERM, 0, 0),
		ROW(stime, EPERM, S(zeros)),
		ROW(stime, EFAULT, BAD),
		ROW(time, 0, 0),
	};

	become_user();
	ROWS(rows);
}

T_NO_HOOK
