/* SPDX-License-Identifier: MIT */
/*
 * The tests' hand inside the machine. It reads commands from the second serial port, runs programs, and
 * reports in structured records, so that the console stays for people.
 *
 * Both directions carry frames: "TYPE LENGTH\n", then LENGTH bytes.
 *
 *   from the runner   hello                    -> ready
 *                     run KEY=VALUE\0...       -> out (any number), then exit; beat in each second without output
 *                     kill                     -> the program that runs ends; timeout=1 in its exit
 *                     put PATH\0MODE\0FLAG\0DATA -> done      FLAG "a" appends
 *                     get PATH                 -> data (any number), then done
 *                     counts                   -> counts: /proc/reprise/counts, caches dropped
 *                     sync | poweroff | reboot -> done
 *   from the agent    as above, and error TEXT instead of an answer
 *
 * Keys of run: arg (one for each), env, cwd, fresh (cwd is made anew, empty), uid, stdin (path),
 * name (for the mark on the console).
 *
 * As process 1 (init=/tests/agent) it mounts /proc and /tmp, reaps orphans, and kills what a test leaves behind.
 * `agent -` talks on standard input and output: so the same agent also runs tests on a Linux host.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "agent/agent.h"

#define MAXARGS 64
#define BEAT_MS 1000
#define GRACE_MS 2000 /* what a test leaves behind may still end by itself */

static int chld_pipe[2];
static int console = -1;

struct job {
	char *j_argv[MAXARGS + 1], *j_envp[MAXARGS + 1];
	int j_argc, j_envc;
	const char *j_cwd, *j_stdin, *j_name;
	int j_fresh, j_uid;
	pid_t j_pid;
	int j_out; /* read end of its output, -1 at the end of file */
	int j_status;
	int j_ended, j_timeout, j_left;
	long long j_start;
};

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ll + ts.tv_nsec / 1000000;
}

/* Running a program. */

static void parse_job(struct job *j, char *buf, size_t len)
{
	memset(j, 0, sizeof(*j));
	j->j_stdin = "/dev/null";
	j->j_name = "?";
	for (char *p = buf; p < buf + len; p += strlen(p) + 1) {
		char *v = strchr(p, '=');

		if (!v)
			continue;
		v++;
		if (strncmp(p, "arg=", 4) == 0 && j->j_argc < MAXARGS)
			j->j_argv[j->j_argc++] = v;
		else if (strncmp(p, "env=", 4) == 0 && j->j_envc < MAXARGS)
			j->j_envp[j->j_envc++] = v;
		else if (strncmp(p, "cwd=", 4) == 0)
			j->j_cwd = v;
		else if (strncmp(p, "fresh=", 6) == 0)
			j->j_fresh = atoi(v);
		else if (strncmp(p, "uid=", 4) == 0)
			j->j_uid = atoi(v);
		else if (strncmp(p, "stdin=", 6) == 0)
			j->j_stdin = v;
		else if (strncmp(p, "name=", 5) == 0)
			j->j_name = v;
	}
}

/* In the child: its own session, one pipe for output and errors, nothing of the agent's open. */
static void child(struct job *j, int out)
{
	int in = open(j->j_stdin, O_RDONLY);

	setsid();
	dup2(in, 0);
	dup2(out, 1);
	dup2(out, 2);
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	/* The runner, too, may ignore signals that it was started with. */
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	if (j->j_cwd && chdir(j->j_cwd) < 0)
		goto fail;
	if (j->j_uid && (setgroups(0, NULL) < 0 || setgid(j->j_uid) < 0 || setuid(j->j_uid) < 0))
		goto fail;
	execve(j->j_argv[0], j->j_argv, j->j_envp);
fail:
	dprintf(1, "agent: %s: %s\n", j->j_argv[0], strerror(errno));
	_exit(126);
}

static int start(struct job *j)
{
	int out[2];

	if (j->j_fresh) {
		remove_tree(j->j_cwd);
		if (mkdir(j->j_cwd, 0777) < 0)
			return -1;
		chmod(j->j_cwd, 0777);
	}
	if (pipe2(out, O_CLOEXEC) < 0)
		return -1;
	j->j_start = now_ms();
	j->j_pid = fork();
	if (j->j_pid == 0)
		child(j, out[1]);
	close(out[1]);
	if (j->j_pid < 0) {
		close(out[0]);
		return -1;
	}
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	j->j_out = out[0];
	return 0;
}

/* Passes on what the job has printed. */
static void pump(struct job *j)
{
	char buf[4096];
	ssize_t n;

	while (j->j_out >= 0) {
		n = read(j->j_out, buf, sizeof(buf));
		if (n < 0)
			return;
		if (n > 0) {
			send_frame("out", buf, n);
			continue;
		}
		close(j->j_out);
		j->j_out = -1;
	}
}

/* Reaps all that have ended. Returns whether children remain. */
static int reap(struct job *j)
{
	pid_t pid;
	int st;

	while ((pid = waitpid(-1, &st, WNOHANG)) > 0) {
		if (pid == j->j_pid) {
			j->j_status = st;
			j->j_ended = 1;
		} else if (j->j_ended && WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL) {
			j->j_left++;
		}
	}
	return pid == 0;
}

