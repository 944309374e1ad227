/* SPDX-License-Identifier: MIT */
/*
 * Waiting for durability: the program goes on while its image is written, and
 * learns from ckptctl() when the image is on the disk.
 *
 * Type, in a directory on the disk:
 *
 *	/usr/share/examples/durable >>log 2>&1 </dev/null
 *	recover balance
 *	cat log
 *
 * The program works on while the image is written; `durable` stands in the log
 * only after the image is on the disk. Whoever reads that line can rely on it.
 * The recovered program has the state of the call, not that of the later work.
 */
#include <reprise/ckpt.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
	struct ckpt_stats stats;
	long balance = 100;

	setvbuf(stdout, NULL, _IOLBF, 0);
	switch (ckpt("balance", CKPT_FORKED)) {
	case 0: break;
	case 1: printf("I am back: balance %ld\n", balance); return 0;
	default: perror("ckpt"); return 1;
	}

	balance += 23; /* the image does not have this */
	printf("working on: balance %ld\n", balance);

	/* Returns when no checkpoint of the caller (0) is under way any more. */
	if (ckptctl(CKPTCTL_WAIT, 0, &stats) != 0) {
		perror("ckptctl");
		return 1;
	}
	if (stats.cs_error) {
		printf("not saved: %s\n", strerror(stats.cs_error));
		return 1;
	}
	printf("durable: %llu pages, %llu bytes\n", stats.cs_pages, stats.cs_bytes);
	printf("stood still for %llu us, durable after %llu us\n", stats.cs_stop_ns / 1000,
	       stats.cs_durable_ns / 1000);
	return 0;
}
