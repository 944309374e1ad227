/* SPDX-License-Identifier: MIT */
/*
 * Recovery by a parent: a child saves itself and crashes; its parent brings it
 * back, waits for it, and gets its exit status like that of any child.
 *
 * Type, in a directory on the disk:
 *
 *	/usr/share/examples/parent
 *
 * It prints `child: killed by signal 11`, `child: I am back, with 42`, and
 * `recovered child: exit status 42`.
 */
#include <reprise/ckpt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void child(void)
{
	volatile int answer = 6 * 7;

	switch (ckpt("child", 0)) {
	case 0: raise(SIGSEGV); break; /* the crash */
	case 1: printf("child: I am back, with %d\n", answer); exit(answer);
	default: perror("ckpt");
	}
	exit(1);
}

int main(void)
{
	int status;
	pid_t pid;

	setvbuf(stdout, NULL, _IOLBF, 0);
	pid = fork();
	if (pid == 0)
		child();
	waitpid(pid, &status, 0);
	if (!WIFSIGNALED(status))
		return 1;
	printf("child: killed by signal %d\n", WTERMSIG(status));

	/* What comes back is a child of the caller. Its output goes where the caller's does. */
	pid = recover("child", RECOVER_STDIO);
	if (pid < 0) {
		perror("recover");
		return 1;
	}
	waitpid(pid, &status, 0);
	printf("recovered child: exit status %d\n", WEXITSTATUS(status));
	return 0;
}
