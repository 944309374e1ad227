/* SPDX-License-Identifier: MIT */
/* Open files: offsets, flags, descriptors and who shares them, directories, files that are gone, working directory. */
#include "states.h"
#include <sys/syscall.h>
#include <dirent.h>
#include <sys/stat.h>
#include <sys/resource.h>
#include <sys/uio.h>

static int make(const char *name, const char *text, int flags)
{
	t_put(name, text, strlen(text));
	return SYS(open(name, flags));
}

static void expect(int fd, const char *text)
{
	char buf[100];
	size_t n = strlen(text);

	CHECK_EQ(read(fd, buf, n), (ssize_t)n);
	buf[n] = 0;
	CHECK_STR(buf, text);
}

STATE(offsets)
{
	int r = make("r", "0123456789", O_RDONLY), w = make("w", "0123456789", O_WRONLY),
	    rw = make("rw", "0123456789", O_RDWR);

	SYS(lseek(r, 3, SEEK_SET));
	SYS(lseek(w, 10, SEEK_SET));
	SYS(lseek(rw, 5000000000ll, SEEK_SET));
	st_wait();
	expect(r, "345");
	CHECK_EQ(write(w, "end", 3), 3);
	CHECK_EQ(lseek(rw, 0, SEEK_CUR), 5000000000ll);
	CHECK_EQ(lseek(rw, 0, SEEK_SET), 0);
	expect(rw, "0123");
	CHECK_EQ(write(rw, "X", 1), 1);
	expect(rw, "56789");
	SYS(close(w));
	w = SYS(open("w", O_RDONLY));
	expect(w, "0123456789end");
}

STATE(flags)
{
	int a = make("a", "first", O_WRONLY | O_APPEND), n = make("n", "x", O_RDWR | O_NONBLOCK),
	    s = make("s", "x", O_RDWR | O_SYNC), c = make("c", "x", O_RDONLY | O_CLOEXEC);

	st_wait();
	CHECK_EQ(fcntl(a, F_GETFL) & (O_APPEND | O_ACCMODE), O_APPEND | O_WRONLY);
	CHECK_EQ(fcntl(n, F_GETFL) & (O_NONBLOCK | O_APPEND), O_NONBLOCK);
	CHECK_EQ(fcntl(s, F_GETFL) & O_SYNC, O_SYNC);
	CHECK_EQ(fcntl(a, F_GETFD), 0);
	CHECK_EQ(fcntl(c, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(lseek(a, 0, SEEK_SET), 0);
	CHECK_EQ(write(a, "second", 6), 6);
	int r = SYS(open("a", O_RDONLY));
	expect(r, "firstsecond");
}

STATE(small_and_large)
{
	/* O_LARGEFILE is not everybody's. */
	t_put("f", "text", 4);
	int small = SYS((int)syscall(SYS_open, "f", O_RDONLY)), large = SYS(open("f", O_RDONLY)),
	    a = SYS(fcntl(small, F_GETFL)), b = SYS(fcntl(large, F_GETFL));
	st_wait();
	CHECK_EQ(fcntl(small, F_GETFL), a);
	CHECK_EQ(fcntl(large, F_GETFL), b);
}

STATE(flags_changed)
{
	int fd = make("f", "12345", O_RDWR);

	SYS(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK));
	SYS(fcntl(fd, F_SETFL, O_APPEND));
	SYS(fcntl(fd, F_SETFD, FD_CLOEXEC));
	SYS(fcntl(fd, F_SETOWN, getpid()));
	st_wait();
	CHECK_EQ(fcntl(fd, F_GETFL) & (O_APPEND | O_NONBLOCK | O_ACCMODE), O_APPEND | O_RDWR);
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(fd, F_GETOWN), getpid());
	expect(fd, "12");
	CHECK_EQ(write(fd, "6", 1), 1);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 6);
}

STATE(shared_offset)
{
	int a = make("f", "0123456789", O_RDWR), b = SYS(dup(a)),
	    c = SYS(fcntl(a, F_DUPFD_CLOEXEC, 100)), other = SYS(open("f", O_RDONLY));

	expect(b, "012");
	st_wait();
	expect(c, "34");
	expect(a, "5");
	expect(b, "6");
	expect(other, "0");
	CHECK_EQ(fcntl(b, F_GETFD), 0);
	CHECK_EQ(fcntl(c, F_GETFD), FD_CLOEXEC);
	SYS(fcntl(a, F_SETFL, O_NONBLOCK));
	CHECK(fcntl(c, F_GETFL) & O_NONBLOCK);
	CHECK(!(fcntl(other, F_GETFL) & O_NONBLOCK));
}

