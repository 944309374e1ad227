/* SPDX-License-Identifier: MIT */
/* /proc: the files that busybox and people read, and that what they say is true. */
#include "t.h"
#include <dirent.h>
#include <limits.h>
#include <pthread.h>
#include <sys/mman.h>

static char text[65536];

static const char *slurp(const char *path)
{
	int fd = SYS(open(path, O_RDONLY));
	size_t n = 0;
	ssize_t r;

	while ((r = read(fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += r;
	CHECK_EQ(r, 0);
	text[n] = 0;
	SYS(close(fd));
	return text;
}

static const char *of(pid_t pid, const char *file)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	return path;
}

/* The number behind a key in a file of "Key: value" lines. */
static long value(const char *path, const char *key)
{
	const char *p = strstr(slurp(path), key);

	if (!p)
		FAIL("no %s in %s", key, path);
	return strtol(p + strlen(key), NULL, 10);
}

TEST(self_is_me)
{
	char buf[32];
	ssize_t n = SYS(readlink("/proc/self", buf, sizeof(buf) - 1));

	buf[n] = 0;
	CHECK_EQ(atoi(buf), getpid());
	CHECK_EQ(value("/proc/self/status", "\nPid:"), getpid());
	CHECK_EQ(value("/proc/self/status", "\nPPid:"), getppid());
	CHECK_EQ(value("/proc/self/status", "\nUid:"), getuid());
	CHECK_EQ(value("/proc/self/status", "\nThreads:"), 1);
}

TEST(stat_line)
{
	int pid, ppid, pgrp, sid, tty, tpgid;
	char comm[64], state;

	CHECK_EQ(sscanf(slurp("/proc/self/stat"), "%d (%63[^)]) %c %d %d %d %d %d", &pid, comm,
			&state, &ppid, &pgrp, &sid, &tty, &tpgid),
		 8);
	CHECK(pid == getpid() && ppid == getppid() && pgrp == getpgrp() && sid == getsid(0));
	CHECK_EQ(state, 'R');
	CHECK_STR(comm, "procfs");
	int fields = 1;
	for (char *p = strchr(text, ')'); *p; p++)
		fields += *p == ' ';
	CHECK(fields >= 40);
	long size;
	CHECK(sscanf(slurp("/proc/self/statm"), "%ld", &size) == 1 && size > 10);
}

TEST(command_line_and_environment)
{
	pid_t pid;
	struct t_gate g = t_gate();

	slurp("/proc/self/cmdline");
	CHECK(strstr(text, "procfs") != NULL);
	pid = t_fork();
	if (pid == 0) {
		dup2(g.g_fd[0], 0);
		char *argv[] = { "/proc/self/exe", "WAIT", "b c", NULL }, *envp[] = { "X=1", "Y=22", NULL };
		execve(argv[0], argv, envp);
		_exit(99);
	}
	for (int i = 0; i < 10000 && strncmp(slurp(of(pid, "environ")), "X=1", 4) != 0; i++)
		usleep(1000);
	CHECK(memcmp(slurp(of(pid, "environ")), "X=1\0Y=22\0", 9) == 0);
	CHECK(memcmp(slurp(of(pid, "cmdline")), "/proc/self/exe\0WAIT\0b c\0", 24) == 0);
	t_open_gate(g);
	t_join(pid);
}

static int t_hook(int argc, char **argv)
{
	char c;

	if (argc != 3 || strcmp(argv[1], "WAIT") != 0)
		return -1;
	return read(0, &c, 1) != 1;
}

TEST(links)
{
	char cwd[PATH_MAX], buf[PATH_MAX];
	ssize_t n;

	CHECK(getcwd(cwd, sizeof(cwd)) != NULL);
	n = SYS(readlink("/proc/self/cwd", buf, sizeof(buf) - 1));
	buf[n] = 0;
	CHECK_STR(buf, cwd);
	n = SYS(readlink("/proc/self/root", buf, sizeof(buf) - 1));
	CHECK(n == 1 && *buf == '/');
	n = SYS(readlink("/proc/self/exe", buf, sizeof(buf) - 1));
	buf[n] = 0;
	CHECK_STR(strrchr(buf, '/'), "/procfs");
	t_put("file", "contents", 8);
	int fd = SYS(open("file", O_RDONLY));
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = SYS(readlink(path, buf, sizeof(buf) - 1));
	buf[n] = 0;
	strcat(cwd, "/file");
	CHECK_STR(buf, cwd);
	/* Opening it opens the file. */
	int again = SYS(open(path, O_RDONLY));
	CHECK_EQ(read(again, buf, 100), 8);
	int p[2];
	SYS(pipe(p));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p[0]);
	n = SYS(readlink(path, buf, sizeof(buf)));
	CHECK(n > 6 && memcmp(buf, "pipe:[", 6) == 0);
}

TEST(descriptors_listed)
{
	int seen = 0, fds[3];
	struct dirent *de;

	for (int i = 0; i < 3; i++)
		fds[i] = SYS(open("/dev/null", O_RDONLY));
	DIR *d = opendir("/proc/self/fd");
	while ((de = readdir(d)) != NULL) {
		for (int i = 0; i < 3; i++)
			seen += atoi(de->d_name) == fds[i];
	}
	closedir(d);
	CHECK_EQ(seen, 3);
}

TEST(maps)
{
	char *a = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
	     perm[5], line[64];
	unsigned from, to;
	int fd = SYS(open("/proc/self/exe", O_RDONLY));
	void *f = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

	SYS(mprotect(a + 4096, 4096, PROT_READ));
	slurp("/proc/self/maps");
	snprintf(line, sizeof(line), "%08x-%08x r--p", (unsigned)a + 4096, (unsigned)a + 8192);
	CHECK(strstr(text, line) != NULL);
	snprintf(line, sizeof(line), "%08x-%08x r--s", (unsigned)f, (unsigned)f + 4096);
	char *at = strstr(text, line);
	CHECK(at != NULL && strstr(at, "/procfs\n") != NULL);
	CHECK(strstr(text, "[stack]\n") != NULL);
	/* In order, without overlap; the code of this program is executable and not writable. */
	unsigned last = 0;
	int found = 0;
	for (char *p = text; *p; p = strchr(p, '\n') + 1) {
		CHECK_EQ(sscanf(p, "%x-%x %4s", &from, &to, perm), 3);
		CHECK(from >= last && to > from);
		last = to;
		if ((unsigned)slurp >= from && (unsigned)slurp < to) {
			CHECK_STR(perm, "r-xp");
			found++;
		}
	}
	CHECK_EQ(found, 1);
}

TEST(states_of_others)
{
	struct t_gate g = t_gate();
	pid_t sleeper = t_fork();

	if (sleeper == 0) {
		t_pass_gate(g);
		_exit(0);
	}
	t_await_state(sleeper, "S");
	pid_t spinner = t_fork();
	if (spinner == 0) {
		for (;;)
			;
	}
	t_await_state(spinner, "R");
	SYS(kill(spinner, SIGSTOP));
	t_await_state(spinner, "T");
	SYS(kill(spinner, SIGKILL));
	t_await_state(spinner, "Z");
	t_wait(spinner);
	CHECK_EQ(t_pstate(spinner), 0);
	CHECK_ERR(open(of(spinner, "stat"), O_RDONLY), ENOENT);
	t_open_gate(g);
	t_join(sleeper);
}

TEST(file_of_a_dead_process)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		for (;;)
			pause();
	}
	int fd = SYS(open(of(pid, "stat"), O_RDONLY)), maps = SYS(open(of(pid, "maps"), O_RDONLY));
	SYS(kill(pid, SIGKILL));
	t_wait(pid);
	CHECK(read(fd, text, 100) <= 0);
	CHECK(read(maps, text, 100) <= 0);
}

