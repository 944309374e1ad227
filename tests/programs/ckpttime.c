/* SPDX-License-Identifier: MIT */
/* Checkpoints and what happens by itself: timers, clocks, signals on their way, and lives that are about to end. */
#include "t.h"
#include <pthread.h>
#include <reprise/ckpt.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>

#define MS 1000000ll

static volatile sig_atomic_t hits;

static void on_signal(int sig)
{
	hits++;
}

static void block(sigset_t *set, int sig)
{
	sigemptyset(set);
	sigaddset(set, sig);
	SYS(sigprocmask(SIG_BLOCK, set, NULL));
}

/* In a child of the case: saves itself under the name "x", and ends; returns in the recovered process. */
static void save(void)
{
	int r = ckpt("x", 0);

	if (r == 0)
		_exit(0);
	CHECK_EQ(r, 1);
}

/* The same with its child, which ends too. */
static void save_with(pid_t child)
{
	int r = ckpt("x", CKPT_TREE);

	if (r == 0) {
		kill(child, SIGKILL);
		_exit(0);
	}
	CHECK_EQ(r, 1);
}

/* What a child that saves itself has come back to do. */
static void saved_and_back(pid_t pid, unsigned flags)
{
	t_join(pid);
	t_join(SYS(recover("x", flags)));
	SYS(unlink("x_ckpt"));
}

/* Memory that it takes a while to read back. */
static void fill(size_t mib)
{
	unsigned *p = mmap(NULL, mib << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	for (size_t i = 0; i < mib << 18; i += 1024)
		p[i] = i + 1;
}

static void *shared_page(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

static void until_hit(int ms)
{
	long long end = t_now_ns() + ms * MS;

	while (!hits && t_now_ns() < end) {
		struct timespec ts = { 0, MS };

		nanosleep(&ts, NULL);
	}
}

/* A timer is not over before there is somebody for its signal. */
TEST(one_shot_timer_of_thread)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR2 };
		struct itimerspec it = { .it_value.tv_nsec = 15 * MS };
		timer_t t;

		signal(SIGUSR2, on_signal);
		ev.sigev_notify_thread_id = syscall(SYS_gettid);
		SYS(timer_create(CLOCK_MONOTONIC, &ev, &t));
		fill(48);
		SYS(timer_settime(t, 0, &it, NULL));
		save();
		until_hit(5000);
		CHECK_EQ(hits, 1);
		_exit(0);
	}
	saved_and_back(pid, 0);
}

/* CPU time of the process in us: in user mode, or altogether. */
static long cpu_us(int which)
{
	struct rusage ru;
	long user;

	SYS(getrusage(RUSAGE_SELF, &ru));
	user = ru.ru_utime.tv_sec * 1000000L + ru.ru_utime.tv_usec;
	return which == ITIMER_VIRTUAL ? user : user + ru.ru_stime.tv_sec * 1000000L + ru.ru_stime.tv_usec;
}

static void *burn_and_wait(void *done)
{
	while (cpu_us(ITIMER_PROF) < 400000)
		;
	*(atomic_int *)done = 1;
	for (;;)
		pause();
	return NULL;
}

#define CPU_TIMER_US 20000000L
#define CPU_SLACK_US 30000L /* three ticks */

/* Has the timer run for as long as the process used the CPU, since that was `before` and `after`? */
static void check_left(int which, long before, long after)
{
	long least = cpu_us(which) - after, gone;
	struct itimerval left;

	SYS(getitimer(which, &left));
	gone = CPU_TIMER_US - (left.it_value.tv_sec * 1000000L + left.it_value.tv_usec);
	CHECK(gone >= least - CPU_SLACK_US && gone <= cpu_us(which) - before + CPU_SLACK_US);
}

/*
 * CPU time that other threads had used before a timer was set is not counted by the timer when the process is restored.
 * Compared are the process's own clocks, for the save takes as much of them as the host lets it.
 */
TEST(cpu_timer_and_threads)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		static const int timers[] = { ITIMER_VIRTUAL, ITIMER_PROF };
		struct itimerval it = { .it_value.tv_sec = CPU_TIMER_US / 1000000 };
		long before[2], after[2];
		static atomic_int done;
		pthread_t t;

		fill(24);
		CHECK_EQ(pthread_create(&t, NULL, burn_and_wait, &done), 0);
		while (!done)
			sched_yield();
		for (int i = 0; i < 2; i++) {
			before[i] = cpu_us(timers[i]);
			SYS(setitimer(timers[i], &it, NULL));
			after[i] = cpu_us(timers[i]);
		}
		save();
		for (int i = 0; i < 2; i++)
			check_left(timers[i], before[i], after[i]);
		_exit(0); /* A timer that fired would have ended the process. */
	}
	saved_and_back(pid, 0);
}

