/* SPDX-License-Identifier: MIT */
/* A recovered process as a job of ours. */
#define _GNU_SOURCE /* pipe2 */
#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile pid_t target; /* as for kill() */

static void hand_on(int sig)
{
	int saved = errno;

	kill(target, sig);
	errno = saved;
}

void job_begin(struct job *j, pid_t pid)
{
	struct sigaction act = { .sa_handler = hand_on };
	pid_t pgrp = getpgid(pid);

	j->j_pid = pid;
	j->j_pgrp = pgrp > 0 && pgrp != getpgrp() ? pgrp : 0;
	j->j_tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
	target = j->j_pgrp ? -j->j_pgrp : pid;
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGHUP, &act, NULL);
}

/* The terminal is ours again, if the job had it. */
static void take_terminal(const struct job *j)
{
	if (j->j_pgrp && j->j_tty >= 0 && tcgetpgrp(j->j_tty) == j->j_pgrp)
		tcsetpgrp(j->j_tty, getpgrp());
}

/* Did a shell with job control start us? */
static bool is_shell_job(void)
{
	pid_t parent = getppid();

	return getpgrp() == getpid() && getsid(parent) == getsid(0) && getpgid(parent) != getpgrp();
}

bool job_stop(const struct job *j)
{
	take_terminal(j);
	if (!is_shell_job())
		return false;
	raise(SIGSTOP);
	if (j->j_pgrp && j->j_tty >= 0 && tcgetpgrp(j->j_tty) == getpgrp())
		tcsetpgrp(j->j_tty, j->j_pgrp);
	kill(target, SIGCONT);
	return true;
}

/* The one in between ends at once: what remains is not tied to our session by a parent, and loses no tie when we end. */
static void split(int tell[2], int go[2])
{
	if (fork() != 0)
		_exit(0);
	close(tell[0]);
	close(go[1]);
	setpgid(0, 0);
	/* Until we are nobody's child. */
	while (read(go[0], &(char){ 0 }, 1) < 0 && errno == EINTR)
		;
	close(go[0]);
}

int job_detach(int *fd)
{
	int tell[2], go[2];
	pid_t between;

	if (pipe2(tell, O_CLOEXEC) < 0 || pipe2(go, O_CLOEXEC) < 0)
		return -1;
	between = fork();
	if (between < 0)
		return -1;
	if (between == 0) {
		split(tell, go);
		*fd = tell[1];
		return 1;
	}
	waitpid(between, NULL, 0);
	close(tell[1]);
	close(go[0]);
	close(go[1]);
	*fd = tell[0];
	return 0;
}

int job_wait(const struct job *j)
{
	pid_t pid, last = -1;
	int status, result = -1;

	for (;;) {
		pid = waitpid(-1, &status, WUNTRACED);
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			break;
		if (!WIFSTOPPED(status)) {
			/* Their ids are in the order in which they were started. */
			if (pid > last) {
				last = pid;
				result = status;
			}
		} else if (j->j_pgrp) {
			/* What stops our own group stops us too. The others have stopped with it: continued, they tell no more of that. */
			job_stop(j);
		}
	}
	take_terminal(j);
	return result;
}
