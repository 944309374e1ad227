/* SPDX-License-Identifier: MIT */
/* every N PROGRAM [ARG]...: PROGRAM, and its children, are saved and brought back in place at every N-th system call (CKPTCTL_EVERY). */
#include <reprise/ckpt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	unsigned n = argc > 2 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;

	if (!n) {
		fprintf(stderr, "usage: every N PROGRAM [ARG]...\n");
		return 2;
	}
	if (ckptctl(CKPTCTL_EVERY, 0, &n) != 0) {
		perror("every: ckptctl");
		return 2;
	}
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 127;
}
