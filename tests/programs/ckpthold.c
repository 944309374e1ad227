/* SPDX-License-Identifier: MIT */
/* A request for a checkpoint, as long as processes stand still for it: who ends it, what is then left; and which processes stand still. */
#include "t.h"
#include <reprise/ckpt.h>
#include <sched.h>
#include <sys/mman.h>

#define MIB (1u << 20)

static void nap(void)
{
	struct timespec ts = { 0, 1000000 };

	nanosleep(&ts, NULL);
}

static void make_file(const char *name)
{
	SYS(close(SYS(open(name, O_WRONLY | O_CREAT, 0600))));
}

static void await_file(const char *name)
{
	while (access(name, F_OK) != 0)
		nap();
}

static volatile int *shared(void)
{
	volatile int *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

/* The current process lets go of what it has in common with the test: it could not be saved with that. */
static void stand_apart(void)
{
	int null = SYS(open("/dev/null", O_RDWR));

	for (int fd = 0; fd < 3; fd++)
		SYS(dup2(null, fd));
	SYS(close(null));
}

/* What the counting process has come to: memory that it shared with the test could not be saved. */
static int counted(void)
{
	int fd = open("count", O_RDONLY), n = 0;

	if (fd < 0)
		return 0;
	CHECK(read(fd, &n, sizeof(n)) >= 0);
	SYS(close(fd));
	return n;
}

static void await_progress(void)
{
	int before = counted();

	while (counted() == before)
		nap();
}

/* A process that has `mib` of memory, and then counts. */
static pid_t counts(unsigned mib)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		size_t size = (size_t)mib * MIB;
		unsigned *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		int fd = open("count", O_WRONLY | O_CREAT, 0600);

		stand_apart();
		if (p == MAP_FAILED || fd < 0)
			_exit(1);
		for (size_t i = 0; i < size / sizeof(*p); i += 1024)
			p[i] = (unsigned)i + 1;
		for (int n = 1;; n++) {
			if (pwrite(fd, &n, sizeof(n), 0) != sizeof(n))
				_exit(2);
			nap();
		}
	}
	await_progress();
	return pid;
}

static volatile sig_atomic_t hits;

static void count(int sig)
{
	hits++;
}

/* It asks for a checkpoint of `target`, and waits for it. Ends with the errno. */
static pid_t asks(pid_t target)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		signal(SIGUSR1, count);
		siginterrupt(SIGUSR1, 1);
		_exit(tckpt(target, "x", CKPT_WAIT) == 0 ? 0 : errno);
	}
	return pid;
}

/*
 * Sends sig to the asker as soon as the image is being written; how the checkpoint ended. A machine that writes `mib` before
 * the signal comes is given more to write.
 */
static int withdrawn_by(int sig, int *st)
{
	struct ckpt_stats stats = { .cs_error = 0 };

	for (unsigned mib = 16; mib <= 64 && !stats.cs_error; mib *= 2) {
		pid_t target = counts(mib), asker = asks(target);

		while (access("x_ckpt.new", F_OK) != 0 && access("x_ckpt", F_OK) != 0)
			sched_yield();
		SYS(kill(asker, sig));
		*st = t_wait(asker);
		SYS(ckptctl(CKPTCTL_WAIT, target, &stats));
		/* It goes on, and can be asked again. */
		await_progress();
		CHECK_ERR(access("x_ckpt.new", F_OK), ENOENT);
		if (stats.cs_error) {
			CHECK_ERR(access("x_ckpt", F_OK), ENOENT);
			SYS(tckpt(target, "x", CKPT_WAIT));
		}
		SYS(unlink("x_ckpt"));
		SYS(kill(target, SIGKILL));
		t_wait(target);
	}
	return stats.cs_error;
}

TEST_REPRISE(killed_asker)
{
	int st;

	CHECK_EQ(withdrawn_by(SIGKILL, &st), ECANCELED);
	CHECK_EQ(st, SIGKILL);
}

TEST_REPRISE(terminated_asker)
{
	int st;

	CHECK_EQ(withdrawn_by(SIGTERM, &st), ECANCELED);
	CHECK_EQ(st, SIGTERM);
}

TEST_REPRISE(asker_with_a_handler)
{
	int st;

	CHECK_EQ(withdrawn_by(SIGUSR1, &st), ECANCELED);
	CHECK_EQ(WEXITSTATUS(st), EINTR);
}

/* What only stops the asker for a while withdraws nothing. */
TEST_REPRISE(stopped_asker)
{
	pid_t target = counts(16), asker = asks(target);
	struct ckpt_stats stats;

	while (access("x_ckpt.new", F_OK) != 0 && access("x_ckpt", F_OK) != 0)
		sched_yield();
	SYS(kill(asker, SIGSTOP));
	SYS(ckptctl(CKPTCTL_WAIT, target, &stats));
	CHECK_EQ(stats.cs_error, 0);
	SYS(kill(asker, SIGCONT));
	CHECK_EQ(t_wait(asker), 0);
	SYS(kill(target, SIGKILL));
	t_wait(target);
}

/* A child of vfork that sleeps stops nothing but its parent, which it would without a checkpoint: the other child goes on. */
TEST_REPRISE(vfork_holds_up_nothing)
{
	struct ckpt_stats stats;
	pid_t root = t_fork();

	if (root == 0) {
		stand_apart();
		counts(1);
		if (vfork() == 0) {
			make_file("vforked");
			for (;;)
				pause();
		}
		_exit(1);
	}
	await_file("vforked");
	for (int i = 0; i < 3; i++) {
		SYS(tckpt(root, "x", CKPT_TREE | CKPT_WAIT | (i == 1 ? CKPT_FORKED : 0)));
		await_progress();
	}
	SYS(ckptctl(CKPTCTL_STATS, root, &stats));
	CHECK_EQ(stats.cs_count, 3);
	SYS(kill(root, SIGKILL));
	t_wait(root);
	SYS(unlink("x_ckpt"));
}

/* In a group of its own, without its parent. */
static void be_orphan(volatile int *common)
{
	SYS(setpgid(0, 0));
	make_file("orphan");
	while (common[0] != 1)
		nap();
	common[0] = getpgrp() == getpid() && getsid(0) != getpid() ? 2 : 3;
	_exit(0);
}

static void be_leader(void)
{
	volatile int *common = shared();
	pid_t between;

	stand_apart();
	SYS(setsid());
	between = t_fork();
	if (between == 0) {
		if (t_fork() == 0)
			be_orphan(common);
		_exit(0);
	}
	t_join(between);
	await_file("go");
	common[0] = 1;
	while (common[0] == 1)
		nap();
	_exit(common[0]);
}

/* A process that has lost its parent shares memory with the leader of its session: they are saved together, or not at all. */
TEST_REPRISE(session_with_an_orphan)
{
	pid_t leader = t_fork();
	int st;

	if (leader == 0)
		be_leader();
	await_file("orphan");
	CHECK_ERR(tckpt(leader, "x", CKPT_TREE | CKPT_WAIT), EOPNOTSUPP);
	CHECK_ERR(tckpt(leader, "x", CKPT_JOB | CKPT_WAIT), EOPNOTSUPP);
	SYS(tckpt(leader, "x", CKPT_SESSION | CKPT_WAIT));
	make_file("go");
	CHECK_EQ(WEXITSTATUS(t_wait(leader)), 2);
	CHECK_EQ(WEXITSTATUS(t_wait(SYS(recover("x", 0)))), 2);
	/* The orphan came back as a child of this process, too. */
	CHECK(SYS(waitpid(-1, &st, 0)) > 0);
	CHECK_EQ(st, 0);
}

T_NO_HOOK
