/* SPDX-License-Identifier: MIT */
/* Files: reading, writing, offsets, holes, truncation, descriptors. */
#include "t.h"
#include <limits.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>
#include <sys/uio.h>

static char buf[65536];

TEST(create_write_read)
{
	int fd = SYS(open("f", O_RDWR | O_CREAT | O_EXCL, 0644));

	CHECK_EQ(write(fd, "0123456789", 10), 10);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 10);
	CHECK_EQ(read(fd, buf, 10), 0);
	CHECK_EQ(lseek(fd, 3, SEEK_SET), 3);
	CHECK_EQ(read(fd, buf, 4), 4);
	CHECK(memcmp(buf, "3456", 4) == 0);
	CHECK_EQ(lseek(fd, -2, SEEK_CUR), 5);
	CHECK_EQ(lseek(fd, -1, SEEK_END), 9);
	CHECK_EQ(write(fd, "XY", 2), 2);
	struct stat st;
	SYS(fstat(fd, &st));
	CHECK_EQ(st.st_size, 11);
	CHECK(S_ISREG(st.st_mode));
	CHECK_EQ(st.st_nlink, 1);
	CHECK_EQ(st.st_mode & 0777, 0644);
	CHECK_ERR(open("f", O_RDWR | O_CREAT | O_EXCL, 0644), EEXIST);
	SYS(close(fd));
	CHECK_ERR(close(fd), EBADF);
	CHECK_ERR(read(fd, buf, 1), EBADF);
}