STATE(high_descriptors)
{
	struct rlimit rl;
	int fd = make("f", "0123456789", O_RDONLY);

	SYS(getrlimit(RLIMIT_NOFILE, &rl));
	int high = (int)rl.rlim_cur - 1;
	if (high > 1023)
		high = 1023;
	for (int i = 60; i < high; i += 61)
		CHECK_EQ(dup2(fd, i), i);
	SYS(dup2(fd, high));
	SYS(close(fd));
	st_wait();
	expect(high, "012");
	expect(60, "3");
	CHECK_ERR(fcntl(59, F_GETFD), EBADF);
	CHECK_ERR(fcntl(61, F_GETFD), EBADF);
	/* The lowest free one is the next. */
	CHECK_EQ(dup(60), fd);
}

STATE(many)
{
	char name[16];
	int fd[80];

	for (int i = 0; i < 80; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		fd[i] = make(name, name, O_RDONLY);
	}
	for (int i = 0; i < 80; i += 3)
		SYS(close(fd[i]));
	st_wait();
	for (int i = 0; i < 80; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		if (i % 3)
			expect(fd[i], name);
		else
			CHECK_ERR(lseek(fd[i], 0, SEEK_CUR), EBADF);
	}
}

STATE(no_stdio)
{
	/* Descriptor 0 is closed, 2 is a file of its own. */
	SYS(close(0));
	int fd = make("err", "", O_RDWR);
	CHECK_EQ(fd, 0);
	SYS(dup2(fd, 2));
	SYS(close(fd));
	st_wait();
	CHECK_ERR(fcntl(0, F_GETFD), EBADF);
	CHECK_EQ(write(2, "message", 7), 7);
	SYS(lseek(2, 0, SEEK_SET));
	expect(2, "message");
}

static int names(DIR *d, char *seen, int max, int limit)
{
	struct dirent *de;
	int n = 0;

	while (n < limit && (de = readdir(d)) != NULL) {
		if (de->d_name[0] == 'e') {
			CHECK(atoi(de->d_name + 1) < max && !seen[atoi(de->d_name + 1)]);
			seen[atoi(de->d_name + 1)] = 1;
			n++;
		}
	}
	return n;
}

STATE(directory_halfway)
{
	char name[32], seen[600] = "";

	SYS(mkdir("d", 0755));
	for (int i = 0; i < 600; i++) {
		snprintf(name, sizeof(name), "d/e%d", i);
		t_put(name, "", 0);
	}
	DIR *d = opendir("d");
	CHECK(d != NULL);
	CHECK_EQ(names(d, seen, 600, 250), 250);
	st_wait();
	CHECK_EQ(names(d, seen, 600, 600), 350);
	rewinddir(d);
	memset(seen, 0, sizeof(seen));
	CHECK_EQ(names(d, seen, 600, 600), 600);
	closedir(d);
}

STATE(directories)
{
	struct stat st;

	SYS(mkdir("a", 0755));
	SYS(mkdir("a/b", 0755));
	t_put("a/b/f", "x", 1);
	int fd = SYS(open("a", O_RDONLY | O_DIRECTORY)), path = SYS(open("a/b", O_PATH | O_DIRECTORY));
	st_wait();
	SYS(fstatat(fd, "b/f", &st, 0));
	SYS(fstatat(path, "f", &st, 0));
	CHECK_EQ(st.st_size, 1);
	CHECK_ERR(read(path, &st, 1), EBADF);
	SYS(fchdir(fd));
	SYS(access("b", F_OK));
}

STATE(removed)
{
	char buf[5000];
	struct stat st;
	int fd = SYS(open("f", O_RDWR | O_CREAT | O_EXCL, 0640)), ro = SYS(open("f", O_RDONLY));

	st_fill(buf, sizeof(buf), 1);
	CHECK_EQ(write(fd, buf, sizeof(buf)), (ssize_t)sizeof(buf));
	SYS(unlink("f"));
	SYS(lseek(fd, 100, SEEK_SET));
	st_wait();
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 100);
	memset(buf, 0, sizeof(buf));
	CHECK_EQ(read(ro, buf, sizeof(buf)), (ssize_t)sizeof(buf));
	CHECK(st_filled(buf, sizeof(buf), 1));
	CHECK_ERR(access("f", F_OK), ENOENT);
	SYS(fstat(fd, &st));
	CHECK_EQ(st.st_nlink, 0);
	CHECK_EQ(st.st_mode & 07777, 0640);
	CHECK_EQ(st.st_size, (off_t)sizeof(buf));
	/* Both are the same file. */
	CHECK_EQ(pwrite(fd, "new", 3, 5000), 3);
	CHECK_EQ(read(ro, buf, 10), 3);
	CHECK(memcmp(buf, "new", 3) == 0);
}

