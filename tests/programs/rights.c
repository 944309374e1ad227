/* SPDX-License-Identifier: MIT */
/* Programs with other rights than their caller: what they keep of it, and who may look into them. */
#include "t.h"
#include <limits.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define USER 1000
#define MIB (1u << 20)
#define NO_RANDOMIZE 0x0040000
#define LIMIT_3GB 0x8000000

static char self[PATH_MAX];

static int get(int option)
{
	int v = -1;

	SYS(prctl(option, &v));
	return v;
}

/* `rights REPORT NAME` prints what the new program finds. */
static void report(const char *name, const char *secure)
{
	struct rlimit rl;
	stack_t ss;
	void *head = NULL;
	size_t len;

	SYS(getrlimit(RLIMIT_STACK, &rl));
	SYS(sigaltstack(NULL, &ss));
	SYS(syscall(SYS_get_robust_list, 0, &head, &len));
	printf("%s: ids %d/%d %d/%d %sdumpable %d pdeathsig %d stack %lluM personality %x nnp %d keepcaps %d slack %d "
	       "subreaper %d altstack %d robust %d alarm %d\n",
	       name, getuid(), geteuid(), getgid(), getegid(), secure, prctl(PR_GET_DUMPABLE),
	       get(PR_GET_PDEATHSIG), (unsigned long long)rl.rlim_cur / MIB,
	       personality(0xffffffff) & (NO_RANDOMIZE | LIMIT_3GB),
	       prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), prctl(PR_GET_KEEPCAPS), prctl(PR_GET_TIMERSLACK),
	       get(PR_GET_CHILD_SUBREAPER), ss.ss_flags, head != NULL, alarm(0) > 900);
}

/* `rights TRACE FD`: is it traced, and can it be made to trace itself? */
static int show_trace(int fd)
{
	char on = '?';
	int own = SYS(open("/proc/self/trace", O_RDONLY));

	CHECK_EQ(read(own, &on, 1), 1);
	CHECK_EQ(on, '0');
	CHECK_ERR(write(fd, "1", 1), EACCES);
	CHECK_ERR(pread(fd, &on, 1, 0), EACCES);
	return 0;
}

static int t_hook(int argc, char **argv)
{
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n > 0)
		self[n] = 0;
	if (argc == 3 && strcmp(argv[1], "REPORT") == 0) {
		report(argv[2], getauxval(AT_SECURE) ? "secure 1 " : "secure 0 ");
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "REPORT-BUT-SECURE") == 0) {
		report(argv[2], "");
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "SECURE") == 0)
		return getauxval(AT_SECURE) != (unsigned long)atol(argv[2]);
	if (argc == 3 && strcmp(argv[1], "TRACE") == 0)
		return show_trace(atoi(argv[2]));
	/* A set-id bit that does not count: no new rights, and nothing ends. */
	if (argc == 2 && strcmp(argv[1], "NOTSET") == 0) {
		CHECK_EQ(geteuid(), USER);
		CHECK_EQ(getauxval(AT_SECURE), 0);
		CHECK_EQ(prctl(PR_GET_DUMPABLE), 1);
		CHECK_EQ(get(PR_GET_PDEATHSIG), SIGUSR1);
		return 0;
	}
	if (argc >= 2 && strcmp(argv[1], "PAUSE") == 0) {
		if (argc == 3)
			close(atoi(argv[2]));
		for (;;)
			pause();
	}
	return -1;
}

/* This program again, as a file "prog" of that owner, group and mode. */
static void make_program(uid_t uid, gid_t gid, mode_t mode)
{
	char buf[4096];

	unlink("prog"); /* a process may still run the one of before */
	int from = SYS(open(self, O_RDONLY)), to = SYS(open("prog", O_WRONLY | O_CREAT | O_TRUNC, 0700));
	ssize_t n;

	while ((n = read(from, buf, sizeof(buf))) > 0)
		CHECK_EQ(write(to, buf, n), n);
	SYS(close(from));
	SYS(close(to));
	SYS(chown("prog", uid, gid));
	SYS(chmod("prog", mode));
	SYS(chmod(".", 0777));
}

