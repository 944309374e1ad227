/* SPDX-License-Identifier: MIT */
/*
 * The measurements: `bench [-d DEVICE] [-t MS] [ROW...]` prints "ROW VALUE UNIT" lines. It runs on Linux as well, so that
 * the same binary measures both. Each row is repeated; the median counts.
 *
 *   -d DEVICE   a block device that may be overwritten: for the raw rate of the disk
 *   -t MS       how long one repetition of a row takes at least (default 150)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define REPEATS 5
#define PG 4096
#define MIB (1 << 20)
#define BIG (64 * MIB)
#define FILE_SIZE (32 * MIB)

static const char *device;
static long long min_ns = 150000000;

static long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static void fail(const char *what)
{
	printf("bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void must(int ok, const char *what)
{
	if (!ok)
		fail(what);
}

/* Rows measured by the loop: fn(n) does the thing n times. */

static void null_call(int n)
{
	/* getpid itself: no library may answer for the kernel. */
	while (n--)
		syscall(SYS_getpid);
}

static int zero_fd, null_fd;

static void read_write(int n)
{
	char c;

	while (n--) {
		must(read(zero_fd, &c, 1) == 1, "read");
		must(write(null_fd, &c, 1) == 1, "write");
	}
}

static void stat_file(int n)
{
	struct stat st;

	while (n--)
		must(stat("bench-file", &st) == 0, "stat");
}

static void open_close(int n)
{
	while (n--) {
		int fd = open("bench-file", O_RDONLY);
		must(fd >= 0, "open");
		close(fd);
	}
}

static volatile int hits;
static void on_usr1(int sig)
{
	hits++;
}

static void install_signal(int n)
{
	struct sigaction sa = { .sa_handler = on_usr1 };

	while (n--)
		sigaction(SIGUSR1, &sa, NULL);
}

static void deliver_signal(int n)
{
	pid_t pid = getpid();

	signal(SIGUSR1, on_usr1);
	while (n--)
		kill(pid, SIGUSR1);
}

/* A byte there and back between two processes: two switches and four calls. */
static int ping[2], pong[2];
static pid_t echo_pid;

static void start_echo(void)
{
	char c;

	must(pipe(ping) == 0 && pipe(pong) == 0, "pipe");
	fflush(stdout);
	echo_pid = fork();
	must(echo_pid >= 0, "fork");
	if (echo_pid == 0) {
		close(ping[1]);
		while (read(ping[0], &c, 1) == 1)
			must(write(pong[1], &c, 1) == 1, "echo");
		_exit(0);
	}
}

static void stop_echo(void)
{
	kill(echo_pid, SIGKILL);
	waitpid(echo_pid, NULL, 0);
	for (int i = 0; i < 2; i++) {
		close(ping[i]);
		close(pong[i]);
	}
}

static void round_trip(int n)
{
	char c = 0;

	while (n--)
		must(write(ping[1], &c, 1) == 1 && read(pong[0], &c, 1) == 1, "round trip");
}

/* Two processes on one CPU give way to each other. Not every kernel switches each time, so each says that it was there. */
static pid_t yield_pid;
static volatile int *there;

static void start_yielder(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	there = mmap(NULL, PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(there != MAP_FAILED, "mmap");
	fflush(stdout);
	yield_pid = fork();
	must(yield_pid >= 0, "fork");
	if (yield_pid == 0) {
		for (;;) {
			*there = 1;
			sched_yield();
		}
	}
}

static void stop_yielder(void)
{
	cpu_set_t all;

	kill(yield_pid, SIGKILL);
	waitpid(yield_pid, NULL, 0);
	munmap((void *)there, PG);
	memset(&all, 0xff, sizeof(all));
	sched_setaffinity(0, sizeof(all), &all);
}

static void yield(int n)
{
	/* There and back: two switches. */
	while (n--) {
		*there = 0;
		do {
			sched_yield();
		} while (!*there);
	}
}

static void fork_exit(int n)
{
	while (n--) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(0);
		must(pid > 0 && waitpid(pid, NULL, 0) == pid, "fork");
	}
}

static void fork_exec(int n)
{
	while (n--) {
		int st;
		pid_t pid = fork();
		if (pid == 0) {
			execl("/proc/self/exe", "bench", "-x", NULL);
			_exit(1);
		}
		must(pid > 0 && waitpid(pid, &st, 0) == pid && st == 0, "exec");
	}
}

