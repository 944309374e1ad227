/* SPDX-License-Identifier: MIT */
/* Rows of processes: messages and switches between two, fork, exec. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

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

/* --- 1,000 processes at a time, which a signal to their group ends --- */

#define MANY 1000

static long long crowd(void)
{
	long long t = now();
	pid_t group = 0;

	for (int i = 0; i < MANY; i++) {
		pid_t pid = fork();

		must(pid >= 0, "fork");
		if (pid == 0) {
			for (;;)
				pause();
		}
		must(setpgid(pid, group) == 0, "setpgid");
		group = group ? group : pid;
	}
	must(kill(-group, SIGKILL) == 0, "kill");
	for (int i = 0; i < MANY; i++)
		must(waitpid(-group, NULL, 0) > 0, "wait");
	return (now() - t) / MANY;
}

const struct row proc_rows[] = {
	{ .name = "pipe-round-trip", .loop = round_trip, .before = start_echo, .after = stop_echo },
	{ .name = "context-switch", .loop = yield, .before = start_yielder, .after = stop_yielder, .per = 2 },
	{ .name = "fork-exit-wait", .loop = fork_exit },
	{ .name = "fork-exec-wait", .loop = fork_exec },
	{ .name = "procs-1000", .once = crowd },
	{ 0 },
};
