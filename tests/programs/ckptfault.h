/* SPDX-License-Identifier: MIT */
/*
 * The target of tests/programs/ckptfault.c: a process with something of everything, which steps a computation whenever it is asked, adds to a
 * log, and tells how far it is in a file of its own.
 */
#ifndef TESTS_CKPTFAULT_H
#define TESTS_CKPTFAULT_H

#include "t.h"
#include <pthread.h>
#include <reprise/ckpt.h>
#include <sched.h>
#include <semaphore.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>

#define ANSWER "/tmp/ckptfault.answer"
#define NAME "image"
#define WORDS 65536

/* --- The computation --------------------------------------------------------------------------- */

struct state {
	uint32_t k, seed;
	uint32_t word[WORDS];
};

static void begin(struct state *s)
{
	s->k = 0;
	s->seed = 1;
	for (int i = 0; i < WORDS; i++)
		s->word[i] = t_rand(&s->seed);
}

static void step(struct state *s)
{
	s->k++;
	for (int i = 0; i < 64; i++)
		s->word[t_rand(&s->seed) % WORDS] += s->k;
}

static uint32_t sum_of(const struct state *s)
{
	uint32_t sum = s->seed ^ s->k;

	for (int i = 0; i < WORDS; i++)
		sum = (sum << 5 | sum >> 27) ^ s->word[i];
	return sum;
}

/* What the state has for a sum after k steps. */
static uint32_t sum_after(uint32_t k)
{
	static struct state model;

	if (model.k == 0 || model.k > k)
		begin(&model);
	while (model.k < k)
		step(&model);
	return sum_of(&model);
}

/* --- The target -------------------------------------------------------------------------------- */

struct answer {
	uint32_t k, sum;
	int result, error; /* of its own ckpt() */
};

static struct state target_state;

static void target_answer(int fd, int result, int error)
{
	struct answer a = { target_state.k, sum_of(&target_state), result, error };

	if (pwrite(fd, &a, sizeof(a), 0) != sizeof(a))
		_exit(3);
	kill(getppid(), SIGUSR1);
}

/* --- Its state: something of every kind that an image holds ------------------------------------- */

#define HIGH_FD 70
#define RT_FIRST 100 /* values of signals that wait, blocked */
#define RT_N 3
#define REMOVED 3000 /* bytes of a file without a name */

static bool with_family; /* a child whose work another process in its memory does, and one that has ended */

static struct kept {
	int log, high, dir, removed, pipe[2];
	char *shared, *own;
	pid_t thread;
	timer_t timer;
	/* The family: questions go down, answers come up, and the child counts them in memory that both see. */
	int down, up;
	unsigned *count, asked;
	pid_t child, zombie;
} kept;

static int answer_all(void *arg)
{
	const int *io = arg;
	char c;

	while (read(io[0], &c, 1) == 1) {
		++*kept.count;
		if (write(io[1], &c, 1) != 1)
			break;
	}
	_exit(0);
}

/* Its memory and its descriptors are those of the process that answers. */
static void be_child(int in, int out)
{
	static char stack[8192] __attribute__((aligned(16)));
	int io[2] = { in, out };
	pid_t pid = SYS(clone(answer_all, stack + sizeof(stack), CLONE_VM | CLONE_FILES | SIGCHLD, io));

	while (waitpid(pid, NULL, 0) < 0)
		;
	_exit(0);
}