STATE(removed_sparse)
{
	char buf[4096];
	int fd = SYS(open("f", O_RDWR | O_CREAT | O_EXCL, 0600));

	SYS(unlink("f"));
	for (int i = 0; i < 5; i++)
		CHECK_EQ(pwrite(fd, "data", 4, i * 10000000ll), 4);
	SYS(ftruncate(fd, 60000000));
	st_wait();
	for (int i = 0; i < 5; i++) {
		CHECK_EQ(pread(fd, buf, sizeof(buf), i * 10000000ll), (ssize_t)sizeof(buf));
		CHECK(memcmp(buf, "data", 5) == 0);
	}
	CHECK_EQ(pread(fd, buf, sizeof(buf), 55000000), (ssize_t)sizeof(buf));
	CHECK_EQ(buf[0] | buf[4095], 0);
	CHECK_EQ(lseek(fd, 0, SEEK_END), 60000000);
	struct stat st;
	SYS(fstat(fd, &st));
	CHECK(st.st_blocks < 2000);
}

STATE(removed_empty)
{
	int fd = SYS(open("f", O_RDWR | O_CREAT | O_EXCL, 0600));

	SYS(unlink("f"));
	st_wait();
	CHECK_EQ(lseek(fd, 0, SEEK_END), 0);
	CHECK_EQ(write(fd, "x", 1), 1);
}

/* Owner, mode, times and all else that fstat(2) tells, but for where it is. */
static void same_attributes(int fd, const struct stat *was)
{
	struct stat is;

	SYS(fstat(fd, &is));
	CHECK_EQ(is.st_mode, was->st_mode);
	CHECK_EQ(is.st_nlink, was->st_nlink);
	CHECK_EQ(is.st_uid, was->st_uid);
	CHECK_EQ(is.st_gid, was->st_gid);
	CHECK_EQ(is.st_rdev, was->st_rdev);
	if (!S_ISDIR(is.st_mode))
		CHECK_EQ(is.st_size, was->st_size); /* of a directory it depends on the file system */
	CHECK_EQ(is.st_blksize, was->st_blksize);
	CHECK_EQ(is.st_atim.tv_sec, was->st_atim.tv_sec);
	CHECK_EQ(is.st_atim.tv_nsec, was->st_atim.tv_nsec);
	CHECK_EQ(is.st_mtim.tv_sec, was->st_mtim.tv_sec);
	CHECK_EQ(is.st_mtim.tv_nsec, was->st_mtim.tv_nsec);
	CHECK_EQ(is.st_ctim.tv_sec, was->st_ctim.tv_sec);
	CHECK_EQ(is.st_ctim.tv_nsec, was->st_ctim.tv_nsec);
}

STATE(removed_attributes)
{
	struct timespec times[2] = { { 1000000000, 123456789 }, { 1100000000, 987654321 } };
	struct stat was[5];
	int fd[5], ends[2];

	fd[0] = SYS(open("file", O_RDWR | O_CREAT, 0600));
	CHECK_EQ(write(fd[0], "contents", 8), 8);
	SYS(mkdir("dir", 0700));
	fd[1] = SYS(open("dir", O_RDONLY | O_DIRECTORY));
	SYS(mkfifo("fifo", 0600));
	fd[2] = SYS(open("fifo", O_RDWR));
	CHECK_EQ(write(fd[2], "in it", 5), 5);
	fd[3] = SYS(syscall(SYS_memfd_create, "memory", 0));
	CHECK_EQ(write(fd[3], "contents", 8), 8);
	SYS(pipe(ends));
	fd[4] = ends[0];
	CHECK_EQ(write(ends[1], "in it", 5), 5);
	SYS(unlink("file"));
	SYS(rmdir("dir"));
	SYS(unlink("fifo"));
	for (int i = 0; i < 5; i++) {
		SYS(fchmod(fd[i], 0640 + i));
		times[1].tv_sec++;
		SYS(futimens(fd[i], times));
		SYS(fstat(fd[i], &was[i]));
	}
	st_wait();
	for (int i = 0; i < 5; i++)
		same_attributes(fd[i], &was[i]);
}