/* All processes of an image have one clock, however long it took to build each. */
TEST(one_clock_for_all)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		_Atomic long long *told = shared_page();
		long long now;
		pid_t child = t_fork();

		if (child == 0) {
			fill(24);
			for (;;)
				*told = t_now_ns();
		}
		while (!*told)
			sched_yield();
		save_with(child);
		*told = 0;
		for (int i = 0; i < 200; i++) {
			now = *told;
			CHECK(now <= t_now_ns());
			sched_yield();
		}
		while (!*told)
			sched_yield();
		SYS(kill(child, SIGKILL));
		CHECK_EQ(t_wait(child), SIGKILL);
		_exit(0);
	}
	saved_and_back(pid, 0);
}

/* times() tells of the process's own clock, which stood still while it was not there. */
TEST(times_stands_still)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		struct tms tms;
		long long mono = t_now_ns();
		clock_t began = times(&tms);

		save();
		long ms = (t_now_ns() - mono) / MS, ticks = times(&tms) - began;

		CHECK(ticks * 10 <= ms + 1000 && ticks * 10 >= ms - 1000);
		_exit(0);
	}
	t_join(pid);
	sleep(3); /* time that is not the process's own: what is measured */
	t_join(SYS(recover("x", 0)));
}

/* A timer that becomes due while its process is being saved is in the image, as a signal or as a timer. */
static _Atomic int *beats;
static timer_t beating;

static void beat(int sig)
{
	struct itimerspec it = { .it_value.tv_nsec = 700000 };

	++*beats;
	timer_settime(beating, 0, &it, NULL);
}

static void *idle(void *arg)
{
	for (;;)
		pause();
	return NULL;
}

TEST(timer_due_while_saved)
{
	int fd = SYS(open("beats", O_RDWR | O_CREAT | O_TRUNC, 0600));
	pid_t pid;

	SYS(ftruncate(fd, 4096));
	beats = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(beats != MAP_FAILED);
	pid = t_fork();
	if (pid == 0) {
		struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGALRM };
		pthread_t t;

		/* The others are looked at between its signals and its timers. */
		for (int i = 0; i < 60; i++)
			CHECK_EQ(pthread_create(&t, NULL, idle, NULL), 0);
		signal(SIGALRM, beat);
		ev.sigev_notify_thread_id = syscall(SYS_gettid);
		SYS(timer_create(CLOCK_MONOTONIC, &ev, &beating));
		raise(SIGALRM);
		for (;;)
			pause();
	}
	while (*beats < 10)
		sched_yield();
	for (int i = 0; i < 40; i++) {
		int was;

		SYS(tckpt(pid, "x", CKPT_WAIT));
		SYS(kill(pid, SIGKILL));
		CHECK_EQ(t_wait(pid), SIGKILL);
		was = *beats;
		/* It has written to the mapped file since. */
		pid = SYS(recover("x", RECOVER_CHANGED));
		/* If the timer is lost, the runner ends the program. */
		while (*beats < was + 3)
			sched_yield();
	}
	SYS(kill(pid, SIGKILL));
	CHECK_EQ(t_wait(pid), SIGKILL);
	SYS(munmap((void *)beats, 4096));
	SYS(close(fd));
}

/* Nor one that becomes due while its process is brought back in place, at every call. */
static _Atomic int rounds;

static void again(int sig)
{
	struct itimerspec it = { .it_value.tv_nsec = 300000 };

	rounds++;
	timer_settime(beating, 0, &it, NULL);
}

TEST(timer_due_in_place)
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGALRM };
	unsigned n = 2, none = 0;

	signal(SIGALRM, again);
	ev.sigev_notify_thread_id = syscall(SYS_gettid);
	SYS(timer_create(CLOCK_MONOTONIC, &ev, &beating));
	SYS(ckptctl(CKPTCTL_EVERY, 0, &n));
	raise(SIGALRM);
	while (rounds < 40)
		getppid();
	SYS(ckptctl(CKPTCTL_EVERY, 0, &none));
	SYS(timer_delete(beating));
}

/* An image that is executed has its pending signals, and its queue has room for more. */
TEST(pending_in_executed_image)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		siginfo_t si;
		sigset_t set;

		block(&set, SIGUSR1);
		sigaddset(&set, SIGRTMIN);
		SYS(sigprocmask(SIG_BLOCK, &set, NULL));
		SYS(kill(getpid(), SIGUSR1));
		save();
		CHECK_EQ(sigwaitinfo(&set, &si), SIGUSR1);
		CHECK_EQ(si.si_pid, getpid());
		for (int i = 0; i < 3; i++) {
			SYS(sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 70 + i }));
			CHECK_EQ(sigwaitinfo(&set, &si), SIGRTMIN);
			CHECK_EQ(si.si_value.sival_int, 70 + i);
			CHECK_EQ(si.si_pid, getpid());
		}
		_exit(0);
	}
	t_join(pid);
	SYS(chmod("x_ckpt", 0700));
	pid = t_fork();
	if (pid == 0) {
		execl("x_ckpt", "x", (char *)NULL);
		_exit(9);
	}
	t_join(pid);
}

