/* SPDX-License-Identifier: MIT */
/*
 * A program that saves itself: it counts, and after each step its state is safe.
 *
 * Type, in a directory on the disk:
 *
 *	/usr/share/examples/selfsave 10 >>log 2>&1 </dev/null
 *	recover counter
 *	cat log
 *
 * The first command ends at step 5, as if it had crashed. `recover` brings the
 * program back as it was when it saved itself, at the end of step 4. It says
 * `I am back`, and goes on with step 5 to the end.
 */
#include <reprise/ckpt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int last = argc > 1 ? atoi(argv[1]) : 10;
	int step, recovered = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (step = 1; step <= last; step++) {
		if (step == 5 && !recovered) {
			printf("step 5: a crash\n");
			_exit(1);
		}
		printf("step %d\n", step);
		/* Returns 0 when the image is on the disk, and 1 in the recovered process. */
		switch (ckpt("counter", 0)) {
		case 0: break;
		case 1:
			recovered = 1;
			printf("I am back, after step %d\n", step);
			break;
		default: perror("ckpt"); return 1;
		}
	}
	printf("done\n");
	return 0;
}
