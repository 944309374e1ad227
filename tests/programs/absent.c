/* SPDX-License-Identifier: MIT */
/*
 * Calls of which the kernel lacks the matter: extended attributes, sockets,
 * splicing, namespaces. They look at their arguments, and answer what a program
 * knows how to go on with.
 */
#include "t.h"
#include <sched.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define BAD ((void *)8)

/* ---- extended attributes: on files of /proc, which have none anywhere ---- */

#define FILE_P "/proc/self/status"
#define DIR_P "/proc/self"

static char long_name[300];

static long set(const char *path, const char *name, const void *v, size_t n, int flags)
{
	return syscall(SYS_setxattr, path, name, v, n, flags);
}

static long get(const char *path, const char *name)
{
	char buf[64];

	return syscall(SYS_getxattr, path, name, buf, sizeof(buf));
}

TEST(attributes_are_not_supported)
{
	char buf[64];

	CHECK_ERR(get(FILE_P, "user.a"), EOPNOTSUPP);
	CHECK_ERR(get(DIR_P, "user.a"), EOPNOTSUPP);
	CHECK_ERR(get(FILE_P, "security.selinux"), EOPNOTSUPP);
	CHECK_ERR(get(FILE_P, "system.posix_acl_access"), EOPNOTSUPP);
	CHECK_ERR(syscall(SYS_lgetxattr, FILE_P, "user.a", buf, 0), EOPNOTSUPP);
	CHECK_EQ(syscall(SYS_listxattr, FILE_P, buf, sizeof(buf)), 0);
	CHECK_EQ(syscall(SYS_listxattr, FILE_P, NULL, 0), 0);
	CHECK_EQ(syscall(SYS_llistxattr, "/proc/self/exe", buf, sizeof(buf)), 0);
	int fd = SYS(open(FILE_P, O_RDONLY));
	CHECK_ERR(syscall(SYS_fgetxattr, fd, "user.a", buf, sizeof(buf)), EOPNOTSUPP);
	CHECK_EQ(syscall(SYS_flistxattr, fd, buf, sizeof(buf)), 0);
	int p[2];
	SYS(pipe(p));
	CHECK_EQ(syscall(SYS_flistxattr, p[0], buf, sizeof(buf)), 0);
}

TEST(attributes_paths)
{
	char buf[8];

	CHECK_ERR(get("nothing", "user.a"), ENOENT);
	CHECK_ERR(get("", "user.a"), ENOENT);
	CHECK_ERR(get(FILE_P "/x", "user.a"), ENOTDIR);
	CHECK_ERR(get(BAD, "user.a"), EFAULT);
	CHECK_ERR(syscall(SYS_listxattr, "nothing", buf, 8), ENOENT);
	CHECK_ERR(syscall(SYS_removexattr, "nothing", "user.a"), ENOENT);
	CHECK_ERR(set("nothing", "user.a", "x", 1, 0), ENOENT);
	CHECK_ERR(syscall(SYS_fgetxattr, 999, "user.a", buf, 8), EBADF);
	CHECK_ERR(syscall(SYS_flistxattr, 999, buf, 8), EBADF);
	CHECK_ERR(syscall(SYS_fsetxattr, 999, "user.a", "x", 1, 0), EBADF);
	CHECK_ERR(syscall(SYS_fremovexattr, 999, "user.a"), EBADF);
	CHECK_ERR(syscall(SYS_flistxattr, SYS(open(FILE_P, O_PATH)), buf, 8), EBADF);
	SYS(symlink("nothing", "dangling"));
	CHECK_ERR(syscall(SYS_listxattr, "dangling", buf, 8), ENOENT);
	CHECK_EQ(syscall(SYS_llistxattr, "dangling", buf, 8), 0);
}

