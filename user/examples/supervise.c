/* SPDX-License-Identifier: MIT */
/*
 * A supervisor: it starts a program that knows nothing of checkpoints, saves
 * it every second, and brings it back when a signal kills it.
 *
 * Type, in a directory on the disk:
 *
 *	/usr/share/examples/supervise /bin/sleep 1000 >log 2>&1 </dev/null &
 *	kill -9 $(pidof sleep)
 *	cat log
 *	kill $(pidof sleep)
 *
 * The log says `saved` for each checkpoint, and `killed by signal 9: brought
 * back` when the program was killed after its first one. SIGTERM, from the
 * last command, ends the program and the supervisor.
 */
#include <errno.h>
#include <reprise/ckpt.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NAME "supervised"

/* Waits a second, or until the child has ended. SIGCHLD is blocked. */
static void a_second(const sigset_t *child)
{
	struct timespec second = { 1, 0 };

	sigtimedwait(child, NULL, &second);
}

int main(int argc, char **argv)
{
	sigset_t child;
	pid_t pid;
	int status, saved = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	pid = fork();
	if (pid == 0) {
		sigprocmask(SIG_UNBLOCK, &child, NULL);
		execv(argv[1], argv + 1);
		_exit(127);
	}
	while (pid > 0) {
		a_second(&child);
		if (waitpid(pid, &status, WNOHANG) != pid) {
			/* It goes on at once; a copy of it writes the image. */
			if (tckpt(pid, NAME, CKPT_FORKED | CKPT_WAIT) == 0)
				printf("saved %d: %d\n", (int)pid, ++saved);
			continue;
		}
		if (!WIFSIGNALED(status) || WTERMSIG(status) == SIGTERM || !saved)
			break;
		pid = recover(NAME, 0);
		if (pid < 0)
			perror("recover");
		else
			printf("killed by signal %d: brought back as %d\n", WTERMSIG(status), (int)pid);
	}
	printf("ended\n");
	return pid < 0;
}
