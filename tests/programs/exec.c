/* SPDX-License-Identifier: MIT */
/* execve: what a new program gets, what it keeps of the old one, and what is refused. */
#include "t.h"
#include <limits.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static char self[PATH_MAX];

/* `exec KEPT FD1 FD2 PID PPID`: looks whether execve kept what it must keep. */
static void kept(char **argv)
{
	char cwd[PATH_MAX];
	struct sigaction sa;
	sigset_t set;

	CHECK_EQ(getpid(), atoi(argv[4]));
	CHECK_EQ(getppid(), atoi(argv[5]));
	CHECK(fcntl(atoi(argv[2]), F_GETFD) == 0);
	CHECK_ERR(fcntl(atoi(argv[3]), F_GETFD), EBADF);
	CHECK(getcwd(cwd, sizeof(cwd)) && strcmp(strrchr(cwd, '/'), "/d") == 0);
	CHECK_EQ(umask(0), 027);
	SYS(sigaction(SIGUSR1, NULL, &sa));
	CHECK(sa.sa_handler == SIG_IGN);
	SYS(sigaction(SIGUSR2, NULL, &sa));
	CHECK(sa.sa_handler == SIG_DFL);
	SYS(sigprocmask(SIG_BLOCK, NULL, &set));
	CHECK(sigismember(&set, SIGTERM));
	SYS(sigpending(&set));
	CHECK(sigismember(&set, SIGTERM) && !sigismember(&set, SIGUSR1));
	unsigned left = alarm(0);
	CHECK(left > 90000 && left <= 100000);
	errno = 0;
	CHECK_EQ(nice(0), 3);
}

/* `exec SAY ARGS...` prints what the new program sees. */
static int t_hook(int argc, char **argv)
{
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n > 0)
		self[n] = 0;
	if (argc == 6 && strcmp(argv[1], "KEPT") == 0) {
		kept(argv);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "WAIT") == 0) {
		for (;;)
			pause();
	}
	if (argc == 3 && strcmp(argv[1], "COMM") == 0) {
		char comm[17] = "";

		SYS(prctl(PR_GET_NAME, comm));
		printf("%s\n", comm);
		return 0;
	}
	if (argc < 2 || strcmp(argv[1], "SAY") != 0)
		return -1;
	printf("argc %d", argc);
	for (int i = 2; i < argc; i++)
		printf(" [%s]", argv[i]);
	printf("\n");
	for (char **e = environ; *e; e++)
		printf("env %s\n", *e);
	fflush(stdout);
	return 33;
}

/* Runs argv[0] with one environment; its output in out. Returns its wait status, or -errno of exec. */
static int run(char *const argv[], char *const envp[], char *out, size_t size)
{
	struct t_gate g = t_gate();
	int report[2];
	SYS(pipe2(report, O_CLOEXEC));
	pid_t pid = t_fork();

	if (pid == 0) {
		dup2(g.g_fd[1], 1);
		close(g.g_fd[1]);
		close(g.g_fd[0]);
		execve(argv[0], argv, envp);
		int e = errno;
		_exit(write(report[1], &e, sizeof(e)) != sizeof(e));
	}
	close(g.g_fd[1]);
	close(report[1]);
	size_t n = 0;
	ssize_t r;
	while ((r = read(g.g_fd[0], out + n, size - 1 - n)) > 0)
		n += r;
	out[n] = 0;
	int e = 0, st = t_wait(pid);
	if (read(report[0], &e, sizeof(e)) == sizeof(e))
		st = -e;
	close(g.g_fd[0]);
	close(report[0]);
	return st;
}

static char *const no_env[] = { NULL };

TEST(arguments_and_environment)
{
	char out[4096];
	char *argv[] = { self, "SAY", "one", "", "three  with spaces", "\xff\xfe", NULL };
	char *envp[] = { "A=1", "EMPTY=", "noequals", NULL };

	CHECK_EQ(run(argv, envp, out, sizeof(out)), 33 << 8);
	CHECK_STR(out, "argc 6 [one] [] [three  with spaces] [\xff\xfe]\nenv A=1\nenv EMPTY=\nenv noequals\n");
	char *bare[] = { self, "SAY", NULL };
	CHECK_EQ(run(bare, no_env, out, sizeof(out)), 33 << 8);
	CHECK_STR(out, "argc 2\n");
}