TEST(attributes_names_and_values)
{
	memset(long_name, 'n', sizeof(long_name) - 1);
	memcpy(long_name, "user.", 5);
	CHECK_ERR(get(FILE_P, ""), ERANGE);
	CHECK_ERR(get(FILE_P, long_name), ERANGE);
	long_name[255] = 0;
	CHECK_ERR(get(FILE_P, long_name), EOPNOTSUPP);
	CHECK_ERR(get(FILE_P, BAD), EFAULT);
	/* The arguments of the others, on a file of one's own. */
	t_put("f", "x", 1);
	CHECK_ERR(set("f", "user.a", "x", 1, 4), EINVAL);
	CHECK_ERR(set("f", "user.a", "x", 65537, 0), E2BIG);
	CHECK_ERR(set("f", "user.a", BAD, 1, 0), EFAULT);
	CHECK_ERR(set("f", "", "x", 1, 0), ERANGE);
	CHECK_ERR(set("f", BAD, "x", 1, 0), EFAULT);
	CHECK_ERR(syscall(SYS_removexattr, "f", ""), ERANGE);
	CHECK_ERR(syscall(SYS_removexattr, "f", BAD), EFAULT);
}

TEST_REPRISE(attributes_of_files)
{
	char buf[8];
	int fd = SYS(open("f", O_RDWR | O_CREAT, 0600));

	SYS(symlink("f", "l"));
	SYS(mkfifo("p", 0600));
	CHECK_ERR(set("f", "user.a", "x", 1, 0), EOPNOTSUPP);
	CHECK_ERR(set("f", "user.a", NULL, 0, 2), EOPNOTSUPP);
	CHECK_ERR(set(".", "user.a", "x", 1, 1), EOPNOTSUPP);
	CHECK_ERR(set("f", "trusted.a", "x", 1, 0), geteuid() == 0 ? EOPNOTSUPP : EPERM);
	CHECK_ERR(syscall(SYS_lsetxattr, "l", "user.a", "x", 1, 0), EPERM);
	CHECK_ERR(syscall(SYS_lgetxattr, "l", "user.a", buf, 8), ENODATA);
	CHECK_ERR(set("p", "user.a", "x", 1, 0), EPERM);
	CHECK_ERR(get("p", "user.a"), ENODATA);
	CHECK_ERR(get("f", "user.a"), EOPNOTSUPP);
	CHECK_ERR(syscall(SYS_fsetxattr, fd, "user.a", "x", 1, 0), EOPNOTSUPP);
	CHECK_ERR(syscall(SYS_fremovexattr, fd, "user.a"), EOPNOTSUPP);
	CHECK_ERR(syscall(SYS_removexattr, "f", "user.a"), EOPNOTSUPP);
	CHECK_ERR(syscall(SYS_lremovexattr, "l", "user.a"), EPERM);
	CHECK_EQ(syscall(SYS_flistxattr, fd, buf, 8), 0);
}

TEST_ROOT(attributes_rights)
{
	SYS(chmod(".", 0777));
	t_put("f", "x", 1);
	SYS(chmod("f", 0600));
	pid_t pid = t_fork();
	if (pid == 0) {
		SYS(setgid(1001));
		SYS(setuid(1001));
		CHECK_ERR(set("f", "user.a", "x", 1, 0), EACCES);
		CHECK_ERR(get("f", "user.a"), EACCES);
		CHECK_ERR(set("f", "trusted.a", "x", 1, 0), EPERM);
		CHECK_ERR(get("f", "trusted.a"), ENODATA);
		CHECK_ERR(syscall(SYS_removexattr, "f", "user.a"), EACCES);
		_exit(0);
	}
	t_join(pid);
}

/* A Linux with BPF among its security modules takes these from any user. */
TEST_REPRISE(attributes_of_security)
{
	t_put("f", "x", 1);
	pid_t pid = t_fork();
	if (pid == 0) {
		SYS(setuid(1001));
		CHECK_ERR(set("f", "security.a", "x", 1, 0), EPERM);
		_exit(0);
	}
	t_join(pid);
}

/* ---- sockets ---- */

static long call(int nr, long a, long b, long c, long d, long e)
{
	long args[6] = { a, b, c, d, e, 0 };

	return syscall(SYS_socketcall, nr, args);
}

