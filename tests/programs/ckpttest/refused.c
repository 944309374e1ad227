/* SPDX-License-Identifier: MIT */
/* What must be refused, with nothing left behind; all in one process that never recovers. */
#define T_PART
#include "ckpttest.h"
#include <reprise/ckpt.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mman.h>

TEST(refused)
{
	char longname[300];
	int p[2];

	CHECK_ERR(ckpt(NULL, 0), EFAULT);
	CHECK_ERR(ckpt((char *)0xc0000000, 0), EFAULT);
	CHECK_ERR(ckpt("", 0), ENOENT);
	CHECK_ERR(ckpt("no/such/place", 0), ENOENT);
	CHECK_ERR(ckpt("x", 0x80000000), EINVAL);
	memset(longname, 'n', 299);
	longname[299] = 0;
	CHECK_ERR(ckpt(longname, 0), ENAMETOOLONG);
	longname[253] = 0; /* with the suffix it is too long */
	CHECK_ERR(ckpt(longname, 0), ENAMETOOLONG);
	CHECK_ERR(recover("nothing", 0), ENOENT);
	CHECK_ERR(recover(NULL, 0), EFAULT);
	CHECK_ERR(recover("x", 0x80000000), EINVAL);
	t_put("junk_ckpt", "this is no image", 16);
	CHECK(recover("junk", 0) == -1 && (errno == ENOEXEC || errno == EBADMSG));
	t_put("empty_ckpt", "", 0);
	CHECK(recover("empty", 0) == -1 && (errno == ENOEXEC || errno == EBADMSG));
	SYS(mkdir("dir_ckpt", 0755));
	CHECK(recover("dir", 0) == -1);
	CHECK_ERR(tckpt(99999, "x", 0), ESRCH);
	SYS(pipe(p));
	(void)p;
	/* A lock of what is no file. */
	p[0] = SYS(open("/dev/null", O_RDWR));
	SYS(flock(p[0], LOCK_EX));
	CHECK_EQ(obstacles(getpid()), 1);
	CHECK_ERR(ckpt("x", 0), EOPNOTSUPP);
	SYS(close(p[0]));
	SYS(pipe(p));
	SYS(flock(p[1], LOCK_SH));
	CHECK_ERR(ckpt("x", 0), EOPNOTSUPP);
	SYS(close(p[0]));
	SYS(close(p[1]));
}

/* Not one of two who have memory, or descriptors, together: and the other is the parent, who would not be in the image. */
TEST(not_without_the_other)
{
	static const int flags[] = { CLONE_VM, CLONE_FILES };

	for (int i = 0; i < 2; i++) {
		char *stack = SYS((char *)mmap(NULL, 16384, PROT_READ | PROT_WRITE,
					       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
		pid_t pid = SYS(clone(just_waits, stack + 16384, flags[i] | SIGCHLD, NULL));

		CHECK_ERR(tckpt(pid, "x", CKPT_WAIT), EOPNOTSUPP);
		CHECK_ERR(tckpt(pid, "x", CKPT_WAIT | CKPT_TREE), EOPNOTSUPP);
		CHECK_ERR(ckpt("x", 0), EOPNOTSUPP);
		CHECK_EQ(ckpt("x", CKPT_TREE), 0);
		SYS(kill(pid, SIGKILL));
		CHECK_EQ(t_wait(pid), SIGKILL);
		SYS(munmap(stack, 16384));
		SYS(unlink("x_ckpt"));
	}
}
