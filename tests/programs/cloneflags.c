/* SPDX-License-Identifier: MIT */
/* The flags of clone(2): what is refused, in which order, and what processes share that are no threads of one. */
#include "t.h"
#include <limits.h>
#include <sched.h>
#include <sys/mman.h>

#define STACK 65536

static const struct {
	const char *name;
	unsigned long flag;
} bits[] = {
	{ "VM", CLONE_VM },
	{ "FS", CLONE_FS },
	{ "FILES", CLONE_FILES },
	{ "PTRACE", CLONE_PTRACE },
	{ "PARENT", CLONE_PARENT },
	{ "THREAD", CLONE_THREAD },
	{ "UNTRACED", CLONE_UNTRACED },
	{ "SYSVSEM", CLONE_SYSVSEM },
	{ "DETACHED", CLONE_DETACHED },
	{ "IO", CLONE_IO },
	{ "SIGHAND", CLONE_SIGHAND },
};
#define NBITS (sizeof(bits) / sizeof(bits[0]))

static char stack[STACK] __attribute__((aligned(16)));

static int end(void *arg)
{
	(void)arg;
	_exit(0);
}

/* 0, or the errno. A child that was made is waited for; a sibling is the case's own parent's affair. */
static int try(unsigned long flags)
{
	int r = clone(end, stack + STACK, (int)flags | SIGCHLD, NULL), st;

	if (r < 0)
		return errno;
	if (!(flags & CLONE_PARENT))
		CHECK_EQ(waitpid(r, &st, __WALL), r);
	return 0;
}

/* In a process of its own, so that a sibling's parent is the case. */
static void show(const char *what, unsigned long flags)
{
	int st;
	pid_t pid = t_fork();

	if (pid == 0) {
		printf("%s: %d\n", what, try(flags));
		fflush(stdout);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &st, 0), pid);
	CHECK_EQ(st, 0);
	while (waitpid(-1, &st, __WALL) > 0)
		CHECK_EQ(st, 0);
}

/* Each pair of the flags that need no thread. */
TEST(pairs)
{
	char what[64];

	for (unsigned i = 0; i < NBITS; i++) {
		for (unsigned k = i; k < NBITS; k++) {
			unsigned long f = bits[i].flag | bits[k].flag;

			/* Handlers that two processes share are not offered here. */
			if ((f & CLONE_SIGHAND) && (f & CLONE_VM))
				continue;
			snprintf(what, sizeof(what), "%s %s", bits[i].name, bits[k].name);
			show(what, f);
		}
	}
}

TEST(sanitizer)
{
	show("as AddressSanitizer does", CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_UNTRACED);
}

TEST(order_of_errors)
{
	CHECK_EQ(try(CLONE_NEWNS | CLONE_FS), EINVAL);
	CHECK_EQ(try(CLONE_NEWUSER | CLONE_FS), EINVAL);
	CHECK_EQ(try(CLONE_THREAD), EINVAL);
	CHECK_EQ(try(CLONE_THREAD | CLONE_VM), EINVAL);
	CHECK_EQ(try(CLONE_SIGHAND), EINVAL);
	CHECK_EQ(try(CLONE_SIGHAND | CLONE_NEWUTS), EINVAL);
}

TEST_ROOT(namespaces_of_a_user)
{
	static const unsigned long ns[] = { CLONE_NEWNS,  CLONE_NEWUTS, CLONE_NEWIPC,
					    CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWCGROUP };

	SYS(setuid(1000));
	for (unsigned i = 0; i < sizeof(ns) / sizeof(ns[0]); i++)
		CHECK_EQ(try(ns[i]), EPERM);
}

/* Working directory, mask and root are one thing for both; and still after execve, which leaves the descriptors. */
struct meeting {
	struct t_gate there, back;
};

static int moves(void *arg)
{
	struct meeting *m = arg;

	SYS(chdir("d"));
	umask(031);
	t_open_gate(m->there);
	t_pass_gate(m->back);
	char cwd[PATH_MAX];
	CHECK(getcwd(cwd, sizeof(cwd)));
	CHECK_STR(strrchr(cwd, '/'), "/e");
	CHECK_EQ(umask(0), 07);
	_exit(0);
}

static void share_place(unsigned long flags)
{
	struct meeting m = { t_gate(), t_gate() };
	char cwd[PATH_MAX];
	int st;

	SYS(chdir("."));
	pid_t pid = SYS(clone(moves, stack + STACK, (int)flags | CLONE_FS | SIGCHLD, &m));
	t_pass_gate(m.there);
	CHECK(getcwd(cwd, sizeof(cwd)));
	CHECK_STR(strrchr(cwd, '/'), "/d");
	CHECK_EQ(access("../d", F_OK), 0);
	CHECK_EQ(umask(07), 031);
	SYS(chdir("../e"));
	t_open_gate(m.back);
	CHECK_EQ(waitpid(pid, &st, 0), pid);
	CHECK_EQ(st, 0);
	CHECK_EQ(umask(022), 0);
	SYS(chdir(".."));
}

