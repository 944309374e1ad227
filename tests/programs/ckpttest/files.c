/* SPDX-License-Identifier: MIT */
/* Files: made again, written meanwhile, removed. */
#define T_PART
#include "ckpttest.h"
#include <reprise/ckpt.h>

/* A file that is made again has the mode that it had, whatever the caller's umask is. */
TEST(made_again)
{
	struct stat st;
	pid_t pid = t_fork();

	if (pid == 0) {
		umask(0);
		int fd = SYS(open("made", O_RDWR | O_CREAT, 0666));
		CHECK_EQ(write(fd, "text", 4), 4);
		if (ckpt("x", CKPT_SELF) == 0)
			_exit(0);
		CHECK_EQ(write(fd, " more", 5), 5);
		_exit(0);
	}
	CHECK_EQ(t_wait(pid), 0);
	SYS(unlink("made"));
	umask(077);
	CHECK_EQ(t_wait(SYS(recover("x", 0))), 0);
	SYS(stat("made", &st));
	CHECK_EQ(st.st_mode, S_IFREG | 0666);
	CHECK_EQ(st.st_size, 9);
}

/* Who reads what another description writes has one file with it, also where it has grown since, or was made again. */
static void append_and_read(unsigned flags, int gone)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		int in = SYS(open("grows", O_RDONLY | O_CREAT, 0600)),
		    out = SYS(open("grows", O_WRONLY | O_APPEND)), other = SYS(open("grows", O_RDWR));
		struct stat a, b;
		char buf[8];
		int r;

		CHECK_EQ(write(out, "one", 3), 3);
		CHECK_EQ(read(in, buf, 3), 3);
		r = ckpt("x", flags);
		if (r == 0) {
			CHECK_EQ(write(out, "two", 3), 3);
			_exit(0);
		}
		CHECK_EQ(r, 1);
		SYS(fstat(in, &a));
		SYS(fstat(other, &b));
		CHECK(a.st_ino == b.st_ino);
		SYS(stat("grows", &b));
		CHECK(a.st_ino == b.st_ino);
		CHECK_EQ(pwrite(other, "xyz", 3, 3), 3);
		CHECK_EQ(read(in, buf, sizeof(buf)), 3);
		CHECK(memcmp(buf, "xyz", 3) == 0);
		_exit(0);
	}
	t_join(pid);
	if (gone)
		SYS(unlink("grows"));
	t_join(SYS(recover("x", 0)));
	SYS(unlink("grows"));
}

TEST(read_and_written)
{
	append_and_read(0, 0);
	append_and_read(CKPT_SELF, 0);
	append_and_read(CKPT_SELF, 1);
}

/* What others write to a file, while it is being saved, is in the image before or after: never half. */
TEST(written_meanwhile)
{
	enum { PAGES = 200 };
	char block[4096];
	int fd = SYS(open("log", O_RDWR | O_CREAT, 0600));
	pid_t writer, pid;

	memset(block, 'a', sizeof(block));
	for (int i = 0; i < PAGES; i++)
		CHECK_EQ(pwrite(fd, block, sizeof(block), i * 4096), 4096);
	writer = t_fork();
	if (writer == 0) {
		for (unsigned n = 0;; n++) {
			memset(block, n, sizeof(block));
			pwrite(fd, block, sizeof(block), n % PAGES * 4096);
		}
	}
	pid = t_fork();
	if (pid == 0) {
		for (;;)
			pause();
	}
	for (int i = 0; i < 30; i++) {
		pid_t copy;

		SYS(tckpt(pid, "x", CKPT_SELF | CKPT_WAIT));
		copy = SYS(recover("x", RECOVER_NEWPID));
		SYS(kill(copy, SIGKILL));
		CHECK_EQ(t_wait(copy), SIGKILL);
	}
	SYS(kill(pid, SIGKILL));
	CHECK_EQ(t_wait(pid), SIGKILL);
	SYS(kill(writer, SIGKILL));
	CHECK_EQ(t_wait(writer), SIGKILL);
	SYS(close(fd));
}

/* A program in memory that was removed while it runs. */
TEST(program_removed)
{
	static char buf[65536];
	int in = SYS(open("/bin/busybox", O_RDONLY)),
	    out = SYS(open("/tmp/busybox", O_WRONLY | O_CREAT, 0755));
	ssize_t n;
	pid_t pid;

	while ((n = SYS(read(in, buf, sizeof(buf)))) > 0)
		CHECK_EQ(write(out, buf, n), n);
	SYS(close(in));
	SYS(close(out));
	pid = t_fork();
	if (pid == 0) {
		t_on_its_own();
		execl("/tmp/busybox", "sleep", "1000", (char *)NULL);
		_exit(9);
	}
	t_await_state(pid, "S");
	SYS(unlink("/tmp/busybox"));
	for (int i = 0; i < 2; i++) {
		SYS(tckpt(pid, "x", CKPT_WAIT));
		SYS(kill(pid, SIGKILL));
		CHECK_EQ(t_wait(pid), SIGKILL);
		pid = SYS(recover("x", 0));
		t_await_state(pid, "S");
	}
	SYS(kill(pid, SIGKILL));
	CHECK_EQ(t_wait(pid), SIGKILL);
}
