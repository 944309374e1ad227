/* SPDX-License-Identifier: MIT */
/*
 * Sockets: there is no family of them here. socket() says so after it has
 * looked at its arguments, and the calls on sockets find that their descriptor
 * is none. Programs ask for a family and go on without it; ENOSYS is what none
 * expects.
 *
 * Source: socket(2), socketpair(2), accept(2), connect(2), socketcall(2).
 */
#include "fs/file.h"
#include "fs/poll_impl.h"
#include "fs/syscalls.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "mm/usercopy.h"

#define SOCK_FLAGS (O_CLOEXEC | O_NONBLOCK)
#define SOCK_TYPE_MASK 0xfu
#define SOCK_MAX 11  /* types */
#define PF_MAX 46    /* families that have a number */
#define ADDR_MAX 128 /* struct sockaddr_storage */

long sys_socket(int family, int type, int protocol)
{
	if ((u32)type & ~(SOCK_TYPE_MASK | SOCK_FLAGS))
		return -EINVAL;
	if (family >= 0 && family < PF_MAX && (type & (int)SOCK_TYPE_MASK) >= SOCK_MAX)
		return -EINVAL;
	return -EAFNOSUPPORT;
}

/* Two descriptors are looked for, and told, before the family is. */
long sys_socketpair(int family, int type, int protocol, uaddr_t ufds)
{
	int fd[2];
	long error;

	if ((u32)type & ~(SOCK_TYPE_MASK | SOCK_FLAGS))
		return -EINVAL;
	fd[0] = fd_reserve(0, 0);
	if (fd[0] < 0)
		return fd[0];
	fd[1] = fd_reserve(0, 0);
	if (fd[1] >= 0) {
		error = copyout(ufds, fd, sizeof(fd));
		if (!error)
			error = sys_socket(family, type, protocol);
		fd_unreserve(fd[1]);
	} else {
		error = fd[1];
	}
	fd_unreserve(fd[0]);
	return error;
}

/* What fd is open on is no socket. */
static long not_a_socket(int fd)
{
	struct file *f;
	int error = fd_get(fd, &f);

	if (error)
		return error;
	error = f->f_flags & O_PATH ? -EBADF : -ENOTSOCK;
	file_rele(f);
	return error;
}

long sys_bind(int fd, uaddr_t uaddr, int len)
{
	return not_a_socket(fd);
}

long sys_connect(int fd, uaddr_t uaddr, int len)
{
	char addr[ADDR_MAX];
	long error = not_a_socket(fd);

	if (error == -EBADF)
		return error;
	if (len < 0 || len > ADDR_MAX)
		return -EINVAL;
	return copyin(addr, uaddr, (size_t)len) ? -EFAULT : error;
}

long sys_listen(int fd, int backlog)
{
	return not_a_socket(fd);
}

long sys_accept4(int fd, uaddr_t uaddr, uaddr_t ulen, u32 flags)
{
	long error = not_a_socket(fd);

	return error != -EBADF && (flags & ~SOCK_FLAGS) ? -EINVAL : error;
}

long sys_getsockopt(int fd, int level, int name, uaddr_t uvalue, uaddr_t ulen)
{
	return not_a_socket(fd);
}

long sys_setsockopt(int fd, int level, int name, uaddr_t uvalue, int len)
{
	return not_a_socket(fd);
}

long sys_getsockname(int fd, uaddr_t uaddr, uaddr_t ulen)
{
	return not_a_socket(fd);
}

long sys_getpeername(int fd, uaddr_t uaddr, uaddr_t ulen)
{
	return not_a_socket(fd);
}

long sys_sendto(int fd, uaddr_t ubuf, u32 len, u32 flags, uaddr_t uaddr, int addrlen)
{
	return not_a_socket(fd);
}

long sys_recvfrom(int fd, uaddr_t ubuf, u32 len, u32 flags, uaddr_t uaddr, uaddr_t ulen)
{
	return not_a_socket(fd);
}

long sys_sendmsg(int fd, uaddr_t umsg, u32 flags)
{
	return not_a_socket(fd);
}

long sys_recvmsg(int fd, uaddr_t umsg, u32 flags)
{
	return not_a_socket(fd);
}

long sys_sendmmsg(int fd, uaddr_t umsgs, u32 n, u32 flags)
{
	return not_a_socket(fd);
}

long sys_recvmmsg(int fd, uaddr_t umsgs, u32 n, u32 flags, uaddr_t utimeout)
{
	struct timeout to;
	int error = timeout_get(&to, TMO_TIMESPEC, utimeout);

	return error ? error : not_a_socket(fd);
}

long sys_recvmmsg_time64(int fd, uaddr_t umsgs, u32 n, u32 flags, uaddr_t utimeout)
{
	struct timeout to;
	int error = timeout_get(&to, TMO_TIMESPEC64, utimeout);

	return error ? error : not_a_socket(fd);
}

long sys_shutdown(int fd, int how)
{
	return not_a_socket(fd);
}

/* The calls of socketcall(2), by number, and how many arguments each has. */
enum {
	SC_SOCKET = 1,
	SC_CONNECT = 3,
	SC_SOCKETPAIR = 8,
	SC_ACCEPT4 = 18,
	SC_RECVMMSG,
	SC_LAST = 20
};
static const u8 nargs[SC_LAST + 1] = { 0, 3, 3, 3, 2, 3, 3, 3, 4, 4, 4, 6, 6, 2, 5, 5, 3, 3, 4, 5, 4 };

long sys_socketcall(int call, uaddr_t uargs)
{
	u32 a[6];

	if (call < 1 || call > SC_LAST)
		return -EINVAL;
	if (copyin(a, uargs, nargs[call] * sizeof(*a)) != 0)
		return -EFAULT;
	switch (call) {
	case SC_SOCKET: return sys_socket((int)a[0], (int)a[1], (int)a[2]);
	case SC_CONNECT: return sys_connect((int)a[0], a[1], (int)a[2]);
	case SC_SOCKETPAIR: return sys_socketpair((int)a[0], (int)a[1], (int)a[2], a[3]);
	case SC_RECVMMSG: return sys_recvmmsg((int)a[0], a[1], a[2], a[3], a[4]);
	case SC_ACCEPT4: return sys_accept4((int)a[0], a[1], a[2], a[3]);
	default: return not_a_socket((int)a[0]);
	}
}