TEST(one_place)
{
	SYS(mkdir("d", 0755));
	SYS(mkdir("e", 0755));
	share_place(0);
	share_place(CLONE_VM);
	share_place(CLONE_VM | CLONE_FILES | CLONE_UNTRACED);
	/* And without the flag. */
	pid_t pid = t_fork();
	if (pid == 0) {
		SYS(chdir("d"));
		umask(0);
		_exit(0);
	}
	t_join(pid);
	CHECK_EQ(umask(022), 022);
	CHECK_EQ(access("d", F_OK), 0);
}

static int leaves(void *arg)
{
	SYS(unshare(CLONE_FS));
	SYS(chdir("d"));
	umask(0);
	(void)arg;
	_exit(0);
}

TEST(leaves_shared_place)
{
	int st;

	SYS(mkdir("d", 0755));
	pid_t pid = SYS(clone(leaves, stack + STACK, CLONE_FS | SIGCHLD, NULL));
	CHECK_EQ(waitpid(pid, &st, 0), pid);
	CHECK_EQ(st, 0);
	CHECK_EQ(access("d", F_OK), 0);
	CHECK_EQ(umask(022), 022);
}

/* A sibling: the same parent, and it is that one which waits. */
static int tells_parent(void *arg)
{
	int *out = arg;
	pid_t parent = getppid();

	CHECK_EQ(write(*out, &parent, sizeof(parent)), (ssize_t)sizeof(parent));
	_exit(4);
}

TEST(sibling)
{
	int p[2], st;
	pid_t seen, it;

	SYS(pipe(p));
	pid_t pid = t_fork();
	if (pid == 0) {
		it = SYS(clone(tells_parent, stack + STACK, CLONE_PARENT | SIGUSR1, &p[1]));
		CHECK_ERR(waitpid(it, &st, __WALL), ECHILD);
		CHECK_EQ(write(p[1], &it, sizeof(it)), (ssize_t)sizeof(it));
		_exit(0);
	}
	t_join(pid);
	int here = 0;
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(read(p[0], &seen, sizeof(seen)), (ssize_t)sizeof(seen));
		if (seen == getpid())
			here = 1;
		else
			it = seen;
	}
	CHECK_EQ(here, 1);
	/* Its exit signal is its maker's: SIGCHLD, so that a plain wait finds it. */
	CHECK_EQ(waitpid(it, &st, 0), it);
	CHECK_EQ(WEXITSTATUS(st), 4);
}

/* A number that is no signal: no signal. */
TEST(no_exit_signal)
{
	int st;

	for (int sig = 65; sig < 256; sig += 95) {
		pid_t pid = SYS(syscall(SYS_clone, sig, 0, 0, 0, 0));

		if (pid == 0)
			_exit(6);
		CHECK_ERR(waitpid(pid, &st, 0), ECHILD);
		CHECK_EQ(waitpid(pid, &st, __WCLONE), pid);
		CHECK_EQ(WEXITSTATUS(st), 6);
	}
}

/* `cloneflags EUID` prints it. */
static int t_hook(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "EUID") == 0) {
		printf("euid %d\n", geteuid());
		return 0;
	}
	return -1;
}

static int runs_setid(void *arg)
{
	SYS(setuid(1000));
	execl(arg, "prog", "EUID", NULL);
	_exit(1);
}

/* A set-id bit does not count while another process can move the program's root and working directory. */
TEST_ROOT(setid_and_one_place)
{
	char buf[4096];
	ssize_t n;
	int from = SYS(open("/proc/self/exe", O_RDONLY)),
	    to = SYS(open("prog", O_WRONLY | O_CREAT | O_TRUNC, 0700));

	while ((n = read(from, buf, sizeof(buf))) > 0)
		CHECK_EQ(write(to, buf, n), n);
	SYS(close(to));
	SYS(chmod("prog", 04755));
	SYS(chmod(".", 0777));
	for (int i = 0; i < 2; i++) {
		int st;
		pid_t pid = SYS(clone(runs_setid, stack + STACK, (i ? CLONE_FS : 0) | SIGCHLD, "./prog"));

		CHECK_EQ(waitpid(pid, &st, 0), pid);
		CHECK_EQ(st, 0);
	}
}