TEST(open_errors)
{
	char name[300];

	CHECK_ERR(open("nothing", O_RDONLY), ENOENT);
	CHECK_ERR(open("", O_RDONLY), ENOENT);
	CHECK_ERR(open("no/thing", O_CREAT | O_RDWR, 0600), ENOENT);
	t_put("f", "x", 1);
	CHECK_ERR(open("f/g", O_RDONLY), ENOTDIR);
	CHECK_ERR(open("f/", O_RDONLY), ENOTDIR);
	CHECK_ERR(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
	SYS(mkdir("d", 0755));
	CHECK_ERR(open("d", O_WRONLY), EISDIR);
	CHECK_ERR(open("d", O_RDWR), EISDIR);
	CHECK_ERR(open("d", O_CREAT | O_RDONLY, 0600), EISDIR);
	CHECK_ERR(open("newdir/", O_CREAT | O_RDWR, 0600), EISDIR);
	int fd = SYS(open("d", O_RDONLY));
	CHECK_ERR(read(fd, buf, 10), EISDIR);
	CHECK_ERR(write(fd, buf, 10), EBADF);
	memset(name, 'a', 256);
	name[256] = 0;
	CHECK_ERR(open(name, O_CREAT | O_RDWR, 0600), ENAMETOOLONG);
	name[255] = 0;
	SYS(close(SYS(open(name, O_CREAT | O_RDWR, 0600))));
	SYS(unlink(name));
	CHECK_ERR(open((char *)1, O_RDONLY), EFAULT);
	SYS(symlink("l2", "l1"));
	SYS(symlink("l1", "l2"));
	CHECK_ERR(open("l1", O_RDONLY), ELOOP);
	SYS(symlink("f", "l"));
	CHECK_ERR(open("l", O_RDONLY | O_NOFOLLOW), ELOOP);
	CHECK_ERR(open("l", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
	SYS(symlink("made-through-link", "dangling"));
	SYS(close(SYS(open("dangling", O_RDWR | O_CREAT, 0600))));
	SYS(access("made-through-link", F_OK));
}

TEST(seek_errors_and_beyond)
{
	int fd = SYS(open("f", O_RDWR | O_CREAT, 0600));

	CHECK_ERR(lseek(fd, -1, SEEK_SET), EINVAL);
	CHECK_ERR(lseek(fd, 0, 99), EINVAL);
	CHECK_EQ(lseek(fd, 100000, SEEK_SET), 100000);
	CHECK_EQ(read(fd, buf, 10), 0);
	CHECK_EQ(write(fd, "end", 3), 3);
	CHECK_EQ(lseek(fd, 0, SEEK_END), 100003);
	CHECK_EQ(pread(fd, buf, 1000, 50000), 1000);
	for (int i = 0; i < 1000; i++)
		CHECK_EQ(buf[i], 0);
	struct stat st;
	SYS(fstat(fd, &st));
	CHECK(st.st_blocks * 512 < 50000);
	CHECK_ERR(pread(fd, buf, 1, -1), EINVAL);
	CHECK_ERR(pwrite(fd, buf, 1, -1), EINVAL);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 100003);
}

TEST(large_offsets)
{
	/* Beyond 2 and 4 GiB, by a hole. */
	int fd = SYS(open("f", O_RDWR | O_CREAT, 0600));
	off_t far = 5000000000ll;

	CHECK_EQ(pwrite(fd, "far", 3, far), 3);
	struct stat st;
	SYS(fstat(fd, &st));
	CHECK_EQ(st.st_size, far + 3);
	CHECK_EQ(pread(fd, buf, 10, far), 3);
	CHECK(memcmp(buf, "far", 3) == 0);
	CHECK_EQ(lseek(fd, -3, SEEK_END), far);
	CHECK_EQ(pread(fd, buf, 4096, 3000000000ll), 4096);
	CHECK_EQ(buf[77], 0);
	SYS(ftruncate(fd, 10));
	SYS(fstat(fd, &st));
	CHECK_EQ(st.st_size, 10);
	SYS(unlink("f"));
}

TEST(truncate_both_ways)
{
	int fd = SYS(open("f", O_RDWR | O_CREAT, 0600));

	memset(buf, 'a', 20000);
	CHECK_EQ(write(fd, buf, 20000), 20000);
	SYS(ftruncate(fd, 5000));
	CHECK_EQ(pread(fd, buf, sizeof(buf), 0), 5000);
	SYS(ftruncate(fd, 15000));
	CHECK_EQ(pread(fd, buf, sizeof(buf), 0), 15000);
	CHECK_EQ(buf[4999], 'a');
	for (int i = 5000; i < 15000; i++)
		CHECK_EQ(buf[i], 0);
	CHECK_ERR(ftruncate(fd, -1), EINVAL);
	CHECK_ERR(truncate("nothing", 0), ENOENT);
	SYS(truncate("f", 0));
	struct stat st;
	SYS(fstat(fd, &st));
	CHECK_EQ(st.st_size, 0);
	CHECK_EQ(st.st_blocks, 0);
	SYS(mkdir("d", 0755));
	CHECK_ERR(truncate("d", 0), EISDIR);
	SYS(close(fd));
	fd = SYS(open("f", O_RDONLY));
	CHECK_ERR(ftruncate(fd, 0), EINVAL);
	SYS(close(SYS(open("f", O_WRONLY | O_TRUNC))));
}

TEST(append)
{
	int fd = SYS(open("f", O_WRONLY | O_CREAT | O_APPEND, 0600));

	pid_t pid = t_fork();
	int mine = SYS(open("f", O_WRONLY | O_APPEND));
	for (int i = 0; i < 200; i++)
		CHECK_EQ(write(mine, pid ? "pppppppp" : "cccccccc", 8), 8);
	if (pid == 0)
		_exit(0);
	t_join(pid);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(write(fd, "last", 4), 4);
	SYS(close(fd));
	fd = SYS(open("f", O_RDONLY));
	CHECK_EQ(read(fd, buf, sizeof(buf)), 3204);
	int p = 0;
	for (int i = 0; i < 400; i++) {
		for (int j = 1; j < 8; j++)
			CHECK_EQ(buf[i * 8 + j], buf[i * 8]);
		p += buf[i * 8] == 'p';
	}
	CHECK_EQ(p, 200);
	CHECK(memcmp(buf + 3200, "last", 4) == 0);
}

TEST(shared_offset)
{
	int fd = SYS(open("f", O_RDWR | O_CREAT, 0600)), d = SYS(dup(fd));
	pid_t pid = t_fork();

	if (pid == 0) {
		CHECK_EQ(write(fd, "child", 5), 5);
		_exit(0);
	}
	t_join(pid);
	CHECK_EQ(lseek(d, 0, SEEK_CUR), 5);
	CHECK_EQ(write(d, "+dup", 4), 4);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 9);
	int other = SYS(open("f", O_RDONLY));
	CHECK_EQ(lseek(other, 0, SEEK_CUR), 0);
	CHECK_EQ(read(other, buf, 100), 9);
	CHECK(memcmp(buf, "child+dup", 9) == 0);
}

TEST(vectors_and_positions)
{
	int fd = SYS(open("f", O_RDWR | O_CREAT, 0600));
	struct iovec v[4] = { { "one", 3 }, { NULL, 0 }, { "two", 3 }, { "three", 5 } };
	char a[4], b[100];

	CHECK_EQ(writev(fd, v, 4), 11);
	struct iovec r[2] = { { a, 4 }, { b, 100 } };
	CHECK_EQ(preadv(fd, r, 2, 1), 10);
	CHECK(memcmp(a, "netw", 4) == 0 && memcmp(b, "othree", 6) == 0);
	CHECK_EQ(pwritev(fd, v, 1, 20), 3);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 11);
	v[1].iov_base = (void *)0x10;
	v[1].iov_len = 4;
	/* What precedes the bad piece may be written; then the count says so. */
	ssize_t n = writev(fd, v, 4);
	CHECK(n == 3 || (n == -1 && errno == EFAULT));
	CHECK_EQ(writev(fd, v, 0), 0);
}

