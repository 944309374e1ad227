/* SPDX-License-Identifier: MIT */
/* `canary HOW`: a program that goes wrong on purpose, so that the harness can show that it notices. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	volatile int *volatile nowhere = (int *)16;

	if (strcmp(how, "fail") == 0)
		return 3;
	if (strcmp(how, "segv") == 0)
		*nowhere = 1;
	if (strcmp(how, "differ") == 0)
		printf("process %s\n", access("/proc/reprise", F_OK) == 0 ? "here" : "on Linux");
	if (strcmp(how, "timeout") == 0) {
		for (;;)
			pause();
	}
	if (strcmp(how, "nap") == 0)
		usleep(300000);
	if (strcmp(how, "orphan") == 0 && fork() == 0) {
		setsid();
		for (;;)
			pause();
	}
	return 0;
}
