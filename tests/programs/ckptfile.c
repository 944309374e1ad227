/* SPDX-License-Identifier: MIT */
/*
 * Files of a process, and what happens to them between its checkpoint and its recovery: which change is
 * refused, and which is none. Each case forks a process that saves itself; what it does between that and its
 * end, or what the case does after, is the change.
 */
#include "t.h"
#include <reprise/ckpt.h>
#include <sys/mman.h>

#define SIZE 9000

static void fill(int fd, int c, off_t at, size_t n)
{
	char buf[SIZE];

	memset(buf, c, n);
	CHECK_EQ(pwrite(fd, buf, n, at), (ssize_t)n);
}

/* All bytes [at, at + n) are c. */
static int holds(int fd, int c, off_t at, size_t n)
{
	char buf[SIZE];

	CHECK_EQ(pread(fd, buf, n, at), (ssize_t)n);
	for (size_t i = 0; i < n; i++) {
		if (buf[i] != c)
			return 0;
	}
	return 1;
}

/* A file "f" of SIZE bytes 'a', open with these flags besides. */
static int file(int flags)
{
	int fd = SYS(open("f", O_RDWR | O_CREAT | O_TRUNC, 0600));

	fill(fd, 'a', 0, SIZE);
	SYS(close(fd));
	return SYS(open("f", flags));
}

/* The child of a case saves itself; true: it is the one that was brought back. The other one goes on to `after`, and ends. */
#define SAVED(flags)                       \
	({                                 \
		int r_ = ckpt("x", flags); \
		CHECK(r_ == 0 || r_ == 1); \
		r_;                        \
	})

static void comes_back(unsigned flags)
{
	t_join(SYS(recover("x", flags)));
}

static void refused(void)
{
	CHECK_ERR(recover("x", 0), ESTALE);
	comes_back(RECOVER_CHANGED);
}

/* A process with f open as `flags` is saved, writes n bytes at `at`, and ends; recovered, it ends at once. */
static void writes(int flags, unsigned how, off_t at, size_t n)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		int fd = file(flags);

		if (!SAVED(how) && n)
			fill(fd, 'b', at, n);
		_exit(0);
	}
	t_join(pid);
}

TEST(rewritten_in_place)
{
	writes(O_RDWR, 0, 0, SIZE);
	refused();
	writes(O_WRONLY, 0, 4096, 1);
	refused();
	writes(O_RDWR, 0, SIZE - 1, 1);
	refused();
	writes(O_RDWR, CKPT_FORKED | CKPT_WAIT, 100, 1);
	refused();
}

TEST(rewritten_and_grown)
{
	writes(O_RDWR, 0, SIZE - 1, 2);
	refused();
	writes(O_RDWR, 0, 0, 1);
	SYS(truncate("f", SIZE + 5000));
	refused();
}

/* As it was before, but not all the time. */
TEST(shorter_for_a_while)
{
	writes(O_RDWR, 0, 0, 0);
	SYS(truncate("f", SIZE - 1));
	CHECK_ERR(recover("x", 0), ESTALE);
	SYS(truncate("f", SIZE));
	refused();
}

/* What is behind the end that the file had may be written by who goes on, and again by who was brought back: as often as it is brought back. */
TEST(grown)
{
	for (int flags = 0; flags <= O_APPEND; flags += O_APPEND) {
		pid_t pid = t_fork();

		if (pid == 0) {
			int fd = file(O_RDWR | flags);

			SYS(lseek(fd, 0, SEEK_END));
			SAVED(0);
			for (int i = 0; i < 10; i++)
				CHECK_EQ(write(fd, "0123456789", 10), 10);
			CHECK(holds(fd, 'a', 0, SIZE));
			_exit(0);
		}
		t_join(pid);
		for (int i = 0; i < 3; i++)
			comes_back(0);
	}
}

/* Two images of one file: a change that only the later one depends on is the later one's. */
TEST(grown_and_saved_again)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		int fd = file(O_RDWR), r;

		SYS(lseek(fd, 0, SEEK_END));
		r = ckpt("x", 0);
		CHECK(r >= 0);
		CHECK_EQ(write(fd, "0123456789", 10), 10);
		if (r == 0)
			CHECK(ckpt("y", 0) >= 0);
		_exit(0);
	}
	t_join(pid);
	comes_back(0); /* writes again what "y" depends on */
	CHECK_ERR(recover("y", 0), ESTALE);
	t_join(SYS(recover("y", RECOVER_CHANGED)));
}

/* Stores into a mapping make no call; the page was written before the checkpoint, and could be written without a fault. */
static void mapped(unsigned how, int first)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		int fd = file(O_RDWR);
		char *p = SYS((char *)mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));

		SYS(close(fd));
		if (first)
			p[4200] = 'c';
		if (!SAVED(how))
			p[4200] = 'd';
		_exit(0);
	}
	t_join(pid);
	refused();
}

TEST(rewritten_through_a_mapping)
{
	mapped(0, 0);
	mapped(0, 1);
	mapped(CKPT_FORKED | CKPT_WAIT, 1);
}

