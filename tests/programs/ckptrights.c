/* SPDX-License-Identifier: MIT */
/* An image tells its owner nothing that he could not have read himself; and who else may have one made. */
#include "t.h"
#include <grp.h>
#include <reprise/ckpt.h>

static const struct timespec ms = { 0, 1000000 };

static void become(uid_t uid)
{
	SYS(setresgid(uid, uid, uid));
	SYS(setresuid(uid, uid, uid));
}

/* A child that is user 1000 without having been so when its program began, and waits. */
static pid_t had_rights(void)
{
	struct t_gate g = t_gate();
	pid_t pid = t_fork();

	if (pid == 0) {
		become(1000);
		t_open_gate(g);
		close(g.g_fd[0]);
		close(g.g_fd[1]);
		for (;;)
			pause();
	}
	t_pass_gate(g);
	SYS(close(g.g_fd[0]));
	SYS(close(g.g_fd[1]));
	return pid;
}

/* A child of user 1000 that has executed its program with these rights. */
static pid_t has_rights(void)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		become(1000);
		execl("/bin/sleep", "sleep", "1000", (char *)NULL);
		_exit(127);
	}
	for (;;) {
		char path[64], exe[64] = "";

		snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
		if (readlink(path, exe, sizeof(exe) - 1) > 0 && !strstr(exe, "ckptrights"))
			return pid;
		nanosleep(&ms, NULL);
	}
}

static void end_it(pid_t pid)
{
	SYS(kill(pid, SIGKILL));
	CHECK_EQ(t_wait(pid), SIGKILL);
}

static void try_as_user(pid_t pid, int error)
{
	static struct ckpt_obstacles ob;
	pid_t other = t_fork();
	char path[64];
	int fd;

	if (other == 0) {
		become(1000);
		if (error) {
			CHECK_ERR(tckpt(pid, "x", CKPT_WAIT), error);
			CHECK_ERR(tckpt(pid, "x", CKPT_SELF | CKPT_WAIT), error);
			CHECK_ERR(ckptctl(CKPTCTL_CAN, pid, &ob), error);
		} else {
			SYS(tckpt(pid, "x", CKPT_WAIT));
			CHECK_EQ(ckptctl(CKPTCTL_CAN, pid, &ob), 0);
		}
		snprintf(path, sizeof(path), "/proc/%d/auxv", (int)pid);
		fd = open(path, O_RDONLY);
		CHECK_EQ(fd >= 0, error == 0);
		_exit(0);
	}
	t_join(other);
}

/* Who had other rights may still know what he read with them. */
TEST_ROOT(rights_given_up)
{
	pid_t pid = had_rights(), copy;

	SYS(chmod(".", 0777));
	try_as_user(pid, EPERM);
	/* The superuser may; and what comes back is no more open to others than it was. */
	SYS(tckpt(pid, "mine", CKPT_WAIT));
	end_it(pid);
	copy = SYS(recover("mine", 0));
	try_as_user(copy, EPERM);
	end_it(copy);
	pid = has_rights();
	try_as_user(pid, 0);
	end_it(pid);
}

/* It may save itself, and children that have been through the same. */
TEST_ROOT(rights_given_up_by_itself)
{
	pid_t pid;

	SYS(chmod(".", 0777));
	pid = t_fork();
	if (pid == 0) {
		become(1000);
		CHECK_EQ(ckpt("x", 0), 0);
		pid_t child = t_fork();
		if (child == 0) {
			for (;;)
				pause();
		}
		CHECK_EQ(ckpt("x", CKPT_TREE), 0);
		end_it(child);
		_exit(0);
	}
	t_join(pid);
}

/* An image does not tell what a file holds that may only be written. */
TEST_ROOT(file_not_readable)
{
	pid_t pid;

	t_put("secret", "secret", 6);
	SYS(chmod("secret", 0222));
	SYS(chmod(".", 0777));
	pid = t_fork();
	if (pid == 0) {
		int fd;

		SYS(setgid(1000));
		SYS(setuid(1000));
		fd = SYS(open("secret", O_WRONLY));
		CHECK_ERR(ckpt("x", CKPT_SELF), EACCES);
		SYS(close(fd));
		fd = SYS(open("secret", O_PATH));
		CHECK_EQ(ckpt("x", CKPT_SELF), 0);
		_exit(0);
	}
	t_join(pid);
}

