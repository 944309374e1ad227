/* SPDX-License-Identifier: MIT */
/* Names: links, renamed files and directories, files of /proc; the working directory and the root. */
#define T_PART
#include "files.h"
#include <sys/syscall.h>
#include <sys/stat.h>

/* O_PATH of what cannot be opened, or would be something else then. */
STATE(names_of_links_and_pipes)
{
	struct stat named[2];
	char target[16];
	int link, fifo;

	SYS(symlink("nowhere", "link"));
	SYS(mkfifo("fifo", 0600));
	link = SYS(open("link", O_PATH | O_NOFOLLOW));
	fifo = SYS(open("fifo", O_PATH));
	st_wait();
	SYS(lstat("link", &named[0]));
	SYS(lstat("fifo", &named[1]));
	CHECK(S_ISLNK(named[0].st_mode) && named[1].st_mode == (S_IFIFO | 0600));
	CHECK_EQ(readlinkat(link, "", target, sizeof(target)), 7);
	CHECK(memcmp(target, "nowhere", 7) == 0);
	for (int i = 0; i < 2; i++) {
		struct stat is;

		SYS(fstat(i ? fifo : link, &is));
		CHECK_EQ(is.st_ino, named[i].st_ino);
		CHECK_EQ(is.st_mode, named[i].st_mode);
		CHECK(fcntl(i ? fifo : link, F_GETFL) & O_PATH);
		CHECK_ERR(read(i ? fifo : link, target, 1), EBADF);
	}
}

STATE(renamed)
{
	int fd = make("f", "0123456789", O_RDWR);

	expect(fd, "01");
	SYS(rename("f", "g"));
	st_wait();
	expect(fd, "23");
	struct stat a, b;
	SYS(fstat(fd, &a));
	SYS(stat("g", &b));
	CHECK_EQ(a.st_ino, b.st_ino);
}

STATE(renamed_directory)
{
	char cwd[PATH_MAX];

	SYS(mkdir("a", 0755));
	int fd = make("a/f", "0123456789", O_RDWR);
	SYS(chdir("a"));
	SYS(rename("../a", "../b"));
	st_wait();
	expect(fd, "01");
	CHECK(getcwd(cwd, sizeof(cwd)) != NULL);
	CHECK_STR(cwd + strlen(cwd) - 2, "/b");
}

STATE(linked_elsewhere)
{
	/* The name that it was opened by is gone, another one leads to it. */
	int fd = make("f", "0123456789", O_RDWR);

	SYS(link("f", "g"));
	SYS(unlink("f"));
	st_wait();
	expect(fd, "01");
	struct stat a, b;
	SYS(fstat(fd, &a));
	SYS(stat("g", &b));
	CHECK_EQ(a.st_ino, b.st_ino);
	CHECK_EQ(a.st_nlink, 1);
}

STATE(through_a_link)
{
	t_put("f", "0123456789", 10);
	SYS(symlink("f", "s"));
	int fd = SYS(open("s", O_RDONLY));
	SYS(unlink("s"));
	st_wait();
	expect(fd, "01");
}

STATE(proc_of_the_system)
{
	char buf[64];
	int fd = SYS(open("/proc/meminfo", O_RDONLY)), dir = SYS(open("/proc/sys", O_RDONLY | O_DIRECTORY));

	expect(fd, "MemTotal:");
	st_wait();
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 9);
	CHECK(read(fd, buf, sizeof(buf)) > 0);
	CHECK_EQ(buf[0], ' ');
	SYS(faccessat(dir, "kernel", F_OK, 0));
}

/* The first number in /proc/PID/stat is that of the process or thread. */
static int number_at(int fd)
{
	char buf[64] = "";

	CHECK(pread(fd, buf, sizeof(buf) - 1, 0) > 0);
	return atoi(buf);
}

