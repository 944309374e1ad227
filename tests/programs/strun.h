/* SPDX-License-Identifier: MIT */
/* One run of a state, from its empty directory to its last word. What goes wrong is said in s_why. */
#ifndef TESTS_STRUN_H
#define TESTS_STRUN_H

#include "stlist.h"

enum outcome { OK, BAD, REFUSED, NOT, WROTE };

static void nap(void)
{
	struct timespec ts = { 0, 3000000 };

	nanosleep(&ts, NULL);
}

__attribute__((format(printf, 2, 3))) static enum outcome bad(struct state *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!*s->s_why)
		vsnprintf(s->s_why, sizeof(s->s_why), fmt, ap);
	va_end(ap);
	return BAD;
}

/* Files. */

static void remove_tree(const char *path)
{
	struct dirent *de;
	DIR *d;

	if (unlink(path) == 0 || errno == ENOENT)
		return;
	chmod(path, 0700);
	d = opendir(path);
	while (d && (de = readdir(d)) != NULL) {
		char sub[PATH_MAX];

		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
			continue;
		snprintf(sub, sizeof(sub), "%s/%s", path, de->d_name);
		remove_tree(sub);
	}
	if (d)
		closedir(d);
	rmdir(path);
}

/* What the state has printed so far. Returns: how many bytes. */
static ssize_t output(const struct state *s, char *buf, size_t size)
{
	char path[128];
	ssize_t n = 0;

	snprintf(path, sizeof(path), "%s/out", s->s_dir);
	int fd = open(path, O_RDONLY);
	if (fd >= 0) {
		n = read(fd, buf, size - 1);
		close(fd);
	}
	buf[n > 0 ? n : 0] = 0;
	return n;
}

/* A line of its output that begins with this word; NULL: none yet. */
static char *said(char *text, const char *word)
{
	size_t n = strlen(word);

	for (char *p = text; p; p = strchr(p, '\n'), p = p ? p + 1 : NULL) {
		if (strncmp(p, word, n) == 0 && (p[n] == '\n' || p[n] == ' '))
			return p;
	}
	return NULL;
}

/* Processes. */

/* By its name: what an old image makes has no program where that is another one now. */
static int is_called_state(pid_t pid)
{
	char path[64], name[4] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return 0;
	ssize_t n = read(fd, name, 3);
	close(fd);
	return n == 3 && strcmp(name, "st-") == 0;
}

static int is_state(pid_t pid)
{
	char path[64], exe[PATH_MAX];
	size_t n = strlen(bindir);
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	len = readlink(path, exe, sizeof(exe) - 1);
	if (len < 0)
		return errno == ENOENT && is_called_state(pid);
	exe[len] = 0;
	return strncmp(exe, bindir, n) == 0 && strncmp(exe + n, "/st-", 4) == 0;
}

/*
 * Sends a signal to every process of a state that is in none of the states
 * `not`, letters of /proc/PID/stat. Returns how many processes that were.
 */
static int signal_all(int sig, const char * not )
{
	DIR *d = opendir("/proc");
	struct dirent *de;
	int n = 0;

	CHECK(d != NULL);
	while ((de = readdir(d)) != NULL) {
		pid_t pid = atoi(de->d_name);
		char state;

		if (pid <= 0 || pid == getpid() || !is_state(pid))
			continue;
		state = t_pstate(pid);
		if (!state || strchr(not, state))
			continue;
		n++;
		kill(pid, sig);
	}
	closedir(d);
	return n;
}

/*
 * Ends all processes. None of them sees the end of another: it would write
 * that down in a file that the image has already. So all are stopped first.
 * A process that sleeps in the kernel stops before it returns to its program.
 */