static void *sit(void *arg)
{
	char c;

	return (void *)(intptr_t)read(*(int *)arg, &c, 1);
}

TEST(threads_are_listed)
{
	struct t_gate g = t_gate();
	pthread_t th[3];
	struct dirent *de;
	int n = 0;

	for (int i = 0; i < 3; i++)
		CHECK_EQ(pthread_create(&th[i], NULL, sit, &g.g_fd[0]), 0);
	CHECK_EQ(value("/proc/self/status", "\nThreads:"), 4);
	DIR *d = opendir("/proc/self/task");
	while ((de = readdir(d)) != NULL)
		n += *de->d_name != '.';
	closedir(d);
	CHECK_EQ(n, 4);
	for (int i = 0; i < 3; i++)
		t_open_gate(g);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(pthread_join(th[i], NULL), 0);
}

TEST(system_files)
{
	double up, idle, load;
	long total = value("/proc/meminfo", "MemTotal:"), freemem = value("/proc/meminfo", "\nMemFree:");

	CHECK(total > 1000 && freemem > 0 && freemem < total);
	CHECK(sscanf(slurp("/proc/uptime"), "%lf %lf", &up, &idle) == 2 && up > 0);
	CHECK(sscanf(slurp("/proc/loadavg"), "%lf", &load) == 1 && load >= 0);
	CHECK(strncmp(slurp("/proc/stat"), "cpu ", 4) == 0 && strstr(text, "\ncpu0 ") && strstr(text, "\nbtime "));
	CHECK(strstr(slurp("/proc/mounts"), " / ") != NULL && strstr(text, " /proc proc ") != NULL);
	CHECK(strlen(slurp("/proc/version")) > 10);
	CHECK(strstr(slurp("/proc/filesystems"), "proc\n") != NULL);
	CHECK(strstr(slurp("/proc/cpuinfo"), "processor") != NULL);
	CHECK(strlen(slurp("/proc/sys/kernel/ostype")) > 1);
	CHECK(atoi(slurp("/proc/sys/kernel/pid_max")) >= 1000);
}

