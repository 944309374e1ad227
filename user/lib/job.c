/* SPDX-License-Identifier: MIT */
/* A recovered process as a job of ours. */
#define _GNU_SOURCE /* pipe2 */
#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile pid_t target; /* as for kill(): the job; 0: it has ended */
static volatile sig_atomic_t continued;
static struct job current;

static void hand_on(int sig)
{
	int saved = errno;

	if (target)
		kill(target, sig);
	errno = saved;
}

/* The job goes on, with the terminal if that is our group's. */
static void resume(const struct job *j)
{
	if (j->j_pgrp && j->j_tty >= 0 && tcgetpgrp(j->j_tty) == getpgrp())
		tcsetpgrp(j->j_tty, j->j_pgrp);
	hand_on(SIGCONT);
}

static void on_continue(int sig)
{
	int saved = errno;

	continued = 1;
	resume(&current);
	errno = saved;
}

/* What was ignored when we were started, by nohup(1) or as `&` in a script, stays so. */
static void handle(int sig, void (*handler)(int))
{
	struct sigaction act = { .sa_handler = handler, .sa_flags = SA_RESTART }, old;

	if (sigaction(sig, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
		sigaction(sig, &act, NULL);
}

static bool is_ignored(int sig)
{
	struct sigaction old;

	return sigaction(sig, NULL, &old) == 0 && old.sa_handler == SIG_IGN;
}

/* The terminal is ours again, if the job had it. */
static bool take_terminal(const struct job *j)
{
	if (!j->j_pgrp || j->j_tty < 0 || tcgetpgrp(j->j_tty) != j->j_pgrp)
		return false;
	return tcsetpgrp(j->j_tty, getpgrp()) == 0;
}

/* What comes to our group is not for us: the job has it by itself if it is in our group, else we hand it on. */
static void take_signals(const struct job *j)
{
	if (j->j_pgrp) {
		handle(SIGINT, hand_on);
		handle(SIGQUIT, hand_on);
		/* A session of its own is no shell's to stop. */
		if (getsid(j->j_pid) == getsid(0))
			handle(SIGTSTP, hand_on);
	} else {
		signal(SIGINT, SIG_IGN);
		signal(SIGQUIT, SIG_IGN);
	}
	handle(SIGCONT, on_continue);
	handle(SIGTERM, hand_on);
	handle(SIGHUP, hand_on);
}

void job_prepare(void)
{
	if (is_ignored(SIGINT))
		setpgid(0, 0);
}

void job_begin(struct job *j, pid_t pid)
{
	pid_t pgrp = getpgid(pid);

	j->j_pid = pid;
	j->j_pgrp = pgrp > 0 && pgrp != getpgrp() ? pgrp : 0;
	j->j_tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
	target = j->j_pgrp ? -j->j_pgrp : pid;
	signal(SIGTTOU, SIG_IGN);
	j->j_background = is_ignored(SIGINT);
	current = *j;
	take_signals(j);
}

/* Did a shell with job control start us? */
static bool is_shell_job(void)
{
	pid_t parent = getppid();

	return getpgrp() == getpid() && getsid(parent) == getsid(0) && getpgid(parent) != getpgrp();
}

/* Stops our whole group by sig, as it would be stopped if the job were in it. False: nothing stopped us, as in a group that nobody could continue. */
static bool stop_group(int sig)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL }, old;

	continued = 0;
	if (sig == SIGSTOP) {
		if (is_shell_job())
			raise(SIGSTOP);
		return continued;
	}
	if (is_ignored(sig) && sig != SIGTTOU)
		return false;
	sigaction(sig, &dfl, &old);
	kill(0, sig);
	sigaction(sig, &old, NULL);
	return continued;
}

bool job_stop(const struct job *j, int sig)
{
	bool had = take_terminal(j), stopped = !j->j_background && stop_group(sig);

	/* Our SIGCONT has continued the job. If nothing could stop us, what was typed there stops it no more than it would have before. */
	if (!stopped && sig != SIGSTOP && had)
		resume(j);
	return stopped;
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

/* A key has ended the job, which alone had the terminal: our group hears of it too, such as the script that called us. */
static void tell_group(int sig)
{
	signal(sig, SIG_IGN);
	kill(0, sig);
}

int job_wait(const struct job *j)
{
	pid_t pid, last = -1;
	int status, result = -1;
	bool had;

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
			job_stop(j, WSTOPSIG(status));
		}
	}
	target = 0;
	had = take_terminal(j);
	if (had && !is_shell_job() && result >= 0 && WIFSIGNALED(result) &&
	    (WTERMSIG(result) == SIGINT || WTERMSIG(result) == SIGQUIT))
		tell_group(WTERMSIG(result));
	return result;
}