/* Larger than what an image stores, and nearly all of it holes: those stay holes. */
static void sparse(int fd)
{
	const off_t size = (1ll << 30) + 8192;
	char in[4096], out[4096];
	struct stat was, is;

	st_fill(in, sizeof(in), 3);
	SYS(ftruncate(fd, size));
	CHECK_EQ(pwrite(fd, in, sizeof(in), 4096 * 1000), (long)sizeof(in));
	CHECK_EQ(pwrite(fd, in, sizeof(in), size - 4096), (long)sizeof(in));
	SYS(fsync(fd));
	SYS(fstat(fd, &was));
	st_wait();
	SYS(fstat(fd, &is));
	CHECK_EQ(is.st_size, size);
	CHECK(is.st_blocks <= was.st_blocks + 64);
	CHECK_EQ(pread(fd, out, sizeof(out), 4096 * 1000), (long)sizeof(out));
	CHECK(memcmp(in, out, sizeof(in)) == 0);
	CHECK_EQ(pread(fd, out, sizeof(out), size - 4096), (long)sizeof(out));
	CHECK(memcmp(in, out, sizeof(in)) == 0);
	CHECK_EQ(pread(fd, out, sizeof(out), size / 2), (long)sizeof(out));
	for (unsigned i = 0; i < sizeof(out); i++)
		CHECK_EQ(out[i], 0);
	SYS(fstat(fd, &is));
	CHECK(is.st_blocks <= was.st_blocks + 64);
}

STATE(removed_large_sparse)
{
	int fd = SYS(open("f", O_RDWR | O_CREAT, 0600));

	SYS(unlink("f"));
	sparse(fd);
}

STATE(memory_large_sparse)
{
	sparse(SYS(syscall(SYS_memfd_create, "memory", 0)));
}

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

/* A device is there, whatever has become of its node. */
STATE(removed_device)
{
	struct stat st;
	char buf[16];
	int fd, null;

	if (getuid() != 0) {
		st_wait();
		return;
	}
	SYS(mknod("zeros", S_IFCHR | 0640, 0x105));
	SYS(mknod("null", S_IFCHR | 0600, 0x103));
	fd = SYS(open("zeros", O_RDWR));
	null = SYS(open("null", O_WRONLY));
	SYS(unlink("zeros"));
	SYS(unlink("null"));
	SYS(fstat(fd, &st));
	st_wait();
	same_attributes(fd, &st);
	memset(buf, 1, sizeof(buf));
	CHECK_EQ(read(fd, buf, sizeof(buf)), (long)sizeof(buf));
	CHECK_EQ(buf[0] | buf[15], 0);
	CHECK_EQ(write(null, buf, 5), 5);
	CHECK_ERR(read(null, buf, 1), EBADF);
}

