/* SPDX-License-Identifier: MIT */
/* Files and directories whose names are gone, or are those of others by now. */
#define T_PART
#include "files.h"
#include <sys/syscall.h>
#include <dirent.h>
#include <sys/stat.h>

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
