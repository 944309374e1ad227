/* SPDX-License-Identifier: MIT */
/* Crowds of data: descriptors, lines of a terminal, files and their pages, bytes in a pipe. */
#define T_PART
#include "longhold.h"
#include <poll.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <termios.h>

/* A poll of many descriptors, of few pipes. */
TEST_REPRISE(descriptors)
{
	static struct pollfd pf[CROWD];
	struct t_gate g = t_gate();

	for (int i = 0; i < CROWD; i++)
		pf[i] = (struct pollfd){ .fd = g.g_fd[0], .events = POLLIN };
	holds_begin();
	CHECK_EQ(poll(pf, CROWD, 10), 0);
	t_open_gate(g);
	CHECK_EQ(poll(pf, CROWD, -1), CROWD);
	for (int i = 3; i < CROWD; i++)
		SYS(dup2(g.g_fd[0], i));
	SYS(syscall(436, 3, ~0u, 0)); /* close_range */
	holds_end();
}

/* Long lines, echoed; both queues full, and flushed. */
TEST_REPRISE(terminal)
{
	int master = SYS(posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK)), slave;
	static char buf[65536];
	struct termios tio;

	SYS(grantpt(master));
	SYS(unlockpt(master));
	slave = SYS(open(ptsname(master), O_RDWR | O_NOCTTY | O_NONBLOCK));
	/* What one character changes on the screen is as long as the line is, and as the output queue. */
	limit = 500000;
	holds_begin();
	for (int i = 0; i < 3; i++) {
		memset(buf, "a\t\003"[i], sizeof(buf));
		(void)!write(master, buf, sizeof(buf));
		(void)!write(master, "\025\n", 2);
		(void)!read(master, buf, sizeof(buf));
		(void)!read(slave, buf, sizeof(buf));
		memset(buf, '\n', sizeof(buf));
		(void)!write(slave, buf, sizeof(buf));
		(void)!write(slave, buf, sizeof(buf));
		SYS(tcflush(slave, TCIOFLUSH));
	}
	SYS(tcgetattr(slave, &tio));
	cfmakeraw(&tio);
	SYS(tcsetattr(slave, TCSANOW, &tio));
	(void)!write(master, buf, sizeof(buf));
	(void)!read(slave, buf, sizeof(buf));
	holds_end();
}

/* Each byte or two moves the whole screen, or erases it. */
TEST_REPRISE(screen)
{
	static const char *const text[] = { "\n", "\033[2J", "\033[L", "\033c", "\033M" };
	int fd = SYS(open("/dev/tty1", O_WRONLY | O_NOCTTY));
	char buf[4096];

	/* A few of these, and all cells copied to the adapter. */
	limit = 500000;
	holds_begin();
	for (int i = 0; i < 5; i++) {
		size_t n = strlen(text[i]);

		for (size_t at = 0; at < sizeof(buf); at++)
			buf[at] = text[i][at % n];
		CHECK_EQ(write(fd, buf, sizeof(buf)), sizeof(buf));
		SYS(tcdrain(fd));
	}
	CHECK_EQ(write(fd, "\033c", 2), 2);
	SYS(close(fd));
	holds_end();
}

/* Files of a crowd of names, their names forgotten, all that is cached dropped. */
static void crowd_of_files(const char *dir)
{
	char name[64];

	SYS(mkdir(dir, 0777));
	SYS(chdir(dir));
	holds_begin();
	for (int i = 0; i < 3 * CROWD; i++) {
		snprintf(name, sizeof(name), "%d", i);
		SYS(close(SYS(open(name, O_RDWR | O_CREAT, 0666))));
	}
	CHECK_EQ(system("ls -l > /dev/null"), 0);
	sync();
	CHECK_EQ(system("echo drop > /proc/reprise/control"), 0);
	for (int i = 0; i < 3 * CROWD; i++) {
		snprintf(name, sizeof(name), "%d", i);
		SYS(unlink(name));
	}
	SYS(chdir("/"));
	SYS(rmdir(dir));
	sync();
	holds_end();
}

TEST_REPRISE(files_in_memory)
{
	crowd_of_files("/tmp/crowd");
}

/* A mount of them: its path is asked for, and it is unmounted. */
TEST_REPRISE(mount_in_memory)
{
	char name[64];

	SYS(mkdir("crowd", 0777));
	SYS(mount("none", "crowd", "tmpfs", 0, NULL));
	for (int i = 0; i < 5 * CROWD; i++) {
		snprintf(name, sizeof(name), "crowd/%d", i);
		SYS(mknod(name, S_IFREG | 0666, 0));
	}
	limit = 60000;
	holds_begin();
	SYS(umount("crowd"));
	holds_end();
	SYS(rmdir("crowd"));
}

TEST_REPRISE(files_on_disk)
{
	crowd_of_files("/var/tmp/crowd");
}

/* A large file: written, mapped, flushed, cut off, and its pages dropped. */
TEST_REPRISE(pages)
{
	const size_t size = 32 << 20;
	char *m;
	int fd = SYS(open("/var/tmp/pages", O_RDWR | O_CREAT | O_TRUNC, 0666));

	holds_begin();
	SYS(ftruncate(fd, size));
	m = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(m != MAP_FAILED);
	for (size_t at = 0; at < size; at += 4096)
		m[at] = 1;
	SYS(fsync(fd));
	t_join(t_fork() ?: (_exit(0), 0));
	SYS(mprotect(m, size, PROT_READ));
	SYS(ftruncate(fd, 0));
	SYS(munmap(m, size));
	m = SYS(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	for (size_t at = 0; at < size; at += 4096)
		m[at] = 1;
	t_join(t_fork() ?: (_exit(0), 0));
	for (size_t at = 0; at < size; at += 8192)
		SYS(mprotect(m + at, 4096, PROT_READ));
	SYS(munmap(m, size));
	SYS(unlink("/var/tmp/pages"));
	SYS(close(fd));
	sync();
	CHECK_EQ(system("echo drop > /proc/reprise/control"), 0);
	holds_end();
}

/* Bytes in a pipe as large as can be. */
TEST_REPRISE(pipe)
{
	static char buf[1 << 20];
	int fd[2];

	SYS(pipe(fd));
	holds_begin();
	SYS(fcntl(fd[1], F_SETPIPE_SZ, sizeof(buf)));
	CHECK_EQ(write(fd[1], buf, sizeof(buf)), sizeof(buf));
	CHECK_EQ(read(fd[0], buf, sizeof(buf)), sizeof(buf));
	CHECK_EQ(write(fd[1], buf, sizeof(buf)), sizeof(buf));
	SYS(close(fd[0]));
	SYS(close(fd[1]));
	holds_end();
}
