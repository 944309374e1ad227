/* SPDX-License-Identifier: MIT */
/*
 * loglines refuse N NAME	asks N times for the recovery of an image that is none; the kernel's log says why not
 * loglines			writes to the address 0x10, which is not mapped
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <reprise/ckpt.h>

static int refuse(int n, const char *name)
{
	for (int i = 0; i < n; i++) {
		if (recover(name, 0) != -1) {
			printf("recover() took what is no image\n");
			return 1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "refuse") == 0)
		return refuse(atoi(argv[2]), argv[3]);
	if (argc != 1)
		return 2;

	int *volatile nowhere = (int *)0x10;

	*nowhere = 1;
	return 1;
}
