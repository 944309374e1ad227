/* SPDX-License-Identifier: MIT */
/*
 * The limits of a library: what it cannot see or cannot make again. It says so
 * in one line, and makes no checkpoint that would come back different. And what
 * it can keep of signals: handlers, masks, the alternate stack.
 */
#include "lc.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* There is one in a program that is linked with threads. */
extern int pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *)
	__attribute__((weak));

/* Of the process, as /proc tells; 1 where there is no /proc. */
static int threads(void)
{
	char text[512], *p;
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC), n, field;

	n = fd < 0 ? -1 : (int)read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return 1;
	text[n] = '\0';
	p = strrchr(text, ')'); /* the second field, which may have spaces */
	for (field = 2; p && field < 20; field++)
		p = strchr(p + 1, ' ');
	return p ? atoi(p) : 1;
}

/* musl's list of threads, whose links stand before the id, has the caller alone. */
static bool is_alone(void)
{
	return lc.tid_offset && *(uint32_t *)(lc.tls_base + 12) == lc.tls_base;
}

/*
 * Threads of the program. A thread that pthread_join() has waited for, or that
 * is detached and has left the list, may be in the kernel still: its last steps
 * wait for nothing, so its end is waited for.
 */
static int threads_that_run(void)
{
	int n = threads();

	while (n > 1 && is_alone()) {
		sched_yield();
		n = threads();
	}
	return n;
}

static int refuse_signals(void)
{
	uint32_t pending[2] = { 0, 0 };

	lc_call3(SYS_rt_sigpending, (long)pending, 8, 0);
	/* The library's own alarm may come again after recovery. */
	if (lc.opt.o_maxtime)
		pending[0] &= ~(1u << (SIGALRM - 1));
	for (int i = 0; i < LC_SIGNALS; i++) {
		if (pending[i / 32] & (1u << (i % 32)))
			return lc_say("not saved: signal %d is pending, which a program cannot give to itself again",
				      i + 1);
	}
	return 0;
}

static int refuse_timers(void)
{
	static const int which[] = { ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF };
	struct itimerval t;

	for (int i = lc.opt.o_maxtime ? 1 : 0; i < 3; i++) {
		if (getitimer(which[i], &t) == 0 && (t.it_value.tv_sec || t.it_value.tv_usec))
			return lc_say("not saved: an interval timer runs");
	}
	return lc.g_timers > 0 ? lc_say("not saved: it has POSIX timers") : 0;
}

/*
 * Children that have ended, and are not waited for, count too. The forked
 * writer does not: it tells of its end by no signal.
 */
static int refuse_children(void)
{
	siginfo_t info;

	if (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WCONTINUED | WNOHANG | WNOWAIT) == 0)
		return lc_say("not saved: it has children, and a program cannot save other programs");
	return 0;
}

static int refuse_memory(void)
{
	if (!lc.ready)
		return lc_say("not saved: it has had more than %d segments of memory", LC_SEGS);
	if (lc.g_segments)
		return lc_say("not saved: it has attached shared memory");
	for (int i = 0; i < lc.nsegs; i++) {
		if (lc.segs[i].s_shared)
			return lc_say("not saved: the memory at 0x%x is mapped shared", lc.segs[i].s_start);
	}
	return 0;
}

/*
 * A line of /proc/self/maps: memory that can be written, and that is in no
 * list?
 */
static bool is_unseen(const char *line)
{
	char write;
	unsigned start;

	return sscanf(line, "%x-%*x %*c%c", &start, &write) == 2 && write == 'w' &&
	       !lc_seg_find(start) && !strstr(line, "[stack]");
}

/*
 * Threads that have ended may have mapped memory, or given back their own
 * stacks, past the gate.
 */
static int refuse_unseen_memory(void)
{
	char line[512];
	FILE *f = fopen("/proc/self/maps", "re");
	bool unseen = false;

	while (f && !unseen && fgets(line, sizeof(line), f))
		unseen = is_unseen(line);
	if (f)
		fclose(f);
	if (unseen)
		return lc_say("not saved: a thread has mapped memory at 0x%.8s", line);
	for (int i = lc.nsegs - 1; i >= 0; i--) {
		const struct lc_seg s = lc.segs[i];

		if (lc_call3(SYS_msync, (long)s.s_start, (long)(s.s_end - s.s_start), MS_ASYNC) == -ENOMEM)
			lc_seg_remove(s.s_start, s.s_end);
	}
	return 0;
}

int lc_refuse(void)
{
	int n = threads_that_run();

	if (getpid() != lc.pid)
		return lc_say("not saved: this is a child of the program that has the library's lists");
	if (n > 1)
		return lc_say("not saved: it has %d threads, and the library can save the registers of one", n);
	if (&pthread_create && refuse_unseen_memory() != 0)
		return -1;
	if (refuse_signals() || refuse_timers() || refuse_children() || refuse_memory())
		return -1;
	return lc_files_save();
}

void lc_signals_save(void)
{
	for (int i = 0; i < LC_SIGNALS; i++)
		lc_call5(SYS_rt_sigaction, i + 1, 0, (long)&lc.actions[i], 8, 0);
	lc_call3(SYS_sigaltstack, 0, (long)&lc.altstack, 0);
}

void lc_signals_restore(void)
{
	for (int i = 0; i < LC_SIGNALS; i++)
		lc_call5(SYS_rt_sigaction, i + 1, (long)&lc.actions[i], 0, 8, 0);
	if (!(lc.altstack.ss_flags & SS_ONSTACK))
		lc_call3(SYS_sigaltstack, (long)&lc.altstack, 0, 0);
}
