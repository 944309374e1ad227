/* SPDX-License-Identifier: MIT */
/* Open files: offsets, flags, descriptors and who shares them, directories, devices. files/ has those that are gone, and names. */
#include "files/files.h"
#include <sys/syscall.h>
#include <dirent.h>
#include <sys/stat.h>
#include <sys/resource.h>

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
