/* SPDX-License-Identifier: MIT */
/*
 * What checkpoints and recoveries cost: `ckptbench [-u] [-d DEVICE] [-n RUNS] MIB...` prints "ROW VALUE UNIT" lines, medians of RUNS runs, for a process
 * with so many MiB resident, all written:
 *
 *   MIB-raw          MiB/s  DEVICE itself, written past the cache in large pieces, and flushed
 *   MIB-seq-stop     us     sequential: the process does not run (the kernel's figure)
 *   MIB-seq-durable  us     until the image is on the disk under its name
 *   MIB-seq-ratio    1      the image's rate until then, as a fraction of the raw rate measured next to it
 *   MIB-fork-stop, MIB-fork-durable, MIB-fork-ratio   the same of a forked one
 *   MIB-recover      us     from the call of recover() to the first instruction of the recovered program
 *   MIB-bytes        1      bytes written for each resident byte
 *
 * -u removes each image before the next one is written, for small disks. Raw writes and checkpoints alternate, so that a host that is busy
 * for a while slows both.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "reprise/ckpt.h"

#define PG 4096u
#define MIB (1u << 20)
#define MAXRUNS 32 /* values of one kind: 2 * MAXRUNS at most */
#define CHUNK (16 * MIB)

static const char *device;
static int runs = 5, remove_first;
static char *chunk;

static double now_us(void)
{
	struct timespec ts;

	/* A recovered process has a CLOCK_MONOTONIC of its own. */
	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}