TEST(dup_family)
{
	int fd = SYS(open("f", O_RDWR | O_CREAT | O_CLOEXEC, 0600));

	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(dup2(fd, 40), 40);
	CHECK_EQ(fcntl(40, F_GETFD), 0);
	CHECK_EQ(dup2(fd, fd), fd);
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_ERR(syscall(SYS_dup3, fd, fd, 0), EINVAL);
	CHECK_EQ(dup3(fd, 41, O_CLOEXEC), 41);
	CHECK_EQ(fcntl(41, F_GETFD), FD_CLOEXEC);
	CHECK_ERR(syscall(SYS_dup3, fd, 41, 7), EINVAL);
	CHECK_ERR(dup2(999, 5), EBADF);
	CHECK_ERR(dup(999), EBADF);
	CHECK_ERR(dup2(fd, -1), EBADF);
	CHECK_ERR(dup2(fd, 1 << 20), EBADF);
	CHECK_EQ(fcntl(fd, F_DUPFD, 100), 100);
	CHECK_EQ(fcntl(fd, F_DUPFD, 100), 101);
	CHECK_EQ(fcntl(fd, F_DUPFD_CLOEXEC, 50), 50);
	CHECK_EQ(fcntl(50, F_GETFD), FD_CLOEXEC);
	CHECK_ERR(fcntl(fd, F_DUPFD, -1), EINVAL);
	CHECK_ERR(fcntl(fd, F_DUPFD, 1 << 20), EINVAL);
	CHECK_ERR(fcntl(fd, 12345, 0), EINVAL);
	CHECK_ERR(fcntl(999, F_GETFD), EBADF);
	SYS(fcntl(40, F_SETFD, FD_CLOEXEC));
	CHECK_EQ(fcntl(40, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(fd, F_GETFL) & ~O_LARGEFILE & ~0100000, O_RDWR);
	SYS(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK | O_WRONLY));
	CHECK_EQ(fcntl(40, F_GETFL) & ~O_LARGEFILE & ~0100000, O_RDWR | O_APPEND | O_NONBLOCK);
	SYS(ioctl(fd, FIONBIO, (int[]){ 0 }));
	CHECK_EQ(fcntl(40, F_GETFL) & O_NONBLOCK, 0);
	CHECK_ERR(ioctl(fd, 0x5401, buf), ENOTTY);
	SYS(ioctl(40, FIOCLEX));
}

