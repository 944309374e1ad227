/* SPDX-License-Identifier: MIT */
/*
 * What a crowd makes longer: no spinlock is held, and no interrupt goes on, for a time that grows with the number of processes,
 * threads, sleepers or pollers. Each case does something to CROWD of them and looks at the longest holds (/proc/reprise/holds).
 *
 * Only under -icount, with one CPU, does the time count instructions: tests/system/holds.py starts it so.
 */
#include "t.h"
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <termios.h>

#define CROWD 1000
#define HOLDS "/proc/reprise/holds"
/* The place where a lock is released that the kernel holds as long as its log takes to print. */
#define LOG "log"

static unsigned long limit = 200000; /* nanoseconds: of 2 for each instruction, under -icount */

static pid_t crowd[CROWD];
static struct t_gate ready, go;

static void holds_begin(void)
{
	int fd = SYS(open(HOLDS, O_WRONLY));

	CHECK_EQ(write(fd, "0", 1), 1);
	SYS(close(fd));
}

/* No hold since holds_begin() was longer than the limit. */
static void holds_end(void)
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

/* --- Crowds of processes --- */

/* Children that each say that they are there, then do `fn` and end. */
static void gather(void (*fn)(void))
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

static void gather_asleep(void (*fn)(void))
{
	gather(fn);
	for (int i = 0; i < CROWD; i++)
		t_await_state(crowd[i], "S");
}

static void wait_for_end(void)
{
	for (int i = 0; i < CROWD; i++)
		t_wait(crowd[i]);
}

static void sleep_for_ever(void)
{
	for (;;)
		pause();
}

static void end_crowd(void)
{
	for (int i = 0; i < CROWD; i++)
		SYS(kill(crowd[i], SIGKILL));
	wait_for_end();
}

static void read_gate(void)
{
	char c;

	close(go.g_fd[1]);
	if (read(go.g_fd[0], &c, 1) != 0)
		_exit(1);
}

TEST_REPRISE(sleepers)
{
	gather_asleep(read_gate);
	holds_begin();
	SYS(close(go.g_fd[1]));
	wait_for_end();
	holds_end();
}

static void poll_gate(void)
{
	struct pollfd pf = { .fd = go.g_fd[0], .events = POLLIN };

	close(go.g_fd[1]);
	if (poll(&pf, 1, -1) != 1)
		_exit(1);
}

TEST_REPRISE(pollers)
{
	gather_asleep(poll_gate);
	holds_begin();
	SYS(close(go.g_fd[1]));
	wait_for_end();
	holds_end();
}

static void nothing(int sig)
{
}

static void on_signal(int sig, void (*fn)(int))
{
	struct sigaction sa = { .sa_handler = fn };

	SYS(sigaction(sig, &sa, NULL));
}

static void pause_once(void)
{
	pause();
}

static void signal_crowd(pid_t whom, int sig)
{
	on_signal(SIGUSR1, nothing);
	on_signal(SIGUSR2, SIG_IGN);
	gather_asleep(pause_once);
	on_signal(SIGUSR1, SIG_IGN);
	on_signal(SIGTERM, SIG_IGN);
	holds_begin();
	SYS(kill(whom, SIGUSR2));
	SYS(kill(whom, sig));
	wait_for_end();
	holds_end();
}

TEST_REPRISE(group_handled)
{
	signal_crowd(0, SIGUSR1);
}

TEST_REPRISE(group_ended)
{
	signal_crowd(0, SIGTERM);
}

TEST_REPRISE(group_stopped)
{
	on_signal(SIGCONT, nothing);
	gather_asleep(pause_once);
	holds_begin();
	on_signal(SIGTSTP, SIG_IGN);
	SYS(kill(0, SIGTSTP));
	for (int i = 0; i < CROWD; i++)
		CHECK_EQ(waitpid(crowd[i], NULL, WUNTRACED), crowd[i]);
	SYS(kill(0, SIGCONT));
	wait_for_end();
	holds_end();
}

TEST_REPRISE(children)
{
	struct rusage ru;

	gather(read_gate);
	holds_begin();
	for (int i = 0; i < CROWD; i++)
		CHECK_EQ(waitpid(-1, NULL, WNOHANG), 0);
	SYS(close(go.g_fd[1]));
	for (int i = CROWD - 1; i >= 0; i--)
		CHECK_EQ(wait4(crowd[i], NULL, 0, &ru), crowd[i]);
	CHECK_ERR(wait(NULL), ECHILD);
	holds_end();
}

/* A parent ends before its children; half of them are dead. */
TEST_REPRISE(orphans)
{
	pid_t parent = t_fork();

	if (parent == 0) {
		gather_asleep(sleep_for_ever);
		for (int i = 0; i < CROWD; i += 2)
			SYS(kill(crowd[i], SIGKILL));
		for (int i = 0; i < CROWD; i += 2)
			t_await_state(crowd[i], "Z");
		holds_begin();
		_exit(0);
	}
	on_signal(SIGTERM, SIG_IGN);
	t_join(parent);
	holds_end();
	SYS(kill(0, SIGTERM));
}