STATE(removed_replaced)
{
	/* Another file has its name: the descriptor is still the old one. */
	int fd = make("f", "the old one", O_RDWR);

	SYS(unlink("f"));
	t_put("f", "the new one", 11);
	st_wait();
	expect(fd, "the old");
	int now = SYS(open("f", O_RDONLY));
	expect(now, "the new");
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

STATE(no_permission)
{
	/* It may no longer be opened by everybody, and it is written through a descriptor that could not be had now. */
	int fd = make("f", "0123456789", O_RDWR);

	SYS(fchmod(fd, 0));
	st_wait();
	expect(fd, "01");
	CHECK_EQ(write(fd, "x", 1), 1);
	struct stat st;
	SYS(fstat(fd, &st));
	CHECK_EQ(st.st_mode & 07777, 0);
}

STATE(devices)
{
	char buf[10];
	int null = SYS(open("/dev/null", O_RDWR)), zero = SYS(open("/dev/zero", O_RDONLY)),
	    full = SYS(open("/dev/full", O_WRONLY)), rnd = SYS(open("/dev/urandom", O_RDONLY));

	st_wait();
	CHECK_EQ(write(null, "x", 1), 1);
	CHECK_EQ(read(null, buf, 1), 0);
	memset(buf, 1, sizeof(buf));
	CHECK_EQ(read(zero, buf, 10), 10);
	CHECK_EQ(buf[9], 0);
	CHECK_ERR(write(full, "x", 1), ENOSPC);
	CHECK_EQ(read(rnd, buf, 10), 10);
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

STATE(in_memory)
{
	/* On the file system in memory: it is there as long as the machine runs. */
	char name[64];

	snprintf(name, sizeof(name), "/tmp/st-%d", (int)getpid());
	int fd = make(name, "0123456789", O_RDWR);
	expect(fd, "012");
	SYS(unlink(name));
	st_wait();
	expect(fd, "345");
	CHECK_EQ(lseek(fd, 0, SEEK_END), 10);
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

STATE(cwd_removed)
{
	char now[PATH_MAX];

	SYS(mkdir("a", 0755));
	SYS(chdir("a"));
	SYS(rmdir("../a"));
	st_wait();
	CHECK_ERR((long)getcwd(now, sizeof(now)) ? 0 : -1, ENOENT);
	CHECK_ERR(open("f", O_CREAT | O_WRONLY, 0600), ENOENT);
	SYS(chdir("/"));
}

STATE(removed_directories)
{
	/* Two that had one name: one is also the working directory, and the way out of it is still known. */
	struct stat here, a, b, up;
	char place[PATH_MAX];
	int one, two, n = 0;

	CHECK(getcwd(place, sizeof(place)) != NULL);
	SYS(mkdir("d", 0711));
	one = SYS(open("d", O_RDONLY | O_DIRECTORY));
	SYS(rmdir("d"));
	SYS(mkdir("d", 0750));
	two = SYS(open("d", O_RDONLY | O_DIRECTORY));
	SYS(chdir("d"));
	SYS(rmdir("../d"));
	st_wait();
	SYS(fstat(one, &a));
	SYS(fstat(two, &b));
	CHECK(a.st_ino != b.st_ino && (a.st_mode & 07777) == 0711 && (b.st_mode & 07777) == 0750);
	CHECK_EQ(a.st_nlink + b.st_nlink, 0);
	SYS(stat(".", &a));
	CHECK_EQ(a.st_ino, b.st_ino);
	SYS(stat("..", &up));
	SYS(stat(place, &here));
	CHECK(up.st_ino == here.st_ino && up.st_dev == here.st_dev);
	DIR *dir = fdopendir(one);
	CHECK(dir != NULL);
	while (readdir(dir))
		n++;
	CHECK_EQ(n, 0);
	closedir(dir);
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

STATE(umask)
{
	struct stat st;

	umask(027);
	st_wait();
	SYS(close(SYS(open("f", O_CREAT | O_WRONLY, 0777))));
	SYS(stat("f", &st));
	CHECK_EQ(st.st_mode & 0777, 0750);
	CHECK_EQ(umask(0), 027);
}

STATE(not_flushed)
{
	char buf[100000], back[100000];
	int fd = SYS(open("f", O_RDWR | O_CREAT, 0600));

	st_fill(buf, sizeof(buf), 9);
	CHECK_EQ(write(fd, buf, sizeof(buf)), (ssize_t)sizeof(buf));
	st_wait();
	CHECK_EQ(pread(fd, back, sizeof(back), 0), (ssize_t)sizeof(back));
	CHECK(memcmp(buf, back, sizeof(buf)) == 0);
}

static void read_one(void *arg)
{
	int *fd = arg;

	st_await_go();
	expect(fd[0], "3");
}

STATE_TREE(shared_with_child)
{
	int fd = make("f", "0123456789", O_RDWR);

	expect(fd, "01");
	pid_t pid = st_child(read_one, &fd);
	expect(fd, "2");
	st_wait();
	t_join(pid);
	expect(fd, "4");
}

static void own_offset(void *arg)
{
	int fd = SYS(open("f", O_RDONLY));

	expect(fd, "01234");
	*(volatile int *)arg = 1;
	st_await_go();
	expect(fd, "56");
}

STATE_TREE(not_shared_with_child)
{
	int fd = make("f", "0123456789", O_RDONLY), dummy = 0;
	pid_t pid = st_child(own_offset, &dummy);

	expect(fd, "01");
	st_wait();
	t_join(pid);
	expect(fd, "2");
}

static void removed_child(void *arg)
{
	int *fd = arg;

	st_await_go();
	expect(fd[0], "345");
	CHECK_EQ(write(fd[0], "child", 5), 5);
}

STATE_TREE(removed_shared)
{
	int fd = make("f", "0123456789", O_RDWR);

	SYS(unlink("f"));
	expect(fd, "012");
	pid_t pid = st_child(removed_child, &fd);
	st_wait();
	t_join(pid);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 11);
	SYS(lseek(fd, 6, SEEK_SET));
	expect(fd, "child");
}