TEST(many_arguments)
{
	enum { N = 3000 };
	static char *argv[N + 1];
	static char out[65536];

	argv[0] = self;
	argv[1] = "SAY";
	for (int i = 2; i < N; i++)
		argv[i] = "0123456789";
	CHECK_EQ(run(argv, no_env, out, sizeof(out)), 33 << 8);
	CHECK(strncmp(out, "argc 3000 [0123456789]", 22) == 0);
	CHECK_EQ(strlen(out), 9 + 13 * (N - 2) + 1);
}

TEST(too_long)
{
	char *one = malloc(200000), out[64];
	static char *argv[1200];

	/* A single string is limited to 128 KiB. */
	memset(one, 'x', 199999);
	one[199999] = 0;
	char *a1[] = { self, "SAY", one, NULL };
	CHECK_EQ(run(a1, no_env, out, sizeof(out)), -E2BIG);
	/* All together to a quarter of the stack limit. */
	one[99999] = 0;
	for (int i = 0; i < 1000; i++)
		argv[i] = one;
	argv[0] = self;
	argv[1000] = NULL;
	CHECK_EQ(run(argv, no_env, out, sizeof(out)), -E2BIG);
}

TEST(errors)
{
	char out[64], longname[300], longpath[5000];
	char *argv[] = { "nothing-here", NULL };

	CHECK_EQ(run(argv, no_env, out, sizeof(out)), -ENOENT);
	argv[0] = "";
	CHECK_EQ(run(argv, no_env, out, sizeof(out)), -ENOENT);
	t_put("plain", "hello", 5);
	argv[0] = "plain";
	CHECK_EQ(run(argv, no_env, out, sizeof(out)), -EACCES);
	argv[0] = "plain/x";
	CHECK_EQ(run(argv, no_env, out, sizeof(out)), -ENOTDIR);
	SYS(chmod("plain", 0755));
	argv[0] = "plain";
	CHECK_EQ(run(argv, no_env, out, sizeof(out)), -ENOEXEC);
	t_put("plain", "", 0);
	CHECK_EQ(run(argv, no_env, out, sizeof(out)), -ENOEXEC);
	SYS(mkdir("dir", 0755));
	argv[0] = "dir";
	CHECK_EQ(run(argv, no_env, out, sizeof(out)), -EACCES);
	SYS(symlink("loop", "loop"));
	argv[0] = "loop";
	CHECK_EQ(run(argv, no_env, out, sizeof(out)), -ELOOP);
	memset(longname, 'n', 299);
	longname[299] = 0;
	argv[0] = longname;
	CHECK_EQ(run(argv, no_env, out, sizeof(out)), -ENAMETOOLONG);
	memset(longpath, '/', 4999);
	longpath[4999] = 0;
	argv[0] = longpath;
	CHECK_EQ(run(argv, no_env, out, sizeof(out)), -ENAMETOOLONG);
}

static void script(const char *name, const char *text)
{
	t_put(name, text, strlen(text));
	SYS(chmod(name, 0755));
}