TEST(read_piece_by_piece)
{
	/* Byte by byte gives the same text as at once. */
	static char whole[65536];
	size_t n = strlen(slurp("/proc/filesystems")), got = 0;

	memcpy(whole, text, n);
	int fd = SYS(open("/proc/filesystems", O_RDONLY));
	while (got < sizeof(text) && read(fd, text + got, 1) == 1)
		got++;
	CHECK_EQ(got, n);
	CHECK(memcmp(whole, text, n) == 0);
	CHECK_EQ(pread(fd, text, 5, 3), 5);
	CHECK(memcmp(text, whole + 3, 5) == 0);
}

TEST(names_that_are_not_there)
{
	CHECK_ERR(open("/proc/99999", O_RDONLY), ENOENT);
	CHECK_ERR(open("/proc/self/nothing", O_RDONLY), ENOENT);
	CHECK_ERR(open("/proc/0", O_RDONLY), ENOENT);
	CHECK_ERR(open("/proc/01", O_RDONLY), ENOENT);
	CHECK_ERR(open("/proc/99999999999999999999", O_RDONLY), ENOENT);
	CHECK_ERR(open("/proc/self/fd/999", O_RDONLY), ENOENT);
	CHECK(open("/proc/new", O_CREAT | O_WRONLY, 0600) < 0);
	CHECK(mkdir("/proc/new", 0700) < 0);
	CHECK(unlink("/proc/uptime") < 0);
	CHECK(rename("/proc/uptime", "/proc/x") < 0);
}

TEST_ROOT(others_are_private)
{
	struct t_gate g = t_gate();
	pid_t pid = t_fork();

	if (pid == 0) {
		t_pass_gate(g);
		_exit(0);
	}
	pid_t other = t_fork();
	if (other == 0) {
		char buf[64];
		SYS(setuid(3456));
		SYS(close(SYS(open(of(pid, "stat"), O_RDONLY))));
		CHECK_ERR(open(of(pid, "environ"), O_RDONLY), EACCES);
		CHECK_ERR(opendir(of(pid, "fd")) ? 0 : -1, EACCES);
		CHECK_ERR(readlink(of(pid, "exe"), buf, sizeof(buf)), EACCES);
		_exit(0);
	}
	t_join(other);
	t_open_gate(g);
	t_join(pid);
}