TEST(unlinked_but_open)
{
	int fd = SYS(open("f", O_RDWR | O_CREAT, 0600));
	struct stat st;

	CHECK_EQ(write(fd, "still here", 10), 10);
	SYS(unlink("f"));
	CHECK_ERR(access("f", F_OK), ENOENT);
	SYS(fstat(fd, &st));
	CHECK_EQ(st.st_nlink, 0);
	CHECK_EQ(pread(fd, buf, 100, 0), 10);
	int again = SYS(open("f", O_RDWR | O_CREAT | O_EXCL, 0600));
	struct stat st2;
	SYS(fstat(again, &st2));
	CHECK(st.st_ino != st2.st_ino);
	for (int i = 0; i < 50; i++)
		CHECK_EQ(write(fd, buf, sizeof(buf)), sizeof(buf));
	SYS(close(fd));
}

TEST(sendfile_copies)
{
	int in = SYS(open("in", O_RDWR | O_CREAT, 0600)), out = SYS(open("out", O_RDWR | O_CREAT, 0600));
	off_t off = 1000;

	for (int i = 0; i < 50000; i++)
		buf[i] = i * 7;
	CHECK_EQ(write(in, buf, 50000), 50000);
	size_t left = 49000;
	while (left > 0) {
		ssize_t n = SYS(sendfile(out, in, &off, left));
		CHECK(n > 0);
		left -= n;
	}
	CHECK_EQ(off, 50000);
	CHECK_EQ(lseek(in, 0, SEEK_CUR), 50000);
	CHECK_EQ(pread(out, buf, sizeof(buf), 0), 49000);
	for (int i = 0; i < 49000; i++)
		CHECK_EQ(buf[i], (char)((i + 1000) * 7));
	CHECK_EQ(sendfile(out, in, NULL, 10), 0);
	CHECK_ERR(sendfile(in, 999, NULL, 10), EBADF);
}

TEST(special_files)
{
	int null = SYS(open("/dev/null", O_RDWR)), zero = SYS(open("/dev/zero", O_RDWR));

	CHECK_EQ(write(null, buf, 1000), 1000);
	CHECK_EQ(read(null, buf, 1000), 0);
	memset(buf, 1, 1000);
	CHECK_EQ(read(zero, buf, 1000), 1000);
	for (int i = 0; i < 1000; i++)
		CHECK_EQ(buf[i], 0);
	CHECK_EQ(write(zero, buf, 10), 10);
	int full = open("/dev/full", O_RDWR);
	CHECK_ERR(write(full, buf, 1), ENOSPC);
	CHECK_EQ(read(full, buf, 5), 5);
	int rnd = SYS(open("/dev/urandom", O_RDONLY));
	char other[64];
	CHECK_EQ(read(rnd, buf, 64), 64);
	CHECK_EQ(read(rnd, other, 64), 64);
	CHECK(memcmp(buf, other, 64) != 0);
	struct stat st;
	SYS(fstat(null, &st));
	CHECK(S_ISCHR(st.st_mode));
	CHECK_EQ(st.st_rdev, 0x103);
	CHECK_ERR(ftruncate(null, 0), EINVAL);
}