TEST(scripts)
{
	char out[1024], text[PATH_MAX + 64];
	char *argv[] = { "./s", "a", "b", NULL };

	/* The interpreter gets one optional argument, the script's path, and the arguments from the second on. */
	snprintf(text, sizeof(text), "#!%s SAY\nignored\n", self);
	script("s", text);
	CHECK_EQ(run(argv, no_env, out, sizeof(out)), 33 << 8);
	CHECK_STR(out, "argc 5 [./s] [a] [b]\n");
	snprintf(text, sizeof(text), "#! \t %s   SAY   two words \t \nignored\n", self);
	script("s", text);
	/* All behind the interpreter is one argument, so the program does not know "SAY   two words" and lists no case. */
	CHECK_EQ(run(argv, no_env, out, sizeof(out)), 0);
	script("s", "#!/nothing/here\n");
	CHECK_EQ(run(argv, no_env, out, sizeof(out)), -ENOENT);
	script("s", "#!\n");
	CHECK_EQ(run(argv, no_env, out, sizeof(out)), -ENOEXEC);
	script("s", "#!   \t\n");
	CHECK_EQ(run(argv, no_env, out, sizeof(out)), -ENOEXEC);
	script("s", "#!s\n");
	CHECK_EQ(run(argv, no_env, out, sizeof(out)), -ELOOP);
	script("s", "#!.\n");
	CHECK_EQ(run(argv, no_env, out, sizeof(out)), -EACCES);
	/* Scripts of scripts, up to a limit. */
	snprintf(text, sizeof(text), "#!%s SAY\n", self);
	script("s1", text);
	script("s2", "#!s1 x\n");
	char *nested[] = { "s2", "arg", NULL };
	CHECK_EQ(run(nested, no_env, out, sizeof(out)), 33 << 8);
	CHECK_STR(out, "argc 6 [s1] [x] [s2] [arg]\n");
	for (int i = 3; i < 9; i++) {
		char name[8];
		snprintf(name, sizeof(name), "s%d", i);
		snprintf(text, sizeof(text), "#!s%d\n", i - 1);
		script(name, text);
	}
	nested[0] = "s8";
	CHECK_EQ(run(nested, no_env, out, sizeof(out)), -ELOOP);
}

/* A chain of n scripts, of which the last is interpreted by this program; what they are called with, and the process's name. */
TEST(chain_of_scripts)
{
	char out[1024], text[PATH_MAX + 64], name[8];

	snprintf(text, sizeof(text), "#!%s SAY\n", self);
	script("c1", text);
	for (int i = 2; i < 9; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		snprintf(text, sizeof(text), "#!c%d %d\n", i - 1, i);
		script(name, text);
	}
	for (int i = 1; i < 9; i++) {
		char *argv[] = { name, "a", NULL };

		snprintf(name, sizeof(name), "c%d", i);
		int st = run(argv, no_env, out, sizeof(out));
		printf("%d: %d %s", i, st, st == 33 << 8 ? out : "\n");
	}
	/* The interpreter's own error comes before that of the length. */
	script("c1", "#!/nothing/here\n");
	for (int i = 4; i < 8; i++) {
		char *argv[] = { name, "a", NULL };

		snprintf(name, sizeof(name), "c%d", i);
		printf("%d: %d\n", i, run(argv, no_env, out, sizeof(out)));
	}
}

/* A first line of len bytes: "#!", blanks, a path ("././.../i"), what follows. */
static void long_line(size_t len, size_t blanks, const char *rest, const char *end)
{
	char text[600];
	size_t n = 2 + blanks;

	memset(text, ' ', sizeof(text));
	memcpy(text, "#!", 2);
	while (n + 3 + strlen(rest) <= len) {
		memcpy(text + n, "./", 2);
		n += 2;
	}
	if (n + 1 + strlen(rest) < len)
		text[n++] = '/'; /* two in a row, for an odd length */
	text[n++] = 'i';
	n += snprintf(text + n, sizeof(text) - n, "%s%s", rest, end);
	text[n] = 0;
	script("SAY", text);
}

/* The kernel looks at the first 256 bytes: a path that is cut there is none; an argument may be. */
TEST(long_first_lines)
{
	static const struct {
		size_t blanks;
		const char *rest, *end;
	} kind[] = { { 0, "", "\n" },	{ 0, "", "" },	       { 0, "", " " },
		     { 0, "", " \nx" }, { 200, "", "\n" },     { 0, " arg", "\n" },
		     { 0, " arg", "" }, { 0, " arg   ", "\n" } };
	char *argv[] = { "SAY", "a", NULL }, out[1024];

	SYS(symlink(self, "i"));
	for (unsigned k = 0; k < sizeof(kind) / sizeof(kind[0]); k++) {
		for (size_t len = 250; len < 264; len++) {
			long_line(len, kind[k].blanks, kind[k].rest, kind[k].end);
			int st = run(argv, no_env, out, sizeof(out));
			printf("%u, %u: %d %s", k, (unsigned)len, st, st == 33 << 8 ? out : "\n");
		}
	}
	/* Nothing but blanks. */
	static char blank[400];
	memset(blank, ' ', 300);
	memcpy(blank, "#!", 2);
	script("SAY", blank);
	CHECK_EQ(run(argv, no_env, out, sizeof(out)), -ENOEXEC);
}