static void start_family(void)
{
	int down[2], up[2];

	kept.count = SYS((unsigned *)mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					  MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	SYS(pipe(down));
	SYS(pipe(up));
	kept.child = SYS(fork());
	if (kept.child == 0) {
		close(down[1]);
		close(up[0]);
		be_child(down[0], up[1]);
	}
	close(down[0]);
	close(up[1]);
	kept.down = down[1];
	kept.up = up[0];
	kept.zombie = SYS(fork());
	if (kept.zombie == 0)
		_exit(7);
}

static int family_is_there(void)
{
	siginfo_t si = { 0 };
	char c = (char)++kept.asked, d = 0;

	return write(kept.down, &c, 1) == 1 && read(kept.up, &d, 1) == 1 && c == d &&
	       *kept.count == kept.asked && kill(kept.child, 0) == 0 &&
	       waitid(P_PID, (id_t)kept.zombie, &si, WEXITED | WNOWAIT) == 0 && si.si_status == 7;
}

static void *sleeper(void *arg)
{
	kept.thread = (pid_t)syscall(SYS_gettid);
	sem_post(arg);
	for (;;)
		pause();
	return NULL;
}

static void start_thread(void)
{
	static sem_t up;
	pthread_t th;

	sem_init(&up, 0, 0);
	if (pthread_create(&th, NULL, sleeper, &up) != 0)
		_exit(6);
	while (sem_wait(&up) < 0)
		;
}

static void build_state(const char *dir)
{
	static char alt[16384];
	stack_t ss = { .ss_sp = alt, .ss_size = sizeof(alt) };
	struct itimerval it = { { 0, 0 }, { 5000, 0 } };
	int fd;

	SYS(chdir(dir));
	kept.log = SYS(open("log", O_WRONLY | O_CREAT | O_APPEND, 0600));
	kept.high = SYS(dup2(kept.log, HIGH_FD));
	kept.dir = SYS(open(".", O_RDONLY | O_DIRECTORY));
	fd = SYS(open("shared", O_RDWR | O_CREAT, 0600));
	SYS(ftruncate(fd, 8192));
	kept.shared = SYS((char *)mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	SYS(close(fd));
	fd = SYS(open("/proc/self/exe", O_RDONLY));
	kept.own = SYS((char *)mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	SYS(close(fd));
	kept.own[5000] = 'o';
	SYS(sigaltstack(&ss, NULL));
	SYS(setitimer(ITIMER_REAL, &it, NULL));
	for (int i = 0; i < RT_N; i++) {
		union sigval v = { .sival_int = RT_FIRST + i };

		SYS(sigqueue(getpid(), SIGRTMIN, v));
	}
	SYS(pipe(kept.pipe));
	CHECK_EQ(write(kept.pipe[1], "bytes", 5), 5);
	kept.removed = SYS(open("removed", O_RDWR | O_CREAT | O_EXCL, 0600));
	SYS(unlink("removed"));
	SYS(ftruncate(kept.removed, REMOVED));
	CHECK_EQ(pwrite(kept.removed, "r", 1, REMOVED - 1), 1);
	SYS(timer_create(CLOCK_MONOTONIC, NULL, &kept.timer));
	SYS(timer_settime(kept.timer, 0, &(struct itimerspec){ .it_value = { 5000, 0 } }, NULL));
	if (with_family)
		start_family();
	start_thread();
}

/* Takes the signals that wait, one by one, and puts each back behind the others. */
static int signals_are_there(void)
{
	struct timespec now = { 0, 0 };
	siginfo_t si;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	for (int i = 0; i < RT_N; i++) {
		if (sigtimedwait(&set, &si, &now) != SIGRTMIN || si.si_value.sival_int != RT_FIRST + i)
			return 0;
		SYS(sigqueue(getpid(), SIGRTMIN, si.si_value));
	}
	return 1;
}

static int state_is_there(void)
{
	struct itimerspec ts;
	struct itimerval it;
	struct stat a, b;
	stack_t ss;
	char r = 0;
	int n = 0;

	return fstat(kept.log, &a) == 0 && fstat(kept.high, &b) == 0 && a.st_ino == b.st_ino &&
	       fstat(kept.dir, &a) == 0 && S_ISDIR(a.st_mode) && kept.own[5000] == 'o' &&
	       sigaltstack(NULL, &ss) == 0 && ss.ss_size == 16384 && getitimer(ITIMER_REAL, &it) == 0 &&
	       it.it_value.tv_sec > 0 && pread(kept.removed, &r, 1, REMOVED - 1) == 1 && r == 'r' &&
	       ioctl(kept.pipe[0], FIONREAD, &n) == 0 && n == 5 && timer_gettime(kept.timer, &ts) == 0 &&
	       ts.it_value.tv_sec > 0 && (!with_family || family_is_there()) &&
	       syscall(SYS_tgkill, getpid(), kept.thread, 0) == 0;
}

static void target(const char *dir)
{
	sigset_t set, wait;
	int fd, error;

	for (int i = 0; i < 64; i++)
		close(i);
	for (int i = 0; i < 3; i++)
		SYS(open("/dev/null", O_RDWR));
	fd = SYS(open(ANSWER, O_RDWR | O_CREAT, 0600));
	begin(&target_state);
	sigemptyset(&wait);
	sigaddset(&wait, SIGUSR1);
	sigaddset(&wait, SIGUSR2);
	sigaddset(&wait, SIGHUP);
	set = wait;
	sigaddset(&set, SIGRTMIN);
	SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	build_state(dir);
	target_answer(fd, 0, 0);
	for (;;) {
		int result = 0, sig = sigwaitinfo(&wait, NULL);

		errno = 0;
		if (sig < 0)
			_exit(4);
		if (sig == SIGUSR2)
			result = ckpt(NAME, with_family ? CKPT_TREE : 0);
		error = errno;
		step(&target_state);
		/* Learns what became of its log, and is free to have images made again that rely on it. */
		if (sig == SIGHUP)
			(void)(fsync(kept.log) + msync(kept.shared, 8192, MS_SYNC));
		/* The disk may have become read-only. */
		if (write(kept.log, "one more step\n", 14) < 0)
			errno = 0;
		kept.shared[target_state.k % 8192] = 's';
		if (!state_is_there() || !signals_are_there())
			target_state.word[0]++;
		target_answer(fd, result, error);
	}
}

#endif