/* Nobody gets into a group, nor out of one, by an image. */
TEST_ROOT(groups)
{
	static const gid_t had[] = { 27, 1000 }, more[] = { 5, 27, 1000 };
	pid_t pid;

	SYS(chmod(".", 0777));
	pid = t_fork();
	if (pid == 0) {
		gid_t now[8];
		int r;

		t_on_its_own();
		SYS(setgroups(2, had));
		become(1000);
		r = ckpt("x", 0);
		CHECK(r >= 0);
		/* They are the caller's. */
		CHECK_EQ(getgroups(8, now), r ? 3 : 2);
		_exit(0);
	}
	t_join(pid);
	pid = t_fork();
	if (pid == 0) {
		SYS(setgroups(1, had + 1));
		become(1000);
		CHECK_ERR(recover("x", RECOVER_NEWPID), EPERM);
		_exit(0);
	}
	t_join(pid);
	pid = t_fork();
	if (pid == 0) {
		SYS(setgroups(3, more));
		become(1000);
		t_join(SYS(recover("x", RECOVER_NEWPID)));
		_exit(0);
	}
	t_join(pid);
}

/* A process of user 1000 in `ngroups` more groups saves itself as x. */
static void save_as_user(size_t ngroups)
{
	static const gid_t more[] = { 27 };
	pid_t pid = t_fork();

	if (pid == 0) {
		int r;

		t_on_its_own();
		SYS(setgroups(ngroups, more));
		become(1000);
		r = ckpt("x", 0);
		CHECK(r >= 0);
		CHECK_EQ(geteuid(), 1000);
		_exit(r);
	}
	t_join(pid);
}

/* The superuser brings it back, by a call and by executing it: it ends with 1. error: refused unless the superuser says that it trusts it. */
static void recover_as_root(int error)
{
	pid_t pid;

	if (!error) {
		CHECK_EQ(t_wait(SYS(recover("x", 0))), 1 << 8);
	} else {
		CHECK_ERR(recover("x", 0), error);
		CHECK_EQ(t_wait(SYS(recover("x", RECOVER_TRUSTED))), 1 << 8);
	}
	pid = t_fork();
	if (pid == 0) {
		execl("x_ckpt", "x", (char *)NULL);
		_exit(errno == error ? 9 : 8);
	}
	CHECK_EQ(t_wait(pid), (error ? 9 : 1) << 8);
}

/* Whoever can write an image that the superuser brings back must not gain by it. */
TEST_ROOT(written_by_others)
{
	pid_t pid;

	SYS(chmod(".", 0777));
	save_as_user(0);
	SYS(chmod("x_ckpt", 0700));
	recover_as_root(0);
	SYS(chown("x_ckpt", 2000, 1000));
	recover_as_root(EPERM);
	SYS(chown("x_ckpt", 0, 0));
	recover_as_root(0);
	SYS(chmod("x_ckpt", 0720));
	recover_as_root(EPERM);
	SYS(chmod("x_ckpt", 0702));
	recover_as_root(EPERM);
	SYS(chmod("x_ckpt", 0755));
	recover_as_root(0);
	/* The groups are those of the owner as far as the file says so. */
	save_as_user(1);
	SYS(chmod("x_ckpt", 0700));
	recover_as_root(EPERM);
	/* One of the superuser's own. */
	pid = t_fork();
	if (pid == 0)
		_exit(SYS(ckpt("x", 0)));
	t_join(pid);
	SYS(chmod("x_ckpt", 0700));
	recover_as_root(0);
	SYS(chown("x_ckpt", 1000, 1000));
	recover_as_root(EPERM);
	/* What anybody else brings back is its own in any case. */
	save_as_user(0);
	SYS(chmod("x_ckpt", 0666));
	pid = t_fork();
	if (pid == 0) {
		SYS(setgroups(0, NULL));
		become(1000);
		CHECK_EQ(t_wait(SYS(recover("x", 0))), 1 << 8);
		_exit(0);
	}
	t_join(pid);
}

