/* SPDX-License-Identifier: MIT */
/*
 * init: the first process. Knows what a machine needs before anybody can work on it: file systems, a
 * console, a shell in a session of its own; and how to end it all in order.
 *
 *   SIGUSR1 halt    SIGUSR2 power off    SIGTERM reboot      (what busybox's halt, poweroff, reboot send)
 *
 * All these signals are blocked except while init waits in sigsuspend(), so none can be lost between a
 * look at the flags and the wait.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define CONSOLE "/dev/console"
#define RC_FILE "/etc/rc"
#define GRACE_MS 2000 /* between SIGTERM and SIGKILL for everybody */
#define TOO_SOON_S 1  /* a shell that fails within this time is not started again at once */

static volatile sig_atomic_t ending; /* the signal that asked for the end of the machine, or 0 */

static void on_end(int sig)
{
	ending = sig;
}

static void on_child(int sig)
{
	(void)sig; /* its only use is to end sigsuspend() */
}

static void complain(const char *what)
{
	fprintf(stderr, "init: %s: %s\n", what, strerror(errno));
}

/* EBUSY: the kernel, or somebody before us, has mounted it already. */
static void mount_one(const char *type, const char *dir, const char *options)
{
	if (mount(type, dir, type, 0, options) < 0 && errno != EBUSY)
		complain(dir);
}

static void set_hostname(void)
{
	char name[65];
	int fd = open("/etc/hostname", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return;
	n = read(fd, name, sizeof(name) - 1);
	close(fd);
	if (n <= 0)
		return;
	name[n] = '\0';
	sethostname(name, strcspn(name, "\n"));
}

/* Without O_NOCTTY the console would become init's own terminal, and no shell could have it. */
static void open_console(void)
{
	int fd = open(CONSOLE, O_RDWR | O_NOCTTY);

	if (fd < 0)
		return;
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
}

static void catch_signals(sigset_t *blocked)
{
	static const int ends[] = { SIGUSR1, SIGUSR2, SIGTERM };
	struct sigaction act = { .sa_handler = on_end };

	sigemptyset(blocked);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		sigaction(ends[i], &act, NULL);
		sigaddset(blocked, ends[i]);
	}
	act.sa_handler = on_child;
	sigaction(SIGCHLD, &act, NULL);
	sigaddset(blocked, SIGCHLD);
	sigprocmask(SIG_SETMASK, blocked, NULL);
}

/* Takes the console as controlling terminal, and puts it back into the state `sane` (may be null). */
static void take_console(const struct termios *sane)
{
	setsid();
	open_console();
	ioctl(0, TIOCSCTTY, 1);
	tcsetpgrp(0, getpid());
	if (sane)
		tcsetattr(0, TCSANOW, sane);
}

static pid_t start(char *const argv[], const struct termios *sane)
{
	pid_t pid = fork();
	sigset_t none;

	if (pid < 0)
		complain("fork");
	if (pid != 0)
		return pid;
	sigemptyset(&none);
	take_console(sane);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(argv[0], argv);
	complain(argv[0]);
	_exit(127);
}

static void pause_ms(long ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* Collects every child that has ended; 1 and its status if `pid` was among them. */
static int reap(pid_t pid, int *status)
{
	int found = 0, st;
	pid_t got;

	while ((got = waitpid(-1, &st, WNOHANG)) > 0) {
		if (got == pid) {
			found = 1;
			*status = st;
		}
	}
	return found;
}

/* Waits until `pid` has ended (its status is stored), or until the machine shall end. */
static void wait_for(pid_t pid, int *status)
{
	sigset_t none;

	sigemptyset(&none);
	while (!reap(pid, status) && !ending)
		sigsuspend(&none);
}

static void run_rc(void)
{
	char *argv[] = { "/bin/sh", RC_FILE, NULL };
	int status;
	pid_t pid;

	if (access(RC_FILE, R_OK) < 0)
		return;
	pid = start(argv, NULL);
	if (pid > 0)
		wait_for(pid, &status);
}

static void run_shells(void)
{
	char *argv[] = { "/bin/sh", "-l", NULL };
	struct termios sane;
	int have_sane = tcgetattr(0, &sane) == 0;

	while (!ending) {
		time_t began = time(NULL);
		int status = 0;
		pid_t pid = start(argv, have_sane ? &sane : NULL);

		if (pid > 0)
			wait_for(pid, &status);
		if ((pid < 0 || status != 0) && time(NULL) - began <= TOO_SOON_S && !ending)
			pause_ms(1000);
	}
}

/* Asks everybody to end, insists after a while, and leaves the disk clean. */
static void end_machine(int sig)
{
	int how = sig == SIGUSR2 ? RB_POWER_OFF : sig == SIGTERM ? RB_AUTOBOOT : RB_HALT_SYSTEM;
	int status;

	kill(-1, SIGTERM);
	kill(-1, SIGHUP); /* an interactive shell takes no notice of SIGTERM */
	kill(-1, SIGCONT);
	for (int ms = 0; ms < GRACE_MS; ms += 20) {
		reap(0, &status);
		if (kill(-1, 0) < 0)
			break;
		pause_ms(20);
	}
	kill(-1, SIGKILL);
	sync();
	mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL);
	reboot(how);
	complain("reboot");
}

int main(void)
{
	sigset_t blocked;

	if (getpid() != 1) {
		fprintf(stderr, "init: I am the first process or none; to end the machine use poweroff\n");
		return 1;
	}
	catch_signals(&blocked);
	umask(022);
	mount_one("proc", "/proc", NULL);
	mount_one("tmpfs", "/tmp", "mode=1777");
	open_console();
	set_hostname();
	setenv("PATH", "/bin:/sbin:/usr/bin:/usr/sbin:/tests", 1);
	setenv("HOME", "/root", 1);
	setenv("USER", "root", 1);
	if (chdir("/root") < 0 && chdir("/") < 0)
		complain("/");
	run_rc();
	for (;;) {
		run_shells();
		end_machine(ending);
		ending = 0; /* the kernel did not let us; better a shell than nothing */
	}
}