static void kill_everybody(void)
{
	signal_all(SIGSTOP, "ZXT");
	while (signal_all(SIGSTOP, "ZXTSD") > 0)
		nap();
	while (signal_all(SIGKILL, "ZX") > 0)
		nap();
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

/*
 * The parent of a vfork stops only when its child has let go of its memory, which one that has stopped before does not: all go on for a moment then,
 * for a longer one each time.
 */
static int stop_everybody(struct state *s)
{
	siginfo_t si;

	for (int n = 1; signal_all(SIGSTOP, "ZXT") > 0; n++) {
		nap();
		if (n % 20 == 0) {
			signal_all(SIGCONT, "ZX");
			for (int i = 0; i < n / 20; i++)
				nap();
		}
	}
	/* All threads of it, too. */
	if (waitid(P_PID, s->s_pid, &si, WSTOPPED | WEXITED | WNOWAIT) < 0)
		return bad(s, "waitid: %s", strerror(errno)), -1;
	return 0;
}

/* 0: it has ended, s_status says how. */
static int await_end(struct state *s)
{
	for (;;) {
		pid_t pid = waitpid(s->s_pid, &s->s_status, WNOHANG);

		if (pid == s->s_pid)
			return 0;
		if (pid < 0)
			return bad(s, "wait: %s", strerror(errno)), -1;
		nap();
	}
}

static void describe_end(struct state *s, const char *what)
{
	char text[2000], *fail;

	ssize_t n = output(s, text, sizeof(text));
	fail = strstr(text, "FAIL");
	if (fail)
		bad(s, "%s: %.300s", what, fail);
	else if (WIFSIGNALED(s->s_status))
		bad(s, "%s: killed by signal %d", what, WTERMSIG(s->s_status));
	else
		bad(s, "%s: exit %d: %zd bytes: %.200s", what, WEXITSTATUS(s->s_status), n, text);
	for (char *p = s->s_why; *p; p++) {
		if (*p == '\n')
			*p = p[1] ? '|' : 0;
	}
}

static void become(const struct state *s)
{
	char path[PATH_MAX + 64];
	int in = open("/dev/null", O_RDONLY), out;

	setsid();
	if (chdir(s->s_dir) < 0 || in < 0)
		_exit(126);
	out = open("out", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0666);
	fchmod(out, 0666);
	dup2(in, 0);
	dup2(out, 1);
	dup2(out, 2);
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	snprintf(path, sizeof(path), "%s/st-%s", bindir, s->s_family);
	execl(path, path, s->s_name, NULL);
	_exit(127);
}

static int start(struct state *s)
{
	remove_tree(s->s_dir);
	if (mkdir(s->s_dir, 0777) < 0 || chmod(s->s_dir, 0777) < 0)
		return bad(s, "mkdir %s: %s", s->s_dir, strerror(errno)), -1;
	s->s_pid = t_fork();
	if (s->s_pid == 0)
		become(s);
	return 0;
}

/* Until it stands as it is to be saved. */
static int await_ready(struct state *s)
{
	char text[2000], *line;

	for (;;) {
		output(s, text, sizeof(text));
		line = said(text, "ready");
		if (line && strchr(line, '\n'))
			break;
		if (waitpid(s->s_pid, &s->s_status, WNOHANG) == s->s_pid) {
			describe_end(s, "before it was ready");
			return -1;
		}
		nap();
	}
	*strchr(line, '\n') = 0;
	s->s_signal = strstr(line, "signal") != NULL;
	if (strstr(line, "asleep"))
		t_await_state(s->s_pid, "S");
	return 0;
}

static int begin(struct state *s)
{
	return start(s) < 0 || await_ready(s) < 0 ? -1 : 0;
}

static void release(struct state *s)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/go", s->s_dir);
	int fd = SYS(open(path, O_WRONLY | O_CREAT, 0666));
	SYS(close(fd));
	if (s->s_signal)
		SYS(kill(s->s_pid, SIGUSR1));
}

/* Lets it go on and verify itself. */
static enum outcome finish(struct state *s, const char *what)
{
	char text[4000];

	release(s);
	if (await_end(s) < 0)
		return BAD;
	output(s, text, sizeof(text));
	if (s->s_status != 0 || !said(text, "ok")) {
		describe_end(s, what);
		return BAD;
	}
	return OK;
}

#endif