/* A signal that waits tells of its sender by the id that the process knows, in whichever life it arrived. */
TEST(senders_of_what_is_pending)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		siginfo_t si;
		sigset_t set;
		pid_t child, helper;

		block(&set, SIGCHLD);
		sigaddset(&set, SIGUSR1);
		SYS(sigprocmask(SIG_BLOCK, &set, NULL));
		child = t_fork();
		if (child == 0) {
			SYS(sigprocmask(SIG_UNBLOCK, &set, NULL));
			for (;;)
				pause();
		}
		save_with(child);
		/* Under other ids than before. */
		SYS(kill(child, SIGKILL));
		helper = t_fork();
		if (helper == 0) {
			SYS(sigqueue(getppid(), SIGUSR1, (union sigval){ .sival_int = 5 }));
			for (;;)
				pause();
		}
		t_await_state(helper, "S");
		t_await_state(child, "Z");
		save_with(helper);
		CHECK_EQ(sigwaitinfo(&set, &si), SIGUSR1);
		CHECK_EQ(si.si_pid, helper);
		CHECK_EQ(sigwaitinfo(&set, &si), SIGCHLD);
		CHECK_EQ(si.si_pid, child);
		CHECK_EQ(t_wait(child), SIGKILL);
		SYS(kill(helper, SIGKILL));
		CHECK_EQ(t_wait(helper), SIGKILL);
		_exit(0);
	}
	t_join(pid);
	t_join(SYS(recover("x", RECOVER_NEWPID)));
	t_join(SYS(recover("x", 0)));
}

/* A child goes on, and its parent has not heard of it yet. */
TEST(continuation_not_told)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		struct timespec limit = { 20, 0 };
		sigset_t set;
		siginfo_t si;
		cpu_set_t one;
		pid_t child;
		int st;

		CPU_ZERO(&one);
		CPU_SET(0, &one);
		SYS(sched_setaffinity(0, sizeof(one), &one));
		block(&set, SIGCHLD);
		child = t_fork();
		if (child == 0) {
			nice(19);
			for (;;)
				pause();
		}
		t_await_state(child, "S");
		SYS(kill(child, SIGSTOP));
		CHECK_EQ(waitpid(child, &st, WUNTRACED), child);
		CHECK_EQ(sigwaitinfo(&set, &si), SIGCHLD);
		SYS(kill(child, SIGCONT));
		save_with(child);
		CHECK_EQ(sigtimedwait(&set, &si, &limit), SIGCHLD);
		CHECK_EQ(si.si_code, CLD_CONTINUED);
		CHECK_EQ(si.si_pid, child);
		SYS(kill(child, SIGKILL));
		CHECK_EQ(t_wait(child), SIGKILL);
		_exit(0);
	}
	saved_and_back(pid, 0);
}

/* exit(2) returns in no life: a thread, or a process, that is on its way out is not in an image. */
static _Atomic int *came_back;

static int leave(void *arg)
{
	syscall(SYS_exit, 0);
	*came_back = 1;
	return pause();
}

/* One thread after the other, on the same stack. */
static void *make_leavers(void *arg)
{
	static const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
				 CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
	char *stack = SYS((char *)mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	volatile pid_t tid;

	for (;;) {
		CHECK(clone(leave, stack + 16384, flags, NULL, &tid, NULL, &tid) > 0);
		while (tid)
			sched_yield();
	}
	return NULL;
}

TEST(exit_does_not_return)
{
	int fd = SYS(open("back", O_RDWR | O_CREAT | O_TRUNC, 0600));
	pid_t pid;

	SYS(ftruncate(fd, 4096));
	came_back = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(came_back != MAP_FAILED);
	pid = t_fork();
	if (pid == 0) {
		pthread_t t;

		for (int k = 0; k < 3; k++)
			CHECK_EQ(pthread_create(&t, NULL, make_leavers, NULL), 0);
		for (;;)
			pause();
	}
	for (int i = 0; i < 100; i++) {
		SYS(tckpt(pid, "x", CKPT_WAIT));
		SYS(kill(pid, SIGKILL));
		CHECK_EQ(t_wait(pid), SIGKILL);
		pid = SYS(recover("x", 0));
		usleep(3000); /* for what should not happen to happen in */
		CHECK_EQ(*came_back, 0);
		CHECK_EQ(waitpid(pid, NULL, WNOHANG), 0);
	}
	SYS(kill(pid, SIGKILL));
	CHECK_EQ(t_wait(pid), SIGKILL);
	SYS(munmap((void *)came_back, 4096));
	SYS(close(fd));
}

T_NO_HOOK
