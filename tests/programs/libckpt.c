/* SPDX-License-Identifier: MIT */
/*
 * The user-level library of user/libckpt: what it saves and brings back, its
 * files, its options, and what it refuses. It runs tests/programs/lctarget.c.
 */
#include "t.h"

#include <dirent.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/resource.h>

#define SAVED 3
#define REFUSED 4

static char target[PATH_MAX];

static int t_hook(int argc, char **argv)
{
	char path[PATH_MAX];

	CHECK(realpath(argv[0], path) != NULL);
	snprintf(target, sizeof(target), "%s/lctarget", dirname(path));
	return -1;
}

/*
 * Runs a program with its output, both streams, in the file `said`. Returns:
 * its exit status, or -signal.
 */
static int run_as(const char *program, const char *arg, const char *second)
{
	int st;
	pid_t pid = t_fork();

	if (pid == 0) {
		int null = SYS(open("/dev/null", O_RDONLY)),
		    said = SYS(open("said", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0666));

		SYS(dup2(null, 0));
		SYS(dup2(said, 1));
		SYS(dup2(said, 2));
		SYS(close(null));
		SYS(close(said));
		execl(program, basename((char *)program), arg, second, NULL);
		_exit(127);
	}
	st = t_wait(pid);
	return WIFEXITED(st) ? WEXITSTATUS(st) : -WTERMSIG(st);
}

static int run(const char *arg)
{
	return run_as(target, arg, NULL);
}

static bool said(const char *part)
{
	static char text[4096];
	int fd = SYS(open("said", O_RDONLY));
	ssize_t n = read(fd, text, sizeof(text) - 1);

	SYS(close(fd));
	text[n > 0 ? n : 0] = '\0';
	return strstr(text, part) != NULL;
}

/* Status and words; if they are others, what was said is shown. */
static void expect(int status, int wanted, const char *part)
{
	if (status == wanted && said(part))
		return;
	if (system("cat said") != 0)
		FAIL("cat");
	FAIL("expected %d and \"%s\", found %d", wanted, part, status);
}

/* Saves a kind of state, and brings it back twice. */
static void there_and_back(const char *kind)
{
	expect(run(kind), SAVED, "saved\n");
	for (int i = 0; i < 2; i++)
		expect(run("=recover"), 0, "recovered\n");
}

TEST(registers)
{
	there_and_back("registers");
}

TEST(memory)
{
	there_and_back("memory");
}

TEST(signals)
{
	there_and_back("signals");
}

TEST(handler)
{
	there_and_back("handler");
}

/* Once: the recovered program appends to its file, as it would have. */
TEST(files)
{
	expect(run("files"), SAVED, "saved\n");
	expect(run("=recover"), 0, "recovered\n");
	SYS(unlink("in"));
	expect(run("=recover"), 1, "libckpt: not recovered: ");
	CHECK(said("/in: No such file or directory\n"));
}

TEST(forked)
{
	there_and_back("forked");
}

TEST(incremental)
{
	there_and_back("incremental");
}

TEST(incremental_forked)
{
	there_and_back("incremental-forked");
}

/* The files of checkpoints, temporary ones too. */
static int images(void)
{
	DIR *d = opendir(".");
	struct dirent *e;
	int n = 0;

	while ((e = readdir(d)))
		n += strncmp(e->d_name, "lctarget.ckpt.", 14) == 0;
	closedir(d);
	return n;
}

TEST(coalesced)
{
	there_and_back("coalesced");
	/* The 9th is whole; the 10th and 11th need it. */
	CHECK_EQ(images(), 3);
}

TEST(excluded)
{
	there_and_back("excluded");
}

TEST(transparent)
{
	t_put(".ckptrc", "maxtime 1\n", 10);
	expect(run("transparent"), SAVED, "saved\n");
	t_put("second", "", 0);
	expect(run("=recover"), 0, "recovered\n");
}

static void damage(const char *path, off_t at)
{
	int fd = SYS(open(path, O_RDWR));
	char c;

	CHECK_EQ(pread(fd, &c, 1, at), 1);
	c ^= 1;
	CHECK_EQ(pwrite(fd, &c, 1, at), 1);
	SYS(close(fd));
}

/*
 * Each part of a file has a sum. An older file that is whole is taken in its
 * place, and the next one is whole.
 */
TEST(damaged)
{
	expect(run("incremental"), SAVED, "saved\n");
	CHECK_EQ(images(), 4);
	damage("lctarget.ckpt.4", 5000);
	expect(run("=recover"), SAVED, "/lctarget.ckpt.4 is damaged: wrong sum of its contents\n");
	CHECK_EQ(images(), 1);
	damage("lctarget.ckpt.4", 300);
	expect(run("=recover"), 1, "/lctarget.ckpt.4 is damaged: wrong sum of its head\n");
	damage("lctarget.ckpt.4", 300);
	SYS(truncate("lctarget.ckpt.4", 500000));
	expect(run("=recover"), 1, "/lctarget.ckpt.4 is too short\n");
	CHECK(said("not recovered: there is no whole checkpoint "));
}

