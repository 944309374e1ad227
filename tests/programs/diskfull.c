/* SPDX-License-Identifier: MIT */
/* `diskfull DIR`: fills a small file system in several ways; each time ENOSPC, each time all of it comes back. */
#include "t.h"
#include <sys/mman.h>
#include <sys/statfs.h>

static const char *dir;
static char data[65536];

static int t_hook(int argc, char **argv)
{
	if (argc < 2 || *argv[1] != '/')
		return 2;
	dir = argv[1];
	argv[1] = NULL;
	return chdir(dir) < 0 ? 3 : -1;
}

static long long free_blocks(void)
{
	struct statfs s;

	sync();
	SYS(statfs(dir, &s));
	return s.f_bfree;
}

static long long free_inodes(void)
{
	struct statfs s;

	SYS(statfs(dir, &s));
	return s.f_ffree;
}

/* Writes until nothing more fits, not a byte. How much that was. */
static off_t fill_up(int fd)
{
	off_t total = 0;

	for (size_t piece = sizeof(data); piece > 0; piece /= 16) {
		ssize_t n;
		while ((n = write(fd, data, piece)) > 0)
			total += n;
		CHECK_EQ(errno, ENOSPC);
	}
	return total;
}

TEST(one_big_file)
{
	long long before = free_blocks();
	int fd = SYS(open("big", O_RDWR | O_CREAT, 0600));
	struct stat st;

	memset(data, 0x5a, sizeof(data));
	off_t total = fill_up(fd);
	SYS(fstat(fd, &st));
	CHECK_EQ(st.st_size, total);
	CHECK(total > before * 4096 * 9 / 10);
	CHECK_ERR(write(fd, data, 1), ENOSPC);
	/* What was accepted is there. */
	char c;
	for (off_t at = 0; at < total; at += 100000)
		CHECK(pread(fd, &c, 1, at) == 1 && c == 0x5a);
	/* No room for a new directory either, but names and changes of what exists go on. */
	CHECK_ERR(mkdir("d", 0755), ENOSPC);
	CHECK_EQ(pwrite(fd, "again", 5, 0), 5);
	SYS(rename("big", "renamed"));
	SYS(chmod("renamed", 0400));
	SYS(fsync(fd));
	SYS(close(fd));
	SYS(unlink("renamed"));
	CHECK_EQ(free_blocks(), before);
}

TEST(many_small_files)
{
	long long before = free_blocks(), inodes = free_inodes();
	char name[32];
	int n = 0, fd;

	for (;; n++) {
		snprintf(name, sizeof(name), "small-%d", n);
		fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
		if (fd < 0)
			break;
		(void)!write(fd, "x", 1);
		SYS(close(fd));
	}
	CHECK_EQ(errno, ENOSPC);
	CHECK(n > 10);
	CHECK_ERR(symlink("x", "no-room-for-this-either-whatever-its-name-is"), ENOSPC);
	while (n-- > 0) {
		snprintf(name, sizeof(name), "small-%d", n);
		SYS(unlink(name));
	}
	CHECK_EQ(free_inodes(), inodes);
	/* The directory itself may have grown for good. */
	CHECK(free_blocks() >= before - 64);
}

TEST(through_memory)
{
	/* Holes of a shared mapping that find no block: a signal, or an error at the latest from msync. */
	long long before = free_blocks();
	size_t size = (before + 64) * 4096;
	int fd = SYS(open("mapped", O_RDWR | O_CREAT, 0600));

	SYS(ftruncate(fd, size));
	pid_t pid = t_fork();
	if (pid == 0) {
		char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		CHECK(p != MAP_FAILED);
		for (size_t i = 0; i < size; i += 4096)
			p[i] = 1;
		_exit(msync(p, size, MS_SYNC) == 0 ? 1 : 7);
	}
	int st = t_wait(pid);
	CHECK(WIFSIGNALED(st) ? WTERMSIG(st) == SIGBUS : WEXITSTATUS(st) == 7);
	SYS(close(fd));
	SYS(unlink("mapped"));
	CHECK_EQ(free_blocks(), before);
}

TEST(unlinked_file_gives_room_when_closed)
{
	long long before = free_blocks();
	int fd = SYS(open("gone", O_RDWR | O_CREAT, 0600));

	fill_up(fd);
	SYS(unlink("gone"));
	CHECK(free_blocks() < before / 10);
	CHECK_ERR(mkdir("d", 0755), ENOSPC);
	SYS(close(fd));
	CHECK_EQ(free_blocks(), before);
	SYS(mkdir("d", 0755));
	SYS(rmdir("d"));
}

TEST(truncate_gives_room)
{
	long long before = free_blocks();
	int fd = SYS(open("cut", O_RDWR | O_CREAT, 0600));

	for (int i = 0; i < 3; i++) {
		CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
		fill_up(fd);
		SYS(ftruncate(fd, 0));
		CHECK_EQ(free_blocks(), before);
	}
	SYS(unlink("cut"));
}