static void become_user(void)
{
	SYS(setgid(USER));
	SYS(setuid(USER));
	SYS(prctl(PR_SET_DUMPABLE, 1));
}

static void set_all(void)
{
	struct rlimit rl = { 16 * MIB, RLIM_INFINITY };
	static char stack[8192];
	static struct {
		void *next;
		long offset;
		void *pending;
	} head = { &head, 0, NULL };
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };

	SYS(prctl(PR_SET_PDEATHSIG, SIGUSR1));
	SYS(prctl(PR_SET_TIMERSLACK, 7777));
	SYS(prctl(PR_SET_KEEPCAPS, 1));
	SYS(prctl(PR_SET_CHILD_SUBREAPER, 1));
	SYS(personality(NO_RANDOMIZE | LIMIT_3GB));
	SYS(setrlimit(RLIMIT_STACK, &rl));
	SYS(sigaltstack(&ss, NULL));
	SYS(syscall(SYS_set_robust_list, &head, sizeof(head)));
	alarm(1000);
}

static void run_report(const char *name, void (*before)(void))
{
	pid_t pid = t_fork();

	if (pid == 0) {
		become_user();
		set_all();
		if (before)
			before();
		execl("./prog", "prog", "REPORT", name, NULL);
		FAIL("exec: %s", strerror(errno));
	}
	t_join(pid);
}

