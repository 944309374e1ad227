/* SPDX-License-Identifier: MIT */
/* `callnumber N...`: makes the system calls of these numbers, with arguments that no call can use, and prints their errors. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		long r = syscall(atol(argv[i]), -1, -1, -1, -1, -1, -1);

		printf("%s %s\n", argv[i], r < 0 ? errno == ENOSYS ? "ENOSYS" : strerror(errno) : "ok");
	}
	return 0;
}