/* `exec COMM SCRIPT` prints the process's name. */
TEST(name_of_script)
{
	char text[PATH_MAX + 64], out[256];
	char *argv[] = { "./a.script", NULL };

	snprintf(text, sizeof(text), "#!%s COMM\n", self);
	script("a.script", text);
	CHECK_EQ(run(argv, no_env, out, sizeof(out)), 0);
	CHECK_STR(out, "a.script\n");
}

TEST(keeps_and_drops)
{
	struct t_gate g = t_gate();
	pid_t pid = t_fork();

	if (pid == 0) {
		sigset_t set;
		char fd1[16], fd2[16];

		SYS(mkdir("d", 0755));
		SYS(chdir("d"));
		umask(027);
		signal(SIGUSR1, SIG_IGN);
		signal(SIGUSR2, (void (*)(int))1234567);
		sigemptyset(&set);
		sigaddset(&set, SIGTERM);
		SYS(sigprocmask(SIG_BLOCK, &set, NULL));
		raise(SIGTERM);
		alarm(100000);
		nice(3);
		snprintf(fd1, sizeof(fd1), "%d", dup(0));
		snprintf(fd2, sizeof(fd2), "%d", fcntl(0, F_DUPFD_CLOEXEC, 50));
		char pidtext[16], ppid[16];

		snprintf(pidtext, sizeof(pidtext), "%d", getpid());
		snprintf(ppid, sizeof(ppid), "%d", getppid());
		t_open_gate(g);
		execl(self, self, "KEPT", fd1, fd2, pidtext, ppid, NULL);
		_exit(99);
	}
	t_pass_gate(g);
	t_join(pid);
}

TEST(alarm_kills_new_program)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		alarm(1);
		execl(self, self, "WAIT", NULL);
		_exit(99);
	}
	CHECK_EQ(WTERMSIG(t_wait(pid)), SIGALRM);
}

TEST(auxiliary_vector)
{
	CHECK_EQ(getauxval(AT_PAGESZ), 4096);
	CHECK_EQ(getauxval(AT_PHENT), 32);
	CHECK(getauxval(AT_PHNUM) >= 2);
	CHECK(getauxval(AT_PHDR) >= 0x08048000 && getauxval(AT_PHDR) < 0x08049000);
	CHECK(getauxval(AT_ENTRY) >= 0x08048000);
	CHECK(getauxval(AT_RANDOM) != 0);
	CHECK_EQ(getauxval(AT_UID), getuid());
	CHECK_EQ(getauxval(AT_EUID), geteuid());
	CHECK_EQ(getauxval(AT_GID), getgid());
	CHECK_EQ(getauxval(AT_EGID), getegid());
	CHECK_EQ(getauxval(AT_SECURE), 0);
	CHECK_EQ(getauxval(AT_CLKTCK), 100);
	CHECK(strstr((const char *)getauxval(AT_EXECFN), "exec") != NULL);
}

TEST(closed_descriptors_and_dead_cwd)
{
	char out[64];

	SYS(mkdir("gone", 0755));
	SYS(chdir("gone"));
	SYS(rmdir("../gone"));
	char *argv[] = { self, "SAY", NULL };
	CHECK_EQ(run(argv, no_env, out, sizeof(out)), 33 << 8);
	CHECK_STR(out, "argc 2\n");
}

TEST(many_in_a_row)
{
	char out[64];
	char *argv[] = { self, "SAY", "x", NULL };

	for (int i = 0; i < 60; i++)
		CHECK_EQ(run(argv, no_env, out, sizeof(out)), 33 << 8);
}