static void kill_job(struct job *j)
{
	kill(-j->j_pid, SIGKILL);
	kill(j->j_pid, SIGKILL);
	if (getpid() == 1)
		kill(-1, SIGKILL);
}

/* The runner says that the program's time is over: the only thing that it says meanwhile. */
static void be_told(struct job *j)
{
	static char payload[FRAME_MAX + 1];
	char type[16];

	read_frame(type, sizeof(type), payload);
	if (strcmp(type, "kill") != 0)
		return;
	j->j_timeout = 1;
	kill_job(j);
}

/* One wait for output, an ended child, the runner's word, or time. */
static void step(struct job *j, int ms)
{
	struct pollfd pf[3] = { { chld_pipe[0], POLLIN, 0 }, { j->j_out, POLLIN, 0 }, { port_in, POLLIN, 0 } };
	char drain[64];

	if (poll(pf, 3, ms) == 0)
		send_text("beat", "%lld", now_ms() - j->j_start);
	if (pf[2].revents & POLLIN)
		be_told(j);
	while (read(chld_pipe[0], drain, sizeof(drain)) > 0)
		;
	pump(j);
}

/* The program has ended: its children may follow by themselves; the rest is killed and counted. */
static void clear_up(struct job *j)
{
	long long until = now_ms() + GRACE_MS;
	int live, left = j->j_left;

	while ((live = reap(j)) && now_ms() < until)
		step(j, 20);
	j->j_left = left;
	if (live)
		kill_job(j);
	while (reap(j))
		step(j, BEAT_MS);
}

static void do_run(char *buf, size_t len)
{
	struct job j;

	parse_job(&j, buf, len);
	if (j.j_argc == 0) {
		send_text("error", "run: no program");
		return;
	}
	if (console >= 0)
		dprintf(console, "[test] %s\n", j.j_name);
	if (start(&j) < 0) {
		send_text("error", "run: %s", strerror(errno));
		return;
	}
	while (reap(&j), !j.j_ended) {
		step(&j, BEAT_MS);
	}
	clear_up(&j);
	pump(&j);
	if (j.j_out >= 0)
		close(j.j_out);
	send_text("exit", "status=%d timeout=%d left=%d ms=%lld", j.j_status, j.j_timeout, j.j_left,
		  now_ms() - j.j_start);
}

/* Start-up. */

static void on_chld(int sig)
{
	int e = errno;

	if (write(chld_pipe[1], "c", 1) < 0)
		errno = 0; /* a full pipe wakes poll just as well */
	errno = e;
}

static void be_init(void)
{
	static char *const mounts[][2] = { { "proc", "/proc" }, { "tmpfs", "/tmp" } };

	if (fcntl(0, F_GETFD) < 0) {
		for (int fd = 0; fd < 3; fd++)
			open("/dev/console", O_RDWR);
	}
	console = 2;
	for (int i = 0; i < 2; i++) {
		if (mount(mounts[i][0], mounts[i][1], mounts[i][0], 0, "") < 0 && errno != EBUSY)
			perror(mounts[i][1]);
	}
	chmod("/tmp", 01777);
}

static void open_port(const char *path)
{
	struct termios t;

	port_in = port_out = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (port_in < 0) {
		perror(path);
		exit(1);
	}
	if (tcgetattr(port_in, &t) == 0) {
		cfmakeraw(&t);
		tcsetattr(port_in, TCSANOW, &t);
	}
}

static void use_stdio(void)
{
	port_in = fcntl(0, F_DUPFD_CLOEXEC, 64);
	port_out = fcntl(1, F_DUPFD_CLOEXEC, 64);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* Only as process 1, hence never on the Linux host that runs the agent as a program. */
static void go_down(int how)
{
	if (getpid() != 1) {
		send_text("error", "not process 1");
		return;
	}
	sync();
	send_frame("done", "", 0);
	tcdrain(port_out);
	reboot(how);
	send_text("error", "reboot: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	static char buf[FRAME_MAX + 1];
	char type[32];

	if (getpid() == 1)
		be_init();
	if (argc > 1 && strcmp(argv[1], "-") == 0)
		use_stdio();
	else
		open_port(argc > 1 ? argv[1] : "/dev/ttyS1");
	pipe2(chld_pipe, O_CLOEXEC | O_NONBLOCK);
	signal(SIGCHLD, on_chld);
	signal(SIGPIPE, SIG_IGN);
	send_text("ready", "pid=%d", (int)getpid());
	for (;;) {
		size_t len = read_frame(type, sizeof(type), buf);

		if (strcmp(type, "run") == 0) {
			do_run(buf, len);
		} else if (strcmp(type, "put") == 0) {
			do_put(buf, len);
		} else if (strcmp(type, "get") == 0) {
			send_file(buf, "data");
		} else if (strcmp(type, "counts") == 0) {
			do_counts();
		} else if (strcmp(type, "sync") == 0) {
			sync();
			send_frame("done", "", 0);
		} else if (strcmp(type, "hello") == 0) {
			send_text("ready", "pid=%d", (int)getpid());
		} else if (strcmp(type, "poweroff") == 0 || strcmp(type, "reboot") == 0) {
			go_down(*type == 'p' ? RB_POWER_OFF : RB_AUTOBOOT);
		} else if (*type) {
			send_text("error", "unknown command \"%s\"", type);
		}
	}
}
