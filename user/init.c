/* SPDX-License-Identifier: MIT */
/*
 * init: the first process. Knows what a machine needs before anybody can work on it: file systems, a
 * console, a shell in a session of its own, another one on the screen if the console is not there;
 * and how to end it all in order.
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
#define SCREEN "/dev/tty1"
#define RC_FILE "/etc/rc"
#define GRACE_MS 2000 /* between SIGTERM and SIGKILL for everybody */
#define TOO_SOON_S 1  /* a shell that fails within this time is not started again at once */

/* A terminal with a shell on it. */
struct seat {
	const char *device;
	struct termios sane; /* as it was before the first shell */
	int have_sane;
	pid_t shell; /* 0: none runs */
	time_t began;
};

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

/* The folder of the host that tools/vm --share gives, if it gives one. ENOENT: a disk without /host. */
static void mount_share(void)
{
	if (mount("host", "/host", "9p", 0, NULL) < 0 && errno != ENODEV && errno != EBUSY && errno != ENOENT)
		complain("/host");
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

/* Without O_NOCTTY the terminal would become init's own, and no shell could have it. */
static void open_terminal(const char *device)
{
	int fd = open(device, O_RDWR | O_NOCTTY);

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

/* Takes the terminal as controlling terminal, and puts it back into the state `sane` (may be null). */
static void take_terminal(const char *device, const struct termios *sane)
{
	setsid();
	open_terminal(device);
	ioctl(0, TIOCSCTTY, 1);
	tcsetpgrp(0, getpid());
	if (sane)
		tcsetattr(0, TCSANOW, sane);
}

static pid_t start(char *const argv[], const char *device, const struct termios *sane)
{
	pid_t pid = fork();
	sigset_t none;

	if (pid < 0)
		complain("fork");
	if (pid != 0)
		return pid;
	sigemptyset(&none);
	take_terminal(device, sane);
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
	pid = start(argv, CONSOLE, NULL);
	if (pid > 0)
		wait_for(pid, &status);
}

/* The device number of the terminal behind a name such as /dev/console; 0: none is there. */
static unsigned terminal_number(const char *device)
{
	unsigned number = 0;
	int fd = open(device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return 0;
	if (ioctl(fd, TIOCGDEV, &number) < 0)
		number = 0;
	close(fd);
	return number;
}

/* Where shells run: the console, and the screen if that is another terminal. Returns how many. */
static int find_seats(struct seat seats[2])
{
	unsigned screen = terminal_number(SCREEN);
	int n = screen && screen != terminal_number(CONSOLE) ? 2 : 1;

	seats[0].device = CONSOLE;
	seats[1].device = SCREEN;
	for (int i = 0; i < n; i++) {
		int fd = open(seats[i].device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

		seats[i].shell = 0;
		seats[i].have_sane = fd >= 0 && tcgetattr(fd, &seats[i].sane) == 0;
		if (fd >= 0)
			close(fd);
	}
	return n;
}

static void seat_shell(struct seat *s)
{
	char *argv[] = { "/bin/sh", "-l", NULL };

	s->began = time(NULL);
	s->shell = start(argv, s->device, s->have_sane ? &s->sane : NULL);
	if (s->shell < 0) {
		s->shell = 0;
		pause_ms(1000);
	}
}

/* Collects every child that has ended; a seat whose shell is among them is free. */
static void reap_shells(struct seat *seats, int n)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (int i = 0; i < n; i++) {
			if (seats[i].shell != pid)
				continue;
			seats[i].shell = 0;
			if (status != 0 && time(NULL) - seats[i].began <= TOO_SOON_S && !ending)
				pause_ms(1000);
		}
	}
}

static int all_taken(const struct seat *seats, int n)
{
	for (int i = 0; i < n; i++) {
		if (!seats[i].shell)
			return 0;
	}
	return 1;
}

static void run_shells(void)
{
	struct seat seats[2];
	int n = find_seats(seats);
	sigset_t none;

	sigemptyset(&none);
	while (!ending) {
		for (int i = 0; i < n; i++) {
			if (!seats[i].shell)
				seat_shell(&seats[i]);
		}
		if (all_taken(seats, n) && !ending)
			sigsuspend(&none);
		reap_shells(seats, n);
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

/* As a command it does nothing but say so. Returns: its exit status. */
static int not_the_first(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return puts("usage: the kernel starts init as the first process; as a command it does nothing") < 0;
	fprintf(stderr, "init: only the kernel starts init, as the first process; to end the machine use poweroff\n");
	return argc > 1 ? 2 : 1;
}

int main(int argc, char **argv)
{
	sigset_t blocked;

	if (getpid() != 1)
		return not_the_first(argc, argv);
	catch_signals(&blocked);
	umask(022);
	mount_one("proc", "/proc", NULL);
	mount_one("tmpfs", "/tmp", "mode=1777");
	mount_share();
	open_terminal(CONSOLE);
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
