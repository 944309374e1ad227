/* SPDX-License-Identifier: MIT */
/* Where names lead when a process comes back: directories renamed, links, mounts, /proc. */
#define T_PART
#include "ckptroot.h"
#include <reprise/ckpt.h>
#include <sys/mman.h>
#include <sys/mount.h>

/* Names of files whose directories have been moved, and what is found by them. */
TEST_REPRISE(directories_were_renamed)
{
	char buf[8] = "";
	int fd, moved, linked;

	SYS(mkdir("a", 0755));
	SYS(mkdir("a/b", 0755));
	SYS(mkdir("c", 0755));
	t_put("a/b/f", "one two", 7);
	t_put("a/g", "three", 5);
	t_put("a/h", "four", 4);
	fd = SYS(open("a/b/f", O_RDWR));
	moved = SYS(open("a/g", O_RDONLY));
	linked = SYS(open("a/h", O_RDONLY));
	SYS(chdir("a/b"));
	SYS(rename("../../a", "../../z"));
	SYS(rename("../g", "../../c/g2"));
	SYS(link("../h", "../../c/h2"));
	SYS(unlink("../h"));
	SYS(rename("../../c", "../../d"));
	/* Names of old that lead to other files now. */
	SYS(mkdir("../../a", 0755));
	t_put("../../a/g", "wrong", 5);
	pid_t pid = t_fork();
	if (pid == 0) {
		if (ckpt("p", 0) == 0)
			_exit(0);
		CHECK_EQ(read(fd, buf, 3), 3);
		CHECK_STR(buf, "one");
		CHECK_EQ(read(linked, buf, 4), 4);
		CHECK_STR(buf, "four");
		CHECK_EQ(read(moved, buf, 5), 5);
		CHECK_STR(buf, "three");
		SYS(access("../b/f", F_OK));
		_exit(0);
	}
	t_join(pid);
	t_join(SYS(recover("p", 0)));
}

/* The image lies where its name leads, and not where its text looks as if it did. */
TEST_REPRISE(names_through_links)
{
	SYS(mkdir("d", 0755));
	SYS(mkdir("d/e", 0755));
	SYS(symlink("d/e", "s"));
	pid_t pid = t_fork();
	if (pid == 0) {
		int r = ckpt("s/../p", 0);

		CHECK(r >= 0);
		_exit(r);
	}
	t_join(pid);
	SYS(access("d/p_ckpt", F_OK));
	CHECK_ERR(access("p_ckpt", F_OK), ENOENT);
	CHECK_EQ(t_wait(SYS(recover("s/../p", 0))), 1 << 8);
}

static unsigned obstacles(void)
{
	static struct ckpt_obstacles o;
	int n = ckptctl(CKPTCTL_CAN, 0, &o);

	CHECK(n >= 0);
	return n;
}

/* A file that no name is known of: it was opened through a link of /proc, and linked and removed elsewhere since. */
TEST_REPRISE(no_name_is_known)
{
	SYS(mkdir("a", 0755));
	SYS(mkdir("b", 0755));
	SYS(chdir("a"));
	CHECK_EQ(obstacles(), 0);
	int fd = SYS(open("/proc/self/cwd/x", O_RDWR | O_CREAT, 0600));
	SYS(ftruncate(fd, 4096));
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED);
	SYS(link("x", "../b/y"));
	SYS(unlink("../b/y"));
	CHECK(obstacles() > 0);
	CHECK_ERR(ckpt("p", 0), EOPNOTSUPP);
}

/* A directory about a process is no place to come back to as a root. */
TEST_ROOT(root_of_a_process)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		SYS(chroot("/proc/self"));
		CHECK_EQ(obstacles(), 1);
		CHECK_ERR(ckpt("p", 0), EOPNOTSUPP);
		_exit(0);
	}
	t_join(pid);
}

/* What /proc says of a process that is not in the image is for those who may see it. */
TEST_ROOT(files_of_other_processes)
{
	int fd = SYS(open("/proc/1/environ", O_RDONLY));
	pid_t pid;

	SYS(chmod(".", 0777));
	pid = t_fork();
	if (pid == 0) {
		char c;
		int r;

		SYS(setgid(1000));
		SYS(setuid(1000));
		CHECK_EQ(obstacles(), 0);
		r = ckpt("p", 0);
		CHECK(r >= 0);
		CHECK_ERR(pread(fd, &c, 1, 0), EACCES);
		_exit(r);
	}
	t_join(pid);
	SYS(close(fd));
	pid = t_fork();
	if (pid == 0) {
		SYS(setgid(1000));
		SYS(setuid(1000));
		CHECK_ERR(recover("p", 0), EACCES);
		_exit(0);
	}
	t_join(pid);
	CHECK_EQ(t_wait(SYS(recover("p", 0))), 1 << 8);
}

/* The name leads to what was mounted there, and not to the file. */
TEST_ROOT(covered_by_a_mount)
{
	SYS(mkdir("m", 0755));
	SYS(mkdir("m/d", 0755));
	int fd = SYS(open("m/d", O_RDONLY | O_DIRECTORY));

	SYS(mount("none", "m", "tmpfs", 0, ""));
	SYS(mkdir("m/d", 0755));
	CHECK_EQ(obstacles(), 1);
	CHECK_ERR(ckpt("p", 0), EOPNOTSUPP);
	SYS(umount("m"));
	CHECK_EQ(obstacles(), 0);
	SYS(close(fd));
}