/* Families that no kernel serves. */
TEST(no_such_family)
{
	int fds[2] = { -1, -1 };

	static const int families[] = { 44 + 1, 46, 47, 1000, -1 };
	for (int i = 1; i < 5; i++) {
		CHECK_ERR(syscall(SYS_socket, families[i], SOCK_STREAM, 0), EAFNOSUPPORT);
		CHECK_ERR(call(1, families[i], SOCK_STREAM, 0, 0, 0), EAFNOSUPPORT);
		CHECK_ERR(syscall(SYS_socketpair, families[i], SOCK_STREAM, 0, fds), EAFNOSUPPORT);
	}
	CHECK_ERR(syscall(SYS_socket, AF_UNIX, 11, 0), EINVAL);
	CHECK_ERR(syscall(SYS_socket, AF_UNIX, SOCK_STREAM | 0x10, 0), EINVAL);
	CHECK_ERR(syscall(SYS_socket, 1000, 11, 0), EAFNOSUPPORT);
	CHECK_ERR(syscall(SYS_socket, 1000, SOCK_STREAM | 0x10, 0), EINVAL);
	CHECK_ERR(syscall(SYS_socketpair, 1000, SOCK_STREAM, 0, BAD), EFAULT);
	CHECK_ERR(syscall(SYS_socketpair, 1000, 0x100, 0, BAD), EINVAL);
	/* Nothing was left open. */
	int fd = SYS(open("/dev/null", O_RDONLY));
	CHECK_EQ(fd, 3);
}

TEST_REPRISE(no_family)
{
	int fds[2];

	for (int f = 0; f < 46; f++) {
		CHECK_ERR(syscall(SYS_socket, f, SOCK_STREAM, 0), EAFNOSUPPORT);
		CHECK_ERR(syscall(SYS_socket, f, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), EAFNOSUPPORT);
		CHECK_ERR(socketpair(f, SOCK_STREAM, 0, fds), EAFNOSUPPORT);
	}
}

TEST(no_socket)
{
	static const struct {
		int nr, call; /* of its own; number for socketcall */
	} calls[] = {
		{ SYS_bind, 2 },
		{ SYS_connect, 3 },
		{ SYS_listen, 4 },
		{ SYS_getsockname, 6 },
		{ SYS_getpeername, 7 },
		{ SYS_sendto, 11 },
		{ SYS_recvfrom, 12 },
		{ SYS_shutdown, 13 },
		{ SYS_setsockopt, 14 },
		{ SYS_getsockopt, 15 },
		{ SYS_sendmsg, 16 },
		{ SYS_recvmsg, 17 },
		{ SYS_accept4, 18 },
		{ SYS_sendmmsg, 20 },
		{ 0, 5 },
		{ 0, 9 },
		{ 0, 10 },
	};
	char addr[128] = { 0 };
	long p = (long)addr;

	int fd = SYS(open("/dev/null", O_RDWR)), path = SYS(open("/dev/null", O_PATH));
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		/* Length 0 and flags 0, wherever they stand. */
		if (calls[i].nr) {
			CHECK_ERR(syscall(calls[i].nr, fd, p, 0, 0, 0, 0), ENOTSOCK);
			CHECK_ERR(syscall(calls[i].nr, 999, p, 0, 0, 0, 0), EBADF);
			CHECK_ERR(syscall(calls[i].nr, path, p, 0, 0, 0, 0), EBADF);
		}
		CHECK_ERR(call(calls[i].call, fd, p, 0, 0, 0), ENOTSOCK);
		CHECK_ERR(call(calls[i].call, 999, p, 0, 0, 0), EBADF);
	}
	CHECK_ERR(syscall(SYS_accept4, fd, NULL, NULL, 1), EINVAL);
	CHECK_ERR(syscall(SYS_accept4, 999, NULL, NULL, 1), EBADF);
	CHECK_ERR(syscall(SYS_connect, fd, addr, 129), EINVAL);
	CHECK_ERR(syscall(SYS_connect, fd, addr, -1), EINVAL);
	CHECK_ERR(syscall(SYS_connect, fd, BAD, 16), EFAULT);
	CHECK_ERR(syscall(SYS_connect, 999, BAD, 16), EBADF);
	CHECK_ERR(syscall(SYS_socketcall, 0, addr), EINVAL);
	CHECK_ERR(syscall(SYS_socketcall, 21, addr), EINVAL);
	CHECK_ERR(syscall(SYS_socketcall, -1, addr), EINVAL);
	CHECK_ERR(syscall(SYS_socketcall, 2, BAD), EFAULT);
}

/* ---- splicing ---- */

