/* SPDX-License-Identifier: MIT */
/*
 * select and pselect6: sets of descriptors as bit maps, turned into the
 * requests of fs/sys_poll.c and back.
 */
#include "fs/file.h"
#include "fs/poll_impl.h"
#include "fs/syscalls.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/poll.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "proc/proc.h"

#define SET_WORDS (K_FD_SETSIZE / 32)

#define SEL_IN (K_POLLIN | K_POLLRDNORM | K_POLLHUP | K_POLLERR | K_POLLNVAL)
#define SEL_OUT (K_POLLOUT | K_POLLWRNORM | K_POLLERR | K_POLLNVAL)
#define SEL_EX (K_POLLPRI)

enum { SET_IN, SET_OUT, SET_EX, NSETS };
static const u32 set_events[NSETS] = { SEL_IN, SEL_OUT, SEL_EX };

struct selection {
	u32 se_n; /* descriptors below this one */
	uaddr_t se_user[NSETS];
	u32 se_set[NSETS][SET_WORDS];
	struct pollreq se_req[]; /* se_n */
};

static u32 set_bytes(u32 n)
{
	return (n + 31) / 32 * 4;
}

static bool in_set(const struct selection *se, u32 set, u32 fd)
{
	return se->se_set[set][fd / 32] >> (fd % 32) & 1;
}

static int get_sets(struct selection *se)
{
	int error;

	for (u32 i = 0; i < NSETS; i++) {
		memset(se->se_set[i], 0, sizeof(se->se_set[i]));
		if (!se->se_user[i])
			continue;
		error = copyin(se->se_set[i], se->se_user[i], set_bytes(se->se_n));
		if (error)
			return error;
	}
	return 0;
}

/*
 * -EBADF: a descriptor in a set is not open; what was taken before is released.
 */
static int make_requests(struct selection *se)
{
	int error = 0;

	memset(se->se_req, 0, se->se_n * sizeof(se->se_req[0]));
	for (u32 fd = 0; fd < se->se_n && !error; fd++) {
		for (u32 i = 0; i < NSETS; i++)
			se->se_req[fd].pr_events |= in_set(se, i, fd) ? set_events[i] : 0;
		if (se->se_req[fd].pr_events)
			error = fd_get((int)fd, &se->se_req[fd].pr_file);
	}
	if (error)
		poll_release(se->se_req, se->se_n);
	return error;
}

/* The sets become what is ready; returns the number of bits. */
static long results(struct selection *se)
{
	long bits = 0;

	for (u32 fd = 0; fd < se->se_n; fd++) {
		for (u32 i = 0; i < NSETS; i++) {
			if (!in_set(se, i, fd))
				continue;
			if (se->se_req[fd].pr_ready & set_events[i])
				bits++;
			else
				se->se_set[i][fd / 32] &= ~(1u << fd % 32);
		}
	}
	return bits;
}

static int put_sets(const struct selection *se)
{
	for (u32 i = 0; i < NSETS; i++) {
		if (se->se_user[i] && copyout(se->se_user[i], se->se_set[i], set_bytes(se->se_n)) != 0)
			return -EFAULT;
	}
	return 0;
}

static long select_sets(struct selection *se, u64 deadline)
{
	long ret;

	ret = get_sets(se);
	if (!ret)
		ret = make_requests(se);
	if (ret)
		return ret;
	ret = poll_files(se->se_req, se->se_n, deadline);
	if (ret >= 0) {
		ret = results(se);
		if (put_sets(se) != 0)
			ret = -EFAULT;
	}
	poll_release(se->se_req, se->se_n);
	return ret;
}

static long do_select(s32 n, uaddr_t in, uaddr_t out, uaddr_t ex, struct timeout *to)
{
	u32 limit = MIN(curproc()->p_fdtab->ft_size, K_FD_SETSIZE);
	struct selection *se;
	long ret;

	if (n < 0)
		return -EINVAL;
	n = MIN(n, (s32)limit);
	se = kmalloc(sizeof(*se) + (u32)n * sizeof(struct pollreq), 0);
	if (!se)
		return -ENOMEM;
	se->se_n = (u32)n;
	se->se_user[SET_IN] = in;
	se->se_user[SET_OUT] = out;
	se->se_user[SET_EX] = ex;
	ret = timeout_put(to, select_sets(se, to->to_deadline));
	kfree(se);
	return ret;
}

long sys_select(s32 n, uaddr_t in, uaddr_t out, uaddr_t ex, uaddr_t utime)
{
	struct timeout to;
	int error = timeout_get(&to, TMO_TIMEVAL, utime);

	return error ? error : do_select(n, in, out, ex, &to);
}

long sys_old_select(uaddr_t uarg)
{
	struct abi_sel_arg a;
	int error = copyin(&a, uarg, sizeof(a));

	return error ? error : sys_select((s32)a.n, a.rd, a.wr, a.ex, a.tv);
}

static long do_pselect(s32 n, uaddr_t in, uaddr_t out, uaddr_t ex, enum timeout_kind kind,
		       uaddr_t utime, uaddr_t umaskarg)
{
	struct abi_sigset_arg arg = { 0, 0 };
	struct timeout to;
	struct maskarg ma;
	long ret;

	if (umaskarg && copyin(&arg, umaskarg, sizeof(arg)) != 0)
		return -EFAULT;
	ret = timeout_get(&to, kind, utime);
	if (!ret)
		ret = mask_begin(&ma, arg.ss_ptr, arg.ss_len);
	if (ret)
		return ret;
	ret = do_select(n, in, out, ex, &to);
	mask_end(&ma, ret);
	return ret;
}

long sys_pselect6(s32 n, uaddr_t in, uaddr_t out, uaddr_t ex, uaddr_t utime, uaddr_t umaskarg)
{
	return do_pselect(n, in, out, ex, TMO_TIMESPEC, utime, umaskarg);
}

long sys_pselect6_time64(s32 n, uaddr_t in, uaddr_t out, uaddr_t ex, uaddr_t utime, uaddr_t umaskarg)
{
	return do_pselect(n, in, out, ex, TMO_TIMESPEC64, utime, umaskarg);
}