/* Whoever does it, and by whatever call. */
TEST(rewritten_by_others)
{
	int fd;

	writes(O_RDWR, 0, 0, 0);
	fd = SYS(open("f", O_WRONLY));
	fill(fd, 'a', 0, 1);
	refused();
	writes(O_RDWR, 0, 0, 0);
	SYS(close(SYS(open("f", O_WRONLY | O_TRUNC))));
	fill(fd, 'a', 0, SIZE);
	refused();
	SYS(close(fd));
}

/* A file that is only read: times can be set back, the time of that cannot. */
TEST(read_and_times_set_back)
{
	struct timespec t[2];
	struct stat st;
	int fd;

	writes(O_RDONLY, 0, 0, 0);
	comes_back(0);
	SYS(stat("f", &st));
	fd = SYS(open("f", O_WRONLY));
	fill(fd, 'b', 0, SIZE);
	SYS(close(fd));
	t[0] = st.st_atim;
	t[1] = st.st_mtim;
	SYS(utimensat(AT_FDCWD, "f", t, 0));
	refused();
}

/* Another file under the name, of the same size and times. */
TEST(replaced)
{
	struct timespec t[2];
	struct stat st;
	int fd;

	writes(O_RDWR, 0, 0, 0);
	SYS(stat("f", &st));
	SYS(rename("f", "old"));
	fd = file(O_RDWR);
	t[0] = st.st_atim;
	t[1] = st.st_mtim;
	SYS(futimens(fd, t));
	refused();
	SYS(close(fd));
}

/* Its own copy, whatever is under the name: and that stays as it is. */
TEST(self_contained)
{
	static const int flags[] = { O_RDONLY, O_RDWR };

	for (int i = 0; i < 4; i++) {
		pid_t pid = t_fork();
		int fd;

		if (pid == 0) {
			fd = file(flags[i % 2]);
			if (!SAVED(CKPT_SELF))
				_exit(0);
			CHECK(holds(fd, 'a', 0, SIZE));
			CHECK_EQ(lseek(fd, 0, SEEK_END), SIZE);
			if (flags[i % 2] == O_RDWR) {
				fill(fd, 'c', 0, 100);
				CHECK(holds(fd, 'c', 0, 100));
			}
			_exit(0);
		}
		t_join(pid);
		fd = SYS(open("f", O_RDWR));
		fill(fd, 'b', 0, SIZE);
		comes_back(i < 2 ? 0 : RECOVER_CHANGED);
		CHECK(holds(fd, 'b', 0, SIZE));
		SYS(close(fd));
		SYS(unlink("f"));
	}
}

/*
 * One file, as a process with many sides of it has it, stays one: descriptors, private and shared mappings, its name. `how` it is found by
 * the recovery: 0 as it was, 1 gone, 2 changed.
 */
static void one_file(int shared_first, int how)
{
	pid_t pid = t_fork();
	int fd;

	if (pid == 0) {
		int rw = file(O_RDWR), rd = SYS(open("f", O_RDONLY));
		char *shared = NULL, *private;
		struct stat a, b;

		if (shared_first)
			shared = SYS((char *)mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, rw, 0));
		private = SYS((char *)mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, rd, 0));
		if (!shared_first)
			shared = SYS((char *)mmap(NULL, SIZE, PROT_READ, MAP_SHARED, rd, 0));
		private[5000] = 'P';
		if (!SAVED(CKPT_SELF))
			_exit(0);
		SYS(fstat(rw, &a));
		SYS(fstat(rd, &b));
		CHECK(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
		if (how != 2) {
			SYS(stat("f", &b));
			CHECK(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
		}
		CHECK(holds(rd, 'a', 0, SIZE));
		CHECK_EQ(private[5000], 'P');
		/* A page that it has not written is the file's. */
		CHECK_EQ(pwrite(rw, "w", 1, 100), 1);
		CHECK_EQ(private[100], 'w');
		CHECK_EQ(shared[100], 'w');
		CHECK_EQ(private[5001], 'a');
		if (shared_first) {
			shared[200] = 's';
			CHECK_EQ(private[200], 's');
			CHECK(holds(rd, 's', 200, 1));
		}
		_exit(0);
	}
	t_join(pid);
	if (how == 1)
		SYS(unlink("f"));
	if (how == 2) {
		fd = SYS(open("f", O_WRONLY));
		fill(fd, 'z', 0, SIZE);
		SYS(close(fd));
	}
	comes_back(0);
	SYS(unlink("f"));
}

TEST(one_file_of_many_sides)
{
	for (int how = 0; how < 3; how++) {
		one_file(0, how);
		one_file(1, how);
	}
}

/* The same without descriptors: what is mapped privately, and open under its name by who was brought back. */
TEST(mapping_and_name)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		int fd = file(O_RDWR);
		char *p = SYS((char *)mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE, fd, 0));

		SYS(close(fd));
		if (!SAVED(CKPT_SELF))
			_exit(0);
		fd = SYS(open("f", O_RDWR));
		fill(fd, 'n', 0, 10);
		CHECK_EQ(p[5], 'n');
		_exit(0);
	}
	t_join(pid);
	comes_back(0);
}

static int t_hook(int argc, char **argv)
{
	return -1;
}