TEST(file_size_limit)
{
	struct rlimit rl = { 10000, 10000 };
	pid_t pid = t_fork();

	if (pid == 0) {
		SYS(setrlimit(RLIMIT_FSIZE, &rl));
		int fd = SYS(open("f", O_RDWR | O_CREAT, 0600));
		CHECK_EQ(write(fd, buf, 9000), 9000);
		CHECK_EQ(write(fd, buf, 9000), 1000);
		signal(SIGXFSZ, SIG_IGN);
		CHECK_ERR(write(fd, buf, 1), EFBIG);
		CHECK_ERR(ftruncate(fd, 20000), EFBIG);
		signal(SIGXFSZ, SIG_DFL);
		rl.rlim_cur = rl.rlim_max = 0;
		setrlimit(RLIMIT_CORE, &rl);
		(void)!write(fd, buf, 1);
		_exit(0);
	}
	CHECK_EQ(WTERMSIG(t_wait(pid)), SIGXFSZ);
}

TEST(sync_calls)
{
	int fd = SYS(open("f", O_RDWR | O_CREAT, 0600));

	CHECK_EQ(write(fd, buf, 30000), 30000);
	SYS(fsync(fd));
	SYS(fdatasync(fd));
	CHECK_ERR(fsync(999), EBADF);
	sync();
	fd = SYS(open("s", O_RDWR | O_CREAT | O_SYNC, 0600));
	CHECK_EQ(write(fd, buf, 5000), 5000);
	SYS(syncfs(fd));
}

TEST(statfs_counts)
{
	struct statfs before, after;
	int fd = SYS(open("f", O_RDWR | O_CREAT, 0600));

	SYS(statfs(".", &before));
	CHECK(before.f_bsize == 4096 && before.f_blocks > 0 && before.f_bfree <= before.f_blocks);
	CHECK(before.f_namelen == 255);
	for (int i = 0; i < 32; i++)
		CHECK_EQ(write(fd, buf, sizeof(buf)), sizeof(buf));
	SYS(fsync(fd));
	SYS(fstatfs(fd, &after));
	CHECK(after.f_type == before.f_type);
	CHECK(memcmp(&after.f_fsid, &before.f_fsid, sizeof(after.f_fsid)) == 0);
	CHECK(after.f_fsid.__val[0] && after.f_fsid.__val[1]); /* a UUID, not a device number */
	CHECK_ERR(statfs("nothing", &before), ENOENT);
	CHECK_ERR(fstatfs(999, &before), EBADF);
}

TEST(huge_counts)
{
	int fd = SYS(open("f", O_RDWR | O_CREAT, 0600));

	CHECK_EQ(write(fd, "abc", 3), 3);
	ssize_t n = pread(fd, buf, 0x7fffffff, 0);
	CHECK(n == 3 || (n == -1 && errno == EFAULT));
	CHECK(read(fd, buf, (size_t)-1) <= 0);
	CHECK_ERR(write(fd, (void *)0xfffff000u, 10), EFAULT);
}

TEST(allocate_beside_commits_and_truncation)
{
	int fd = SYS(open("f", O_RDWR | O_CREAT, 0600));
	pid_t syncs;

	/* Linux allocates ahead only where files have extents. */
	if (posix_fallocate(fd, 0, 4096) == EOPNOTSUPP)
		return;
	syncs = t_fork();

	if (syncs == 0) {
		int other = SYS(open("other", O_RDWR | O_CREAT, 0600));

		for (int i = 0;; i++) {
			CHECK_EQ(pwrite(other, buf, 4096, i % 50 * 4096), 4096);
			SYS(fsync(other));
			SYS(ftruncate(other, 0));
		}
	}
	pid_t cuts = t_fork();
	if (cuts == 0) {
		for (;;)
			SYS(ftruncate(fd, 0));
	}
	for (long long end = t_now_ns() + 3000000000ll; t_now_ns() < end;)
		CHECK_EQ(posix_fallocate(fd, 0, 4 << 20), 0);
	SYS(kill(syncs, SIGKILL));
	SYS(kill(cuts, SIGKILL));
	t_wait(syncs);
	t_wait(cuts);
}

T_NO_HOOK
