/* SPDX-License-Identifier: MIT */
/* Calls that a checkpoint meets: execve, vfork, a write that it cuts short. */
#define T_PART
#include "ckpttest.h"
#include <pthread.h>
#include <reprise/ckpt.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

/* A vfork ends when the child executes an image, too. */
TEST(vfork_and_image)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		if (ckpt("v", 0) == 1)
			just_waits(NULL);
		_exit(0);
	}
	t_join(pid);
	SYS(chmod("v_ckpt", 0700));
	pid = vfork();
	if (pid == 0) {
		execl("v_ckpt", "v", (char *)NULL);
		_exit(9);
	}
	CHECK(pid > 0);
	SYS(kill(pid, SIGKILL));
	CHECK_EQ(t_wait(pid), SIGKILL);
}

static volatile int go;

static void *execute(void *tid)
{
	*(volatile pid_t *)tid = syscall(SYS_gettid);
	while (!go)
		usleep(1000);
	execl("image_ckpt", "image", (char *)NULL);
	_exit(9);
}

/* An image that a thread executes: the thread's id is free afterwards. */
TEST(exec_by_thread)
{
	int fd = SYS(open("tid", O_RDWR | O_CREAT, 0600));
	volatile pid_t *tid = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char path[64];
	pid_t pid, copy;

	SYS(truncate("tid", 4096));
	pid = t_fork();
	if (pid == 0) {
		/* What is in "tid" changes meanwhile. */
		SYS(munmap((void *)tid, 4096));
		SYS(close(fd));
		if (ckpt("image", 0) == 0)
			SYS(chmod("image_ckpt", 0700));
		_exit(0);
	}
	t_join(pid);
	pid = t_fork();
	if (pid == 0) {
		pthread_t t;

		pthread_create(&t, NULL, execute, (void *)tid);
		while (!*tid)
			usleep(1000);
		go = ckpt("two", 0) == 0;
		pthread_join(t, NULL);
		_exit(9);
	}
	t_join(pid);
	/* Another one with both ids. */
	copy = SYS(recover("two", 0));
	CHECK_EQ(copy, pid);
	snprintf(path, sizeof(path), "/proc/%d/task/%d", (int)pid, (int)*tid);
	SYS(access(path, F_OK));
	SYS(kill(copy, SIGKILL));
	CHECK_EQ(t_wait(copy), SIGKILL);
}

static int cut_pipe[2];

static void *write_too_much(void *arg)
{
	static char block[200000];
	int fd;

	CHECK_EQ(write(cut_pipe[1], block, sizeof(block)), 65536);
	fd = SYS(open("whole", O_RDWR | O_CREAT, 0600));
	CHECK_EQ(write(fd, block, 100), 100);
	CHECK_EQ(lseek(fd, 0, SEEK_END), 100);
	return NULL;
}

/* A write that a checkpoint cuts short, and that cannot go on: it tells what it has written, and the next one is whole. */
TEST(write_cut)
{
	pthread_t t;
	int n = 0;

	SYS(pipe(cut_pipe));
	pthread_create(&t, NULL, write_too_much, NULL);
	while (n < 65536) {
		usleep(1000);
		SYS(ioctl(cut_pipe[0], FIONREAD, &n));
	}
	SYS(close(cut_pipe[1]));
	CHECK_EQ(ckpt("x", 0), 0);
	pthread_join(t, NULL);
}

static void *write_for_long(void *arg)
{
	static char block[65536];
	int fd = open("long", O_RDWR | O_CREAT, 0600);

	for (;;) {
		pwrite(fd, block, sizeof(block), 0);
		fsync(fd);
	}
	return NULL;
}

/* One lwp of the child is in execve(), and waits for the end of another, which comes to the boundary late, when the checkpoint holds it there. */
TEST(exec_meanwhile)
{
	for (int i = 0; i < 5; i++) {
		pid_t pid = t_fork();
		int status, r;

		if (pid == 0) {
			pthread_t t;

			pthread_create(&t, NULL, write_for_long, NULL);
			usleep(2000 * i);
			execl("/bin/true", "true", (char *)NULL);
			_exit(1);
		}
		do {
			r = ckpt("x", CKPT_TREE);
			CHECK(r == 0);
		} while (waitpid(pid, &status, WNOHANG) == 0);
		CHECK_EQ(status, 0);
	}
}
