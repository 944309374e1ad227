/* SPDX-License-Identifier: MIT */
/*
 * What a checkpoint and a recovery of a family cost: `ckptfamily [-n RUNS] Np|Nm...` prints "ROW VALUE UNIT" lines, medians of RUNS runs, for a
 * process with so many sleeping children less one:
 *
 *   Np-fork-stop  us  forked: the family does not run (the kernel's figure)
 *   Np-seq-stop   us  sequential: the same, with the writing of the image
 *   Np-each       us  N-fork-stop for one process
 *   Np-recover    us  from the call of recover() to the end of that call: all processes are back
 *   Np-KiB-each   1   KiB of the image for one process
 *
 * Nm: the same for one process with so many mappings, and for each of those.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "reprise/ckpt.h"

#define MAXRUNS 32

static int runs = 5;

static void must(int ok, const char *what)
{
	if (ok)
		return;
	printf("ckptfamily: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}

static int order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void print(const char *name, const char *what, double *v, const char *unit)
{
	qsort(v, runs, sizeof(*v), order);
	printf("%s-%s %.1f %s\n", name, what, v[runs / 2], unit);
	fflush(stdout);
}

/* So many mappings that cannot be joined: every other one may be written. Half are of a file. */
static void map_pages(int n)
{
	int fd = open("/tests/ckptfamily", O_RDONLY);

	for (int i = 0; i < n; i++) {
		int prot = i & 1 ? PROT_READ | PROT_WRITE : PROT_READ, anon = i & 2;

		if (mmap(NULL, 4096, prot, MAP_PRIVATE | (anon ? MAP_ANONYMOUS : 0), anon ? -1 : fd, 0) == MAP_FAILED)
			_exit(3);
	}
	close(fd);
}

/* A group of its own: the first with n - 1 children, all asleep; tells when they are all there. */
static pid_t family(int n, int mappings)
{
	int p[2];
	char c;
	pid_t first;

	must(pipe(p) == 0, "pipe");
	fflush(stdout);
	first = fork();
	must(first >= 0, "fork");
	if (first == 0) {
		int null = open("/dev/null", O_RDWR);

		setpgid(0, 0);
		for (int fd = 0; fd < 3; fd++)
			dup2(null, fd);
		close(null);
		close(p[0]);
		map_pages(mappings);
		for (int i = 1; i < n; i++) {
			pid_t pid = fork();

			if (pid == 0) {
				close(p[1]);
				for (;;)
					pause();
			}
			if (pid < 0)
				_exit(1);
		}
		if (write(p[1], "r", 1) != 1)
			_exit(2);
		close(p[1]);
		for (;;)
			pause();
	}
	close(p[1]);
	must(read(p[0], &c, 1) == 1, "a family as large as that");
	close(p[0]);
	return first;
}

static void end(pid_t first)
{
	must(kill(-first, SIGKILL) == 0, "kill");
	must(waitpid(first, NULL, 0) == first, "wait");
	/* Process 1 reaps the children. */
	while (kill(-first, 0) == 0)
		usleep(1000);
}

static double save(pid_t first, unsigned flags, double *kib)
{
	struct ckpt_stats st;

	must(syscall(SYS_tckpt, first, "family", CKPT_TREE | CKPT_WAIT | flags) == 0, "tckpt");
	must(syscall(SYS_ckptctl, CKPTCTL_STATS, first, &st) == 0, "ckptctl");
	*kib = st.cs_bytes / 1024.0;
	return st.cs_stop_ns / 1e3;
}

/* name: the number, and m for mappings of one process. */
static void measure(const char *name)
{
	bool maps = strchr(name, 'm') != NULL;
	int n = atoi(name);
	double forked[MAXRUNS], sequential[MAXRUNS], back[MAXRUNS], each[MAXRUNS], kib[MAXRUNS];
	pid_t first = maps ? family(1, n) : family(n, 0);

	for (int i = 0; i < runs; i++) {
		forked[i] = save(first, CKPT_FORKED, &kib[i]);
		each[i] = forked[i] / n;
		sequential[i] = save(first, 0, &kib[i]);
		kib[i] /= n;
	}
	end(first);
	for (int i = 0; i < runs; i++) {
		double t = now_us();
		pid_t pid = (pid_t)syscall(SYS_recover, "family", 0);

		back[i] = now_us() - t;
		must(pid > 0, "recover");
		/* The first leads its group again. */
		end(pid);
	}
	print(name, "fork-stop", forked, "us");
	print(name, "each", each, "us");
	print(name, "seq-stop", sequential, "us");
	print(name, "recover", back, "us");
	print(name, "KiB-each", kib, "1");
	unlink("family_ckpt");
}

int main(int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "n:")) != -1) {
		if (opt != 'n')
			return 2;
		runs = atoi(optarg);
	}
	must(runs > 0 && runs <= MAXRUNS, "-n");
	for (; optind < argc; optind++)
		measure(argv[optind]);
	return 0;
}