TEST_REPRISE(priorities)
{
	gather(sleep_for_ever);
	holds_begin();
	SYS(setpriority(PRIO_PGRP, 0, 5));
	CHECK_EQ(getpriority(PRIO_PGRP, 0), 5);
	SYS(setpriority(PRIO_USER, 12345, 5) == -1 && errno == ESRCH ? 0 : -1);
	errno = 0;
	CHECK(getpriority(PRIO_USER, 0) != -1 || errno == 0);
	CHECK_EQ(getpriority(PRIO_PROCESS, crowd[CROWD - 1]), 5);
	holds_end();
	end_crowd();
}

/* Ids, groups and sessions are looked for, /proc is read. */
TEST_REPRISE(table)
{
	gather(sleep_for_ever);
	holds_begin();
	for (int i = 0; i < CROWD; i += 2)
		SYS(setpgid(crowd[i], 0));
	for (int i = 1; i < CROWD; i += 2)
		SYS(setpgid(crowd[i], crowd[i - 1]));
	for (int i = 0; i < CROWD; i += 2) {
		SYS(kill(crowd[i], SIGKILL));
		t_wait(crowd[i]);
	}
	for (int i = 0; i < 100; i++)
		t_join(t_fork() ?: (_exit(0), 0));
	CHECK_EQ(system("ls /proc > /dev/null; cat /proc/stat /proc/reprise/counts > /dev/null"), 0);
	for (int i = 1; i < CROWD; i += 2) {
		SYS(kill(crowd[i], SIGKILL));
		t_wait(crowd[i]);
	}
	holds_end();
}

/* Whoever is not root is counted at each fork. */
TEST_REPRISE(user)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		holds_begin();
		SYS(setuid(1234));
		gather(sleep_for_ever);
		end_crowd();
		_exit(0);
	}
	t_join(pid);
	holds_end();
}

/* Pending signals that are thrown away; a process that ends with them. */
TEST_REPRISE(queued)
{
	union sigval v = { 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	holds_begin();
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < CROWD; i++)
			SYS(sigqueue(getpid(), SIGRTMIN, v));
		on_signal(SIGRTMIN, SIG_IGN);
		on_signal(SIGRTMIN, SIG_DFL);
		if (round == 0)
			t_join(t_fork() ?: (_exit(0), 0));
	}
	holds_end();
}

/* A poll of many descriptors, of few pipes. */
TEST_REPRISE(descriptors)
{
	static struct pollfd pf[CROWD];
	struct t_gate g = t_gate();

	for (int i = 0; i < CROWD; i++)
		pf[i] = (struct pollfd){ .fd = g.g_fd[0], .events = POLLIN };
	holds_begin();
	CHECK_EQ(poll(pf, CROWD, 10), 0);
	t_open_gate(g);
	CHECK_EQ(poll(pf, CROWD, -1), CROWD);
	for (int i = 3; i < CROWD; i++)
		SYS(dup2(g.g_fd[0], i));
	SYS(syscall(436, 3, ~0u, 0)); /* close_range */
	holds_end();
}

/* Long lines, echoed; both queues full, and flushed. */
TEST_REPRISE(terminal)
{
	int master = SYS(posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK)), slave;
	static char buf[65536];
	struct termios tio;

	SYS(grantpt(master));
	SYS(unlockpt(master));
	slave = SYS(open(ptsname(master), O_RDWR | O_NOCTTY | O_NONBLOCK));
	/* What one character changes on the screen is as long as the line is, and as the output queue. */
	limit = 2500000;
	holds_begin();
	for (int i = 0; i < 3; i++) {
		memset(buf, "a\t\003"[i], sizeof(buf));
		(void)!write(master, buf, sizeof(buf));
		(void)!write(master, "\025\n", 2);
		(void)!read(master, buf, sizeof(buf));
		(void)!read(slave, buf, sizeof(buf));
		memset(buf, '\n', sizeof(buf));
		(void)!write(slave, buf, sizeof(buf));
		(void)!write(slave, buf, sizeof(buf));
		SYS(tcflush(slave, TCIOFLUSH));
	}
	SYS(tcgetattr(slave, &tio));
	cfmakeraw(&tio);
	SYS(tcsetattr(slave, TCSANOW, &tio));
	(void)!write(master, buf, sizeof(buf));
	(void)!read(slave, buf, sizeof(buf));
	holds_end();
}