static void fresh_fault(int n)
{
	while (n > 0) {
		int pages = n > 512 ? 512 : n;
		char *p = mmap(NULL, (size_t)pages * PG, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		must(p != MAP_FAILED, "mmap");
		for (int i = 0; i < pages; i++)
			p[(size_t)i * PG] = 1;
		munmap(p, (size_t)pages * PG);
		n -= pages;
	}
}

static void map_unmap(int n)
{
	while (n--) {
		char *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		must(p != MAP_FAILED, "mmap");
		*p = 1;
		munmap(p, 65536);
	}
}

static void create_unlink(int n)
{
	while (n--) {
		int fd = open("bench-new", O_WRONLY | O_CREAT | O_EXCL, 0600);
		must(fd >= 0, "create");
		close(fd);
		must(unlink("bench-new") == 0, "unlink");
	}
}

static void create_10k(int n)
{
	static char data[10240];

	while (n--) {
		int fd = open("bench-new", O_WRONLY | O_CREAT | O_EXCL, 0600);
		must(fd >= 0 && write(fd, data, sizeof(data)) == sizeof(data), "create");
		close(fd);
		must(unlink("bench-new") == 0, "unlink");
	}
}

static char *from, *to;

static void prepare_copy(void)
{
	from = malloc(8 * MIB);
	/* Not a power of two apart: such copies are slow in an emulator, and on some hardware. */
	to = malloc(8 * MIB + 12345);
	must(from && to, "malloc");
	memset(from, 1, 8 * MIB);
	memset(to, 2, 8 * MIB + 12345);
}

static void end_copy(void)
{
	free(from);
	free(to);
}

static void copy_8m(int n)
{
	while (n--)
		memcpy(to, from, 8 * MIB);
}

/* Rows that take their own time: nanoseconds of one repetition. */

static char *resident;

static void prepare_resident(void)
{
	resident = mmap(NULL, BIG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(resident != MAP_FAILED, "mmap");
	for (size_t i = 0; i < BIG; i += PG)
		resident[i] = 1;
}

static void drop_resident(void)
{
	munmap(resident, BIG);
}

/* Only the call itself, in the parent. */
static long long fork_resident(void)
{
	long long t = now();
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	t = now() - t;
	must(pid > 0 && waitpid(pid, NULL, 0) == pid, "fork");
	/* Its pages are ours alone again. */
	for (size_t i = 0; i < BIG; i += PG)
		resident[i] = 1;
	return t;
}

/* A write to each page that a child still shares. */
static long long cow_fault(void)
{
	enum { PAGES = 1024 };
	int gate[2];
	char c;

	must(pipe(gate) == 0, "pipe");
	for (int i = 0; i < PAGES; i++)
		resident[(size_t)i * PG] = 2;
	pid_t pid = fork();
	if (pid == 0) {
		close(gate[1]);
		_exit((int)read(gate[0], &c, 1));
	}
	must(pid > 0, "fork");
	long long t = now();
	for (int i = 0; i < PAGES; i++)
		resident[(size_t)i * PG] = 3;
	t = now() - t;
	close(gate[0]);
	close(gate[1]);
	waitpid(pid, NULL, 0);
	return t / PAGES;
}

static char chunk[MIB];

static long long write_file(void)
{
	int fd = open("bench-big", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	long long t = now();

	must(fd >= 0, "open");
	for (int i = 0; i < FILE_SIZE / MIB; i++)
		must(write(fd, chunk, MIB) == MIB, "write");
	must(fsync(fd) == 0, "fsync");
	t = now() - t;
	close(fd);
	return t;
}

/* For a row that reads and is asked for alone. */
static void prepare_file(void)
{
	if (access("bench-big", F_OK) < 0)
		write_file();
}

static long long read_file(void)
{
	int fd = open("bench-big", O_RDONLY);
	long long t = now();

	must(fd >= 0, "open");
	for (int i = 0; i < FILE_SIZE / MIB; i++)
		must(read(fd, chunk, MIB) == MIB, "read");
	t = now() - t;
	close(fd);
	return t;
}

static void drop_caches(void)
{
	static const char *const controls[][2] = { { "/proc/reprise/control", "drop\n" },
						   { "/proc/sys/vm/drop_caches", "3\n" } };

	sync();
	for (int i = 0; i < 2; i++) {
		int fd = open(controls[i][0], O_WRONLY);
		if (fd < 0)
			continue;
		(void)!write(fd, controls[i][1], strlen(controls[i][1]));
		close(fd);
	}
}

static long long read_dropped(void)
{
	drop_caches();
	return read_file();
}

/* Past the cache where the system can do that; else through it, with an fsync. */
static int open_device(int flags)
{
	int fd;

	if (!device)
		return -1;
	fd = open(device, flags | O_DIRECT);
	return fd < 0 ? open(device, flags) : fd;
}

static long long raw_write(void)
{
	int fd = open_device(O_WRONLY);
	long long t = now();
	char *buf = (char *)(((uintptr_t)chunk + PG - 1) & ~(uintptr_t)(PG - 1));

	must(fd >= 0, "device");
	for (int i = 0; i < FILE_SIZE / (MIB / 2); i++)
		must(write(fd, buf, MIB / 2) == MIB / 2, "write to the device");
	must(fsync(fd) == 0, "fsync of the device");
	t = now() - t;
	close(fd);
	return t;
}

static long long raw_read(void)
{
	char *buf = (char *)(((uintptr_t)chunk + PG - 1) & ~(uintptr_t)(PG - 1));
	int fd;
	long long t;

	drop_caches();
	fd = open_device(O_RDONLY);
	must(fd >= 0, "device");
	t = now();
	for (int i = 0; i < FILE_SIZE / (MIB / 2); i++)
		must(read(fd, buf, MIB / 2) == MIB / 2, "read of the device");
	t = now() - t;
	close(fd);
	return t;
}

struct row {
	const char *name;
	void (*loop)(int n);
	long long (*once)(void);
	void (*before)(void), (*after)(void);
	long bytes; /* a rate, not a time */
	int per;    /* things in one turn of the loop */
	int needs_device;
};

static const struct row rows[] = {
	{ .name = "null-call", .loop = null_call },
	{ .name = "read-write-1", .loop = read_write, .per = 2 },
	{ .name = "stat", .loop = stat_file },
	{ .name = "open-close", .loop = open_close },
	{ .name = "signal-install", .loop = install_signal },
	{ .name = "signal-deliver", .loop = deliver_signal },
	{ .name = "pipe-round-trip", .loop = round_trip, .before = start_echo, .after = stop_echo },
	{ .name = "context-switch", .loop = yield, .before = start_yielder, .after = stop_yielder, .per = 2 },
	{ .name = "fork-exit-wait", .loop = fork_exit },
	{ .name = "fork-exec-wait", .loop = fork_exec },
	{ .name = "page-fault", .loop = fresh_fault },
	{ .name = "cow-fault", .once = cow_fault, .before = prepare_resident, .after = drop_resident },
	{ .name = "map-unmap-64k", .loop = map_unmap },
	{ .name = "create-unlink", .loop = create_unlink },
	{ .name = "create-unlink-10k", .loop = create_10k },
	{ .name = "fork-64m", .once = fork_resident, .before = prepare_resident, .after = drop_resident },
	{ .name = "memcpy-8m", .loop = copy_8m, .before = prepare_copy, .after = end_copy, .bytes = 8 * MIB },
	{ .name = "file-write-fsync", .once = write_file, .bytes = FILE_SIZE },
	{ .name = "file-read-cached", .once = read_file, .before = prepare_file, .bytes = FILE_SIZE },
	{ .name = "file-read-dropped", .once = read_dropped, .before = prepare_file, .bytes = FILE_SIZE },
	{ .name = "disk-write", .once = raw_write, .bytes = FILE_SIZE, .needs_device = 1 },
	{ .name = "disk-read", .once = raw_read, .bytes = FILE_SIZE, .needs_device = 1 },
};

/* How many turns take about the time of one repetition. */
static int calibrate(const struct row *r)
{
	int n = 1;

	for (;;) {
		long long t = now();
		r->loop(n);
		t = now() - t;
		if (t >= min_ns / 4 || n >= 1 << 26)
			return (int)(n * (min_ns / (double)(t ? t : 1))) + 1;
		n *= 4;
	}
}

static int order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void measure(const struct row *r)
{
	double ns[REPEATS];
	int n = 1;

	if (r->needs_device && !device)
		return;
	if (r->before)
		r->before();
	if (r->loop)
		n = calibrate(r);
	for (int i = 0; i < REPEATS; i++) {
		if (r->once) {
			ns[i] = (double)r->once();
			continue;
		}
		long long t = now();
		r->loop(n);
		ns[i] = (double)(now() - t) / n / (r->per ? r->per : 1);
	}
	if (r->after)
		r->after();
	qsort(ns, REPEATS, sizeof(*ns), order);
	if (r->bytes)
		printf("%s %.1f MiB/s\n", r->name, r->bytes / (ns[REPEATS / 2] / 1e9) / MIB);
	else
		printf("%s %.3f us\n", r->name, ns[REPEATS / 2] / 1000);
	fflush(stdout);
}

static int wanted(const char *name, char **names)
{
	if (!*names)
		return 1;
	for (; *names; names++) {
		if (strcmp(*names, name) == 0)
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "xd:t:")) != -1) {
		switch (opt) {
		case 'x': return 0; /* what fork-exec-wait executes */
		case 'd': device = optarg; break;
		case 't': min_ns = atoll(optarg) * 1000000; break;
		default: return 2;
		}
	}
	int fd = open("bench-file", O_WRONLY | O_CREAT, 0600);
	zero_fd = open("/dev/zero", O_RDONLY);
	null_fd = open("/dev/null", O_WRONLY);
	must(fd >= 0 && zero_fd >= 0 && null_fd >= 0, "open");
	close(fd);
	memset(chunk, 0x5a, sizeof(chunk));
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (wanted(rows[i].name, argv + optind))
			measure(&rows[i]);
	}
	unlink("bench-file");
	unlink("bench-big");
	return 0;
}