static void must(int ok, const char *what)
{
	if (ok)
		return;
	printf("ckptbench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void print(unsigned mib, const char *what, double *v, int n, const char *unit)
{
	qsort(v, n, sizeof(*v), order);
	printf("%u-%s %.4f %s\n", mib, what, v[n / 2], unit);
	fflush(stdout);
}

/* --- What is measured in the process that is saved; it has no descriptors but /dev/null, and tells through files. --- */

static void note(const char *file, const char *fmt, double value)
{
	char text[64];
	int fd = open(file, O_WRONLY | O_CREAT | O_APPEND, 0600), n = snprintf(text, sizeof(text), fmt, value);

	if (fd < 0 || write(fd, text, n) != n || close(fd))
		_exit(1);
}

static char *memory;
static size_t memory_size;

static unsigned word_of(size_t offset)
{
	return (unsigned)offset * 2654435761u + 1;
}

static int intact(void)
{
	for (size_t i = 0; i < memory_size; i += PG)
		if (*(unsigned *)(memory + i) != word_of(i) || memory[i + PG - 1])
			return 0;
	return 1;
}

static void one(const char *name, unsigned flags, const char *kind)
{
	struct ckpt_stats st;
	char file[64];
	double stop;
	long r = syscall(SYS_ckpt, name, flags);

	if (r == 1) {
		double t = now_us();

		/* Brought back: its memory must be, too, and that is all it was for. */
		if (!intact())
			_exit(4);
		note("bench-recover", "%.3f\n", t);
		_exit(0);
	}
	if (r < 0)
		_exit(errno);
	if (syscall(SYS_ckptctl, CKPTCTL_STATS, 0, &st) < 0 || st.cs_error)
		_exit(2);
	stop = st.cs_stop_ns / 1e3;
	snprintf(file, sizeof(file), "bench-%s-stop", kind);
	note(file, "%.3f\n", stop);
	snprintf(file, sizeof(file), "bench-%s-durable", kind);
	note(file, "%.3f\n", st.cs_durable_ns / 1e3);
	note("bench-bytes", "%.0f\n", (double)st.cs_bytes);
}

static void resident(unsigned mib, int forked)
{
	int null = open("/dev/null", O_RDWR);

	memory_size = (size_t)mib * MIB;
	memory = mmap(NULL, memory_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED || null < 0 || munmap(chunk, CHUNK))
		_exit(3);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	for (int fd = 3; fd < 16; fd++)
		close(fd);
	for (size_t i = 0; i < memory_size; i += PG)
		*(unsigned *)(memory + i) = word_of(i);
	one("bench", forked ? CKPT_FORKED | CKPT_WAIT : 0, forked ? "fork" : "seq");
	_exit(0);
}

/* --- The driver --- */

static double raw_rate(unsigned mib)
{
	int fd = open(device, O_WRONLY | O_DIRECT);
	unsigned size = (mib < 64 ? 64 : mib) * MIB;
	double t = now_us();

	must(fd >= 0, device);
	for (unsigned done = 0; done < size; done += CHUNK)
		must(pwrite(fd, chunk, CHUNK, done) == CHUNK, "write to the device");
	must(fsync(fd) == 0, "fsync of the device");
	t = now_us() - t;
	close(fd);
	return size / (double)MIB / (t / 1e6);
}

static void ended(pid_t pid, const char *what)
{
	int status;

	must(pid > 0 && waitpid(pid, &status, 0) == pid, what);
	if (status) {
		printf("ckptbench: %s: status %x\n", what, status);
		exit(1);
	}
}

static int values(const char *file, double *v)
{
	FILE *f = fopen(file, "r");
	int n = 0;

	must(f != NULL, file);
	while (n < 2 * MAXRUNS && fscanf(f, "%lf", &v[n]) == 1)
		n++;
	fclose(f);
	unlink(file);
	return n;
}

/* The last call's times of that kind, and what they say about the rate. */
static void report(unsigned mib, const char *kind, const double *raw, double bytes)
{
	double v[2 * MAXRUNS], ratio[2 * MAXRUNS];
	char file[64];
	int n;

	snprintf(file, sizeof(file), "bench-%s-stop", kind);
	n = values(file, v);
	print(mib, file + strlen("bench-"), v, n, "us");
	snprintf(file, sizeof(file), "bench-%s-durable", kind);
	n = values(file, v);
	for (int i = 0; i < n && device; i++)
		ratio[i] = bytes / MIB / (v[i] / 1e6) / raw[i];
	print(mib, file + strlen("bench-"), v, n, "us");
	snprintf(file, sizeof(file), "%s-ratio", kind);
	if (device)
		print(mib, file, ratio, n, "1");
}

/* One checkpoint of a new process. */
static void save(unsigned mib, int forked)
{
	pid_t pid;

	if (remove_first)
		unlink("bench_ckpt");
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		resident(mib, forked);
	ended(pid, "the process that is saved");
}

static void measure(unsigned mib)
{
	double raw[MAXRUNS], recovered[2 * MAXRUNS], bytes[2 * MAXRUNS];
	int n;

	for (int i = 0; i < runs; i++) {
		double t;

		save(mib, 1);
		if (device)
			raw[i] = raw_rate(mib);
		save(mib, 0);
		t = now_us();
		ended((pid_t)syscall(SYS_recover, "bench", 0), "the recovered process");
		values("bench-recover", bytes);
		recovered[i] = bytes[0] - t;
	}
	n = values("bench-bytes", bytes);
	report(mib, "seq", raw, bytes[0]);
	report(mib, "fork", raw, bytes[0]);
	if (device)
		print(mib, "raw", raw, runs, "MiB/s");
	print(mib, "recover", recovered, runs, "us");
	for (int i = 0; i < n; i++)
		bytes[i] /= (double)mib * MIB;
	print(mib, "bytes", bytes, n, "1");
	unlink("bench_ckpt");
}

int main(int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "ud:n:")) != -1) {
		switch (opt) {
		case 'u': remove_first = 1; break;
		case 'd': device = optarg; break;
		case 'n': runs = atoi(optarg); break;
		default: return 2;
		}
	}
	must(runs > 0 && runs <= MAXRUNS, "-n");
	chunk = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(chunk != MAP_FAILED, "memory");
	memset(chunk, 0x5a, CHUNK);
	for (; optind < argc; optind++)
		measure((unsigned)atoi(argv[optind]));
	return 0;
}