/* Files of a crowd of names, their names forgotten, all that is cached dropped. */
static void crowd_of_files(const char *dir)
{
	char name[64];

	SYS(mkdir(dir, 0777));
	SYS(chdir(dir));
	holds_begin();
	for (int i = 0; i < 3 * CROWD; i++) {
		snprintf(name, sizeof(name), "%d", i);
		SYS(close(SYS(open(name, O_RDWR | O_CREAT, 0666))));
	}
	CHECK_EQ(system("ls -l > /dev/null"), 0);
	sync();
	CHECK_EQ(system("echo drop > /proc/reprise/control"), 0);
	for (int i = 0; i < 3 * CROWD; i++) {
		snprintf(name, sizeof(name), "%d", i);
		SYS(unlink(name));
	}
	SYS(chdir("/"));
	SYS(rmdir(dir));
	sync();
	holds_end();
}

TEST_REPRISE(files_in_memory)
{
	crowd_of_files("/tmp/crowd");
}

TEST_REPRISE(files_on_disk)
{
	crowd_of_files("/var/tmp/crowd");
}

/* A large file: written, mapped, flushed, cut off, and its pages dropped. */
TEST_REPRISE(pages)
{
	const size_t size = 32 << 20;
	char *m;
	int fd = SYS(open("/var/tmp/pages", O_RDWR | O_CREAT | O_TRUNC, 0666));

	holds_begin();
	SYS(ftruncate(fd, size));
	m = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED);
	for (size_t at = 0; at < size; at += 4096)
		m[at] = 1;
	SYS(fsync(fd));
	t_join(t_fork() ?: (_exit(0), 0));
	SYS(mprotect(m, size, PROT_READ));
	SYS(ftruncate(fd, 0));
	SYS(munmap(m, size));
	m = SYS(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	for (size_t at = 0; at < size; at += 4096)
		m[at] = 1;
	t_join(t_fork() ?: (_exit(0), 0));
	for (size_t at = 0; at < size; at += 8192)
		SYS(mprotect(m + at, 4096, PROT_READ));
	SYS(munmap(m, size));
	SYS(unlink("/var/tmp/pages"));
	SYS(close(fd));
	sync();
	CHECK_EQ(system("echo drop > /proc/reprise/control"), 0);
	holds_end();
}

/* Bytes in a pipe as large as can be. */
TEST_REPRISE(pipe)
{
	static char buf[1 << 20];
	int fd[2];

	SYS(pipe(fd));
	holds_begin();
	SYS(fcntl(fd[1], F_SETPIPE_SZ, sizeof(buf)));
	CHECK_EQ(write(fd[1], buf, sizeof(buf)), sizeof(buf));
	CHECK_EQ(read(fd[0], buf, sizeof(buf)), sizeof(buf));
	CHECK_EQ(write(fd[1], buf, sizeof(buf)), sizeof(buf));
	SYS(close(fd[0]));
	SYS(close(fd[1]));
	holds_end();
}

/* --- Crowds of threads --- */

static pthread_barrier_t barrier;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;

static void *thread(void *arg)
{
	pthread_barrier_wait(&barrier);
	pthread_mutex_lock(&lock);
	for (;;)
		pthread_cond_wait(&cond, &lock);
	return NULL;
}

static void gather_threads(void)
{
	pthread_attr_t attr;
	pthread_t t;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 16384);
	pthread_barrier_init(&barrier, NULL, CROWD + 1);
	for (int i = 0; i < CROWD; i++)
		CHECK_EQ(pthread_create(&t, &attr, thread, NULL), 0);
	pthread_barrier_wait(&barrier);
}

/* What the threads have used is asked for, and watched at every switch. */
TEST_REPRISE(thread_times)
{
	struct itimerval it = { .it_value.tv_sec = 1000 };
	struct timespec ts;
	struct rusage ru;

	gather_threads();
	holds_begin();
	SYS(getrusage(RUSAGE_SELF, &ru));
	SYS(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts));
	SYS(setitimer(ITIMER_PROF, &it, NULL));
	for (int i = 0; i < 100; i++)
		sched_yield();
	pthread_cond_broadcast(&cond);
	usleep(1000);
	holds_end();
}

TEST_REPRISE(thread_signals)
{
	sigset_t set;

	gather_threads();
	on_signal(SIGUSR1, nothing);
	holds_begin();
	sigfillset(&set);
	SYS(kill(getpid(), SIGUSR1));
	SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	SYS(kill(getpid(), SIGUSR1));
	usleep(1000);
	SYS(kill(getpid(), SIGUSR1));
	usleep(1000);
	holds_end();
}

static void crowd_of_threads_does(void (*fn)(void))
{
	pid_t pid = t_fork();

	if (pid == 0) {
		gather_threads();
		fn();
		_exit(0);
	}
	holds_begin();
	CHECK_EQ(waitpid(pid, NULL, WUNTRACED), pid);
	kill(pid, SIGCONT);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	holds_end();
}

static void end_at_once(void)
{
	_exit(0);
}

TEST_REPRISE(threads_end)
{
	crowd_of_threads_does(end_at_once);
}

static void stop_self(void)
{
	SYS(kill(getpid(), SIGSTOP));
}

TEST_REPRISE(threads_stop)
{
	crowd_of_threads_does(stop_self);
}

T_NO_HOOK