/* The newest needs all that come before it, back to one that is whole. */
TEST(gap)
{
	expect(run("coalesced"), SAVED, "saved\n");
	damage("lctarget.ckpt.10", 5000);
	expect(run("=recover"), SAVED, "/lctarget.ckpt.10 is damaged: wrong sum of its contents\n");
	CHECK_EQ(images(), 2);
	expect(run("=recover"), 0, "recovered\n");
}

TEST(foreign)
{
	expect(run("=recover"), 1, "/lctarget.ckpt.*\n");
	t_put("lctarget.ckpt.1", "junk", 4);
	expect(run("=recover"), 1, "/lctarget.ckpt.1 is too short\n");
	SYS(chmod("lctarget.ckpt.1", 0666));
	expect(run("=recover"), 1, "/lctarget.ckpt.1 may have been written by another user\n");
	SYS(chmod("lctarget.ckpt.1", 0600));
	SYS(truncate("lctarget.ckpt.1", 8192));
	expect(run("=recover"), 1, "/lctarget.ckpt.1 is no checkpoint of this library\n");
	expect(run_as(target, "=recover", "dir/other"), 1, "/dir/other.ckpt.*\n");
}

/* No room for the second: the first stays, and the program goes on. */
TEST(no_room)
{
	struct rlimit small = { 100000, 100000 };

	expect(run("registers"), SAVED, "saved\n");
	signal(SIGXFSZ, SIG_IGN);
	SYS(setrlimit(RLIMIT_FSIZE, &small));
	expect(run("memory"), REFUSED, "/lctarget.ckpt.2: File too large\n");
	expect(run("forked"), REFUSED, "/lctarget.ckpt.2: File too large\n");
	CHECK_EQ(images(), 1);
	expect(run("=recover"), 0, "recovered\n");
}

static void wrong_options(const char *text, const char *message)
{
	t_put(".ckptrc", text, strlen(text));
	expect(run("registers"), 2, message);
	CHECK_EQ(images(), 0);
}

TEST(options)
{
	wrong_options("fork on\nspeed 3\n", "libckpt: .ckptrc:2: there is no option 'speed'\n");
	wrong_options("fork\n", "libckpt: .ckptrc:1: option 'fork': expected one value\n");
	wrong_options("fork on off\n", "libckpt: .ckptrc:1: option 'fork': expected one value\n");
	wrong_options("# all\n\nfork maybe # no\n", "libckpt: .ckptrc:3: fork: expected on or off, found 'maybe'\n");
	wrong_options("maxfiles 0\n", "libckpt: .ckptrc:1: maxfiles: expected 1 to 32, found '0'\n");
	wrong_options("mintime 3x\n", "mintime: expected 0 to 1000000, found '3x'\n");
	SYS(setenv("CKPTRC", "absent", 1));
	expect(run("registers"), 2, "libckpt: absent: No such file or directory\n");
	SYS(unsetenv("CKPTRC"));
	t_put(".ckptrc", "dir d\nname n\nverbose on\n", 25);
	expect(run("registers"), REFUSED, "/d/n.ckpt.1.new: No such file or directory\n");
	SYS(mkdir("d", 0777));
	expect(run("registers"), SAVED, "libckpt: saved n.ckpt.1: ");
	SYS(access("d/n.ckpt.1", F_OK));
	expect(run("=recover"), 0, "recovered\n");
	SYS(unlink(".ckptrc"));
	expect(run_as(target, "=recover", "d/n"), 0, "recovered\n");
}

/*
 * Each limit in a line; system/libckpt.py shows that the kernel has none of
 * them.
 */
TEST(limits)
{
	static const char *const limits[][2] = {
		{ "pending", "not saved: signal 10 is pending" },
		{ "pipe", "is a pipe\n" },
		{ "timer", "not saved: an interval timer runs\n" },
		{ "shared", "is mapped shared\n" },
		{ "unlinked", "its file has no name any more" },
		{ "lock", "its lock would be lost" },
		{ "child", "not saved: it has children" },
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		expect(run(limits[i][0]), REFUSED, limits[i][1]);
		CHECK_EQ(images(), 0);
	}
}

TEST(threads)
{
	char program[PATH_MAX];

	snprintf(program, sizeof(program), "%.*s/lcthreads", (int)(strrchr(target, '/') - target), target);
	expect(run_as(program, "running", NULL), REFUSED, "libckpt: not saved: it has 2 threads");
	/* The kernel may count a thread for a while after it has been joined. */
	for (int i = 0; i < 10; i++)
		expect(run_as(program, "joined", NULL), SAVED, "saved\n");
	expect(run_as(program, "=recover", NULL), 0, "recovered\n");
}