static void copy_program(const char *to)
{
	static char buf[65536];
	int in = SYS(open("/proc/self/exe", O_RDONLY)), out = SYS(open(to, O_WRONLY | O_CREAT, 0700));
	ssize_t n;

	while ((n = SYS(read(in, buf, sizeof(buf)))) > 0)
		CHECK_EQ(write(out, buf, n), n);
	SYS(close(in));
	SYS(close(out));
}

/* Nor what is in a program that may only be executed. */
TEST_ROOT(program_not_readable)
{
	pid_t pid;

	SYS(chmod(".", 0777));
	copy_program("program");
	SYS(chmod("program", 0711));
	pid = t_fork();
	if (pid == 0) {
		become(1000);
		execl("./program", "program", "save", (char *)NULL);
		_exit(127);
	}
	t_join(pid);
}

/* Who executes a set-id program does not get what that had, whatever he has had himself. */
TEST_ROOT(rights_of_another_program)
{
	pid_t pid;

	SYS(chmod(".", 0777));
	copy_program("program");
	SYS(chmod("program", 04755));
	pid = t_fork();
	if (pid == 0) {
		struct t_gate g = t_gate();
		pid_t child;

		become(1000);
		child = t_fork();
		if (child == 0) {
			SYS(dup2(g.g_fd[1], 1));
			close(g.g_fd[0]);
			close(g.g_fd[1]);
			execl("./program", "program", "drop", (char *)NULL);
			_exit(127);
		}
		t_pass_gate(g);
		SYS(close(g.g_fd[0]));
		SYS(close(g.g_fd[1]));
		CHECK_ERR(ckpt("x", CKPT_TREE), EPERM);
		end_it(child);
		_exit(0);
	}
	t_join(pid);
}

/*
 * Who is brought back under another id knows itself by the old one, and so do its programs; but not a set-id program: an image says what its
 * owner likes, process 1 for instance.
 */
static void id_told(mode_t mode, int old_one)
{
	pid_t pid;

	(void)unlink("program");
	copy_program("program");
	SYS(chmod("program", mode));
	pid = t_fork();
	if (pid == 0) {
		pid_t was = getpid(), told[2];
		int r;

		t_on_its_own();
		become(1000);
		r = ckpt("y", 0);
		if (r == 1) {
			execl("./program", "program", "tell", (char *)NULL);
			_exit(127);
		}
		CHECK_EQ(r, 0);
		pid_t it = SYS(recover("y", RECOVER_NEWPID));

		CHECK(it != was);
		t_join(it);
		int fd = SYS(open("told", O_RDONLY));
		CHECK_EQ(read(fd, told, sizeof(told)), (ssize_t)sizeof(told));
		SYS(close(fd));
		CHECK_EQ(told[0], old_one ? was : it);
		CHECK_EQ(told[1], old_one ? was : it);
		_exit(0);
	}
	t_join(pid);
	SYS(unlink("told"));
}

TEST_ROOT(ids_of_another_program)
{
	SYS(chmod(".", 0777));
	id_told(0755, 1);
	id_told(04755, 0);
}

/* The process's id, and as a child of it sees that. */
static int tell(void)
{
	pid_t ids[2] = { getpid(), 0 };
	int fd = SYS(open("told", O_WRONLY | O_CREAT | O_TRUNC, 0644)), p[2];

	SYS(pipe(p));
	if (SYS(fork()) == 0) {
		ids[1] = getppid();
		_exit(write(p[1], &ids[1], sizeof(pid_t)) != sizeof(pid_t));
	}
	CHECK_EQ(read(p[0], &ids[1], sizeof(pid_t)), (ssize_t)sizeof(pid_t));
	CHECK_EQ(write(fd, ids, sizeof(ids)), (ssize_t)sizeof(ids));
	return 0;
}

/* Given up for good; it has no more of the gate than it must. */
static int drop(void)
{
	CHECK_EQ(geteuid(), 0);
	become(1000);
	CHECK_EQ(write(1, "g", 1), 1);
	SYS(dup2(0, 1));
	for (;;)
		pause();
}

static int t_hook(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "drop") == 0)
		return drop();
	if (argc == 2 && strcmp(argv[1], "tell") == 0)
		return tell();
	if (argc != 2 || strcmp(argv[1], "save") != 0)
		return -1;
	CHECK_ERR(ckpt("x", CKPT_SELF), EACCES);
	CHECK_EQ(ckpt("x", 0), 0);
	return 0;
}
