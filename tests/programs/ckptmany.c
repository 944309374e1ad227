/* SPDX-License-Identifier: MIT */
/* Processes that have very many of one kind of thing: saved, killed, recovered, and all of it is there again. */
#include "t.h"
#include <reprise/ckpt.h>

#define NLOCKS 100000

/* The current process lets go of what it has in common with the test: it could not be saved with that. */
static void stand_apart(void)
{
	int null = SYS(open("/dev/null", O_RDWR));

	for (int fd = 0; fd < 3; fd++)
		SYS(dup2(null, fd));
	SYS(close(null));
}

/* Every other byte, in an order that is not that of the file. */
static void lock_many(int fd)
{
	for (long i = 0; i < NLOCKS; i++) {
		struct flock l = { .l_type = F_WRLCK, .l_start = i * 7919 % NLOCKS * 2, .l_len = 1 };

		SYS(fcntl(fd, F_SETLK, &l));
	}
}

static pid_t process_with_locks(void)
{
	int p[2];
	char c;
	pid_t pid;

	SYS(pipe(p));
	pid = t_fork();
	if (pid == 0) {
		SYS(setpgid(0, 0));
		SYS(close(p[0]));
		stand_apart();
		lock_many(SYS(open("locked", O_RDWR)));
		CHECK_EQ(write(p[1], "r", 1), 1);
		SYS(close(p[1]));
		for (;;)
			pause();
	}
	SYS(close(p[1]));
	CHECK_EQ(read(p[0], &c, 1), 1);
	SYS(close(p[0]));
	return pid;
}

/* F_GETLK tells the first lock in the way: so they are counted one after the other. */
static void check_locks(pid_t owner)
{
	int fd = SYS(open("locked", O_RDWR));
	long start = 0;

	for (long i = 0; i < NLOCKS; i++) {
		struct flock l = { .l_type = F_RDLCK, .l_start = start };

		SYS(fcntl(fd, F_GETLK, &l));
		if (l.l_type != F_WRLCK || l.l_pid != owner || l.l_start != i * 2 || l.l_len != 1)
			FAIL("lock %ld: type %d of %d at %ld, length %ld", i, l.l_type, l.l_pid,
			     (long)l.l_start, (long)l.l_len);
		start = l.l_start + 1;
	}
	struct flock l = { .l_type = F_RDLCK, .l_start = start };
	SYS(fcntl(fd, F_GETLK, &l));
	CHECK_EQ(l.l_type, F_UNLCK);
	SYS(close(fd));
}

static void end(pid_t pid)
{
	SYS(kill(pid, SIGKILL));
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
}

TEST_REPRISE(locks)
{
	static const unsigned how[] = { CKPT_WAIT, CKPT_WAIT | CKPT_FORKED };
	pid_t pid;

	SYS(close(SYS(open("locked", O_WRONLY | O_CREAT, 0600))));
	pid = process_with_locks();
	check_locks(pid);
	for (int i = 0; i < 2; i++) {
		SYS(syscall(SYS_tckpt, pid, "many", how[i]));
		end(pid);
		pid = SYS(syscall(SYS_recover, "many", 0));
		check_locks(pid);
	}
	end(pid);
}

T_NO_HOOK