TEST(splice_arguments)
{
	int p[2], q[2];
	long long off = 0;

	SYS(pipe(p));
	SYS(pipe(q));
	t_put("f", "abc", 3);
	int fd = SYS(open("f", O_RDWR));
	CHECK_EQ(syscall(SYS_splice, 999, NULL, 999, NULL, 0, 0), 0);
	CHECK_ERR(syscall(SYS_splice, fd, NULL, p[1], NULL, 1, 0x10), EINVAL);
	CHECK_ERR(syscall(SYS_splice, 999, NULL, p[1], NULL, 1, 0), EBADF);
	CHECK_ERR(syscall(SYS_splice, fd, NULL, 999, NULL, 1, 0), EBADF);
	CHECK_ERR(syscall(SYS_splice, fd, NULL, p[1], &off, 1, 0), ESPIPE);
	CHECK_ERR(syscall(SYS_splice, p[0], &off, fd, NULL, 1, 0), ESPIPE);
	CHECK_ERR(syscall(SYS_splice, fd, BAD, p[1], NULL, 1, 0), EFAULT);
	CHECK_ERR(syscall(SYS_splice, fd, NULL, p[0], NULL, 1, 0), EBADF);
	CHECK_ERR(syscall(SYS_splice, fd, NULL, fd, NULL, 1, 0), EINVAL); /* no pipe */
	CHECK_ERR(syscall(SYS_splice, p[0], NULL, p[1], NULL, 1, 0), EINVAL);
	CHECK_EQ(syscall(SYS_tee, 999, 999, 0, 0), 0);
	CHECK_ERR(syscall(SYS_tee, p[0], q[1], 1, 0x10), EINVAL);
	CHECK_ERR(syscall(SYS_tee, 999, q[1], 1, 0), EBADF);
	CHECK_ERR(syscall(SYS_tee, p[0], fd, 1, 0), EINVAL);
	CHECK_ERR(syscall(SYS_tee, p[0], p[1], 1, 0), EINVAL);
	CHECK_ERR(syscall(SYS_tee, p[1], q[1], 1, 0), EBADF);
}

TEST(vmsplice)
{
	char buf[8];
	struct iovec iov = { "abcd", 4 }, in = { buf, 8 };
	int p[2];

	SYS(pipe(p));
	CHECK_EQ(syscall(SYS_vmsplice, p[1], &iov, 1, 0), 4);
	CHECK_EQ(syscall(SYS_vmsplice, p[0], &in, 1, 0), 4);
	CHECK(memcmp(buf, "abcd", 4) == 0);
	CHECK_ERR(syscall(SYS_vmsplice, p[1], &iov, 1, 0x10), EINVAL);
	CHECK_ERR(syscall(SYS_vmsplice, 999, &iov, 1, 0), EBADF);
	CHECK_ERR(syscall(SYS_vmsplice, SYS(open("/dev/null", O_RDWR)), &iov, 1, 0), EBADF);
}

/* ---- namespaces ---- */

TEST(unshare_what_is_not_shared)
{
	SYS(syscall(SYS_unshare, 0));
	SYS(syscall(SYS_unshare, CLONE_FILES));
	SYS(syscall(SYS_unshare, CLONE_FS));
	SYS(syscall(SYS_unshare, CLONE_SYSVSEM));
	SYS(syscall(SYS_unshare, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD));
	CHECK_ERR(syscall(SYS_unshare, 0x8000), EINVAL);
	CHECK_ERR(syscall(SYS_setns, 999, 0), EBADF);
	CHECK_ERR(syscall(SYS_setns, SYS(open("/dev/null", O_RDONLY)), 0), EINVAL);
}

TEST_REPRISE(no_namespaces)
{
	CHECK_ERR(syscall(SYS_unshare, CLONE_NEWUSER), EINVAL);
	CHECK_ERR(syscall(SYS_unshare, CLONE_NEWNS), geteuid() == 0 ? EINVAL : EPERM);
}

TEST(arch_prctl)
{
	CHECK_ERR(syscall(SYS_arch_prctl, 0x3fff, 0), EINVAL);
	CHECK_EQ(syscall(SYS_arch_prctl, 0x1011, 0), 1);
}

T_NO_HOOK