STATE(proc_files)
{
	int fd = SYS(open("/proc/self/stat", O_RDONLY)),
	    task = SYS(open("/proc/thread-self/stat", O_RDONLY)),
	    dir = SYS(open("/proc/self/fd", O_RDONLY | O_DIRECTORY)),
	    name = SYS(open("/proc/self/comm", O_RDWR)),
	    path = SYS(open("/proc/self", O_PATH | O_DIRECTORY));
	char text[64];
	struct stat st, own;

	st_wait();
	CHECK_EQ(number_at(fd), getpid());
	CHECK_EQ(number_at(task), (int)syscall(SYS_gettid));
	snprintf(text, sizeof(text), "%d", fd);
	SYS(fstatat(dir, text, &st, AT_SYMLINK_NOFOLLOW));
	CHECK(S_ISLNK(st.st_mode));
	CHECK_EQ(write(name, "renamed", 7), 7);
	CHECK_EQ(pread(name, text, sizeof(text), 0), 8);
	CHECK(memcmp(text, "renamed\n", 8) == 0);
	SYS(fstatat(path, "status", &st, 0));
	SYS(stat("/proc/self/status", &own));
	CHECK_EQ(st.st_ino, own.st_ino);
}

STATE(proc_cwd)
{
	char text[64], expected[64];

	SYS(chdir("/proc/self/task"));
	st_wait();
	snprintf(expected, sizeof(expected), "/proc/%d/task", getpid());
	CHECK(getcwd(text, sizeof(text)) != NULL);
	CHECK_STR(text, expected);
	snprintf(text, sizeof(text), "%d/comm", (int)syscall(SYS_gettid));
	SYS(access(text, R_OK));
	SYS(access("../stat", R_OK));
}

static void stays(void *arg)
{
	int *p = arg;
	char c;

	SYS(close(p[1]));
	CHECK_EQ(read(p[0], &c, 1), 0);
}

STATE_TREE(proc_of_child)
{
	int p[2];
	char name[64];

	SYS(pipe(p));
	pid_t pid = st_child(stays, p);

	snprintf(name, sizeof(name), "/proc/%d/stat", pid);
	int fd = SYS(open(name, O_RDONLY));
	snprintf(name, sizeof(name), "/proc/%d/fdinfo", pid);
	int dir = SYS(open(name, O_RDONLY | O_DIRECTORY));
	st_wait();
	CHECK_EQ(number_at(fd), pid);
	SYS(faccessat(dir, "1", F_OK, 0));
	SYS(close(p[1]));
	t_join(pid);
	/* It has gone. */
	CHECK_ERR(pread(fd, name, sizeof(name), 0), ESRCH);
}

STATE(proc_of_nobody)
{
	pid_t pid = t_fork();
	char name[64];

	if (pid == 0) {
		for (;;)
			pause();
	}
	snprintf(name, sizeof(name), "/proc/%d/stat", pid);
	int fd = SYS(open(name, O_RDONLY));
	SYS(kill(pid, SIGKILL));
	CHECK_EQ(t_wait(pid), SIGKILL);
	st_wait();
	CHECK_ERR(pread(fd, name, sizeof(name), 0), ESRCH);
}

STATE(cwd)
{
	char before[PATH_MAX], now[PATH_MAX];

	SYS(mkdir("a", 0755));
	SYS(mkdir("a/b", 0755));
	SYS(chdir("a/b"));
	CHECK(getcwd(before, sizeof(before)) != NULL);
	st_wait();
	CHECK(getcwd(now, sizeof(now)) != NULL);
	CHECK_STR(now, before);
	t_put("here", "", 0);
	SYS(access("../b/here", F_OK));
}

STATE_WITH(root_changed, ST_ROOT)
{
	SYS(mkdir("root", 0755));
	SYS(mkdir("root/in", 0755));
	t_put("root/in/f", "inside", 6);
	int out = SYS(open(".", O_RDONLY | O_DIRECTORY));
	SYS(chroot("root"));
	SYS(chdir("/in"));
	st_ready("");
	while (faccessat(out, "go", F_OK, 0) != 0)
		st_pause();
	int fd = SYS(open("/in/f", O_RDONLY));
	expect(fd, "inside");
	SYS(access("f", F_OK));
	CHECK_ERR(access("/../go", F_OK), ENOENT);
}