static void no_new_privs(void)
{
	SYS(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

static void not_dumpable(void)
{
	SYS(prctl(PR_SET_DUMPABLE, 0));
}

TEST_ROOT(exec_settings)
{
	make_program(0, 0, 0755);
	run_report("plain", NULL);
	run_report("plain, was not dumpable", not_dumpable);
	make_program(0, 0, 0711);
	run_report("unreadable", NULL);
	make_program(0, 0, 04755);
	run_report("set-uid", NULL);
	run_report("set-uid, no new privileges", no_new_privs);
	make_program(0, 50, 02755);
	run_report("set-gid", NULL);
	make_program(0, 50, 02745);
	run_report("set-gid without group x", NULL);
	make_program(USER, USER, 06755);
	run_report("set-id to oneself", NULL);
	make_program(0, 50, 06755);
	run_report("both", NULL);
}

/* Ids that differ already: the set-id program of the real user. */
static void other_effective(void)
{
	SYS(setresuid(USER, 0, 0));
	SYS(seteuid(77));
	SYS(prctl(PR_SET_DUMPABLE, 1));
	SYS(prctl(PR_SET_PDEATHSIG, SIGUSR1));
}

static void run_other_effective(mode_t mode, const char *what, const char *name)
{
	make_program(USER, USER, mode);
	pid_t pid = t_fork();

	if (pid == 0) {
		other_effective();
		execl("./prog", "prog", what, name, NULL);
		_exit(1);
	}
	t_join(pid);
}

TEST_ROOT(exec_other_effective)
{
	run_other_effective(0755, "REPORT", "ids differ");
	run_other_effective(04755, "REPORT-BUT-SECURE", "back to oneself");
}

/*
 * The program's effective user is the real one, though not the caller's
 * effective one. Linux compares either with the new one: 6.1 the real one,
 * so nothing is secure there; later versions, and Reprise, the effective one.
 */
TEST_REPRISE(secure_back_to_oneself)
{
	run_other_effective(0755, "SECURE", "1");
	run_other_effective(04755, "SECURE", "1");
}

/* What each call makes of the settings. */
TEST_ROOT(credential_calls)
{
	static const struct {
		const char *what;
		long nr, a, b, c;
	} call[] = {
		{ "setuid", SYS_setuid32, USER, 0, 0 },
		{ "setuid same", SYS_setuid32, 0, 0, 0 },
		{ "setgid", SYS_setgid32, USER, 0, 0 },
		{ "setreuid real", SYS_setreuid32, USER, -1, 0 },
		{ "setreuid eff", SYS_setreuid32, -1, USER, 0 },
		{ "setregid eff", SYS_setregid32, -1, USER, 0 },
		{ "setresuid saved", SYS_setresuid32, -1, -1, USER },
		{ "setresuid eff", SYS_setresuid32, -1, USER, -1 },
		{ "setresgid eff", SYS_setresgid32, -1, USER, -1 },
		{ "setresgid real", SYS_setresgid32, USER, -1, -1 },
		{ "setfsuid", SYS_setfsuid32, USER, 0, 0 },
		{ "setfsgid", SYS_setfsgid32, USER, 0, 0 },
		{ "setgroups", SYS_setgroups32, 0, 0, 0 },
	};

	for (unsigned i = 0; i < sizeof(call) / sizeof(call[0]); i++) {
		pid_t pid = t_fork();

		if (pid == 0) {
			SYS(prctl(PR_SET_DUMPABLE, 1));
			SYS(prctl(PR_SET_PDEATHSIG, SIGUSR2));
			SYS(prctl(PR_SET_KEEPCAPS, 1));
			SYS(syscall(call[i].nr, call[i].a, call[i].b, call[i].c));
			printf("%s: dumpable %d pdeathsig %d keepcaps %d\n", call[i].what,
			       prctl(PR_GET_DUMPABLE), get(PR_GET_PDEATHSIG), prctl(PR_GET_KEEPCAPS));
			fflush(stdout);
			_exit(0);
		}
		t_join(pid);
	}
}

static int may_look(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/environ", pid);
	fd = open(path, O_RDONLY);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* The same user looks into a process, with each of the programs. */
TEST_ROOT(who_may_look)
{
	static const struct {
		const char *what;
		mode_t mode;
	} prog[] = { { "plain", 0755 }, { "unreadable", 0711 }, { "set-uid", 04755 }, { "set-gid", 02755 } };

	for (unsigned i = 0; i < sizeof(prog) / sizeof(prog[0]); i++) {
		make_program(0, 0, prog[i].mode);
		pid_t pid = t_fork();

		if (pid == 0) {
			int p[2];
			become_user();
			SYS(pipe2(p, O_CLOEXEC));
			pid_t it = SYS(fork());

			if (it == 0) {
				execl("./prog", "prog", "PAUSE", NULL);
				_exit(1);
			}
			close(p[1]);
			CHECK_EQ(read(p[0], &p[1], 1), 0); /* the exec has closed it */
			printf("%s: %s\n", prog[i].what, may_look(it) ? "may look" : "may not look");
			fflush(stdout);
			_exit(0);
		}
		t_join(pid);
	}
}

TEST_REPRISE(trace_ends)
{
	char num[12];

	make_program(0, 0, 04755);
	pid_t pid = t_fork();
	if (pid == 0) {
		become_user();
		int fd = SYS(open("/proc/self/trace", O_RDWR));

		CHECK_EQ(write(fd, "1", 1), 1);
		snprintf(num, sizeof(num), "%d", fd);
		execl("./prog", "prog", "TRACE", num, NULL);
		_exit(1);
	}
	t_join(pid);
}

/* From outside, through a descriptor that is older than the program. */
TEST_REPRISE(trace_from_outside)
{
	char path[64];

	make_program(0, 0, 04755);
	pid_t pid = t_fork();
	if (pid == 0) {
		struct t_gate go = t_gate(), done = t_gate();
		int fd, p[2];
		become_user();
		SYS(pipe2(p, O_CLOEXEC));
		pid_t it = SYS(fork());

		if (it == 0) {
			t_open_gate(done);
			t_pass_gate(go);
			execl("./prog", "prog", "PAUSE", NULL);
			_exit(1);
		}
		t_pass_gate(done);
		snprintf(path, sizeof(path), "/proc/%d/trace", it);
		fd = SYS(open(path, O_RDWR));
		CHECK_EQ(write(fd, "1", 1), 1);
		close(p[1]);
		t_open_gate(go);
		CHECK_EQ(read(p[0], &p[1], 1), 0);
		CHECK_ERR(write(fd, "1", 1), EACCES);
		CHECK_ERR(pread(fd, path, 1, 0), EACCES);
		_exit(0);
	}
	t_join(pid);
}

TEST_REPRISE(nosuid_mount)
{
	SYS(mkdir("m", 0777));
	SYS(mount("none", "m", "tmpfs", MS_NOSUID, NULL));
	SYS(chdir("m"));
	make_program(0, 0, 04755);
	pid_t pid = t_fork();
	if (pid == 0) {
		become_user();
		set_all();
		execl("./prog", "prog", "NOTSET", NULL);
		_exit(1);
	}
	t_join(pid);
	SYS(chdir(".."));
	SYS(umount("m"));
}

static volatile sig_atomic_t got;

static void note(int sig)
{
	got = sig;
}

/* A child with another exit signal: exec of the child, and of the parent, brings SIGCHLD back. */
static pid_t child_with_signal(int sig)
{
	return SYS(syscall(SYS_clone, sig, 0, 0, 0, 0));
}

TEST(exit_signal)
{
	int st;

	signal(SIGUSR1, note);
	signal(SIGCHLD, note);
	pid_t pid = child_with_signal(SIGUSR1);
	if (pid == 0)
		_exit(3);
	CHECK_ERR(waitpid(pid, &st, 0), ECHILD);
	CHECK_EQ(waitpid(pid, &st, __WCLONE), pid);
	CHECK_EQ(got, SIGUSR1);
	pid = child_with_signal(SIGUSR1);
	if (pid == 0) {
		execl(self, "rights", "-l", NULL);
		_exit(1);
	}
	CHECK_EQ(waitpid(pid, &st, __WALL), pid);
	CHECK_EQ(got, SIGCHLD);
	CHECK_EQ(st, 0);
}

/*
 * A child ends when its parent has executed another program. The signal of
 * its end, SIGKILL, was for the program before. The end of a pipe tells the
 * child: the pipe is closed on exec, or else by the new program.
 */
static void end_after_exec(int cloexec)
{
	char num[12], c;
	int p[2], gone[2]; /* gone: its last writer is the grandchild */

	SYS(pipe(p));
	SYS(pipe2(gone, O_CLOEXEC));
	snprintf(num, sizeof(num), "%d", p[1]);
	pid_t pid = t_fork();
	if (pid == 0) {
		if (child_with_signal(SIGKILL) == 0) {
			SYS(close(p[1]));
			CHECK_EQ(read(p[0], &c, 1), 0);
			_exit(0);
		}
		SYS(fcntl(p[1], F_SETFD, cloexec));
		execl(self, "rights", "PAUSE", num, NULL);
		_exit(1);
	}
	SYS(close(p[1]));
	SYS(close(gone[1]));
	CHECK_EQ(read(p[0], &c, 1), 0);
	CHECK_EQ(read(gone[0], &c, 1), 0);
	/* The grandchild is about to end; the program pauses on. */
	for (int i = 0; i < 200; i++)
		sched_yield();
	t_await_state(pid, "S");
	SYS(kill(pid, SIGTERM));
	CHECK_EQ(t_wait(pid), SIGTERM);
	SYS(close(p[0]));
	SYS(close(gone[0]));
}

TEST(exit_signal_of_old_program)
{
	end_after_exec(0);
}

/* Linux closes first, and only then counts the program. */
TEST_REPRISE(exit_signal_after_close_on_exec)
{
	for (int i = 0; i < 20; i++)
		end_after_exec(FD_CLOEXEC);
}
