/* SPDX-License-Identifier: MIT */
/* States that the library refuses. The kernel saves each of them. */
#include "lctarget.h"

#include <reprise/ckpt.h>
#include <sys/file.h>
#include <sys/time.h>

void lc_pending_signal(void)
{
	sigset_t set;

	signal(SIGUSR1, on_signal);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	raise(SIGUSR1);
	save();
	SYS(sigprocmask(SIG_UNBLOCK, &set, NULL));
	CHECK_EQ(hits, 1);
}

void lc_pipes(void)
{
	char buf[8] = "";
	int fd[2];

	SYS(pipe(fd));
	CHECK_EQ(write(fd[1], "inside", 6), 6);
	save();
	CHECK_EQ(read(fd[0], buf, 6), 6);
	CHECK_STR(buf, "inside");
}

void lc_timer(void)
{
	struct itimerval t = { .it_value = { .tv_sec = 1000 } };

	SYS(setitimer(ITIMER_REAL, &t, NULL));
	save();
	SYS(getitimer(ITIMER_REAL, &t));
	CHECK(t.it_value.tv_sec > 900);
}

void lc_shared(void)
{
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	*p = 7;
	save();
	CHECK_EQ(*p, 7);
}

void lc_unlinked(void)
{
	char buf[8] = "";
	int fd = SYS(open("gone", O_RDWR | O_CREAT, 0666));

	CHECK_EQ(write(fd, "inside", 6), 6);
	SYS(unlink("gone"));
	save();
	CHECK_EQ(pread(fd, buf, 6, 0), 6);
	CHECK_STR(buf, "inside");
}

void lc_lock(void)
{
	int fd = SYS(open("locked", O_RDWR | O_CREAT, 0666)), other;

	SYS(flock(fd, LOCK_EX));
	save();
	other = SYS(open("locked", O_RDWR));
	CHECK_ERR(flock(other, LOCK_EX | LOCK_NB), EWOULDBLOCK);
}

/* A child that has ended, and whose status is still to be had. */
void lc_child(void)
{
	siginfo_t info;
	pid_t pid = t_fork();

	if (pid == 0)
		_exit(5);
	SYS(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
	if (by_kernel && ckpt("k", CKPT_TREE) == 0) {
		printf("saved\n");
		fflush(stdout);
		_exit(SAVED);
	} else if (!by_kernel) {
		save();
	}
	CHECK_EQ(WEXITSTATUS(t_wait(pid)), 5);
}
