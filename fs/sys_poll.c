/* SPDX-License-Identifier: MIT */
/*
 * poll and ppoll, and what they share with select: the wait itself, times and
 * signal masks.
 *
 * An interrupted poll(2) goes on through restart_syscall with its deadline; the
 * others write the time that is left to the caller's memory and are simply
 * called again (ERESTARTNOHAND), as Linux does.
 */
#include "fs/file.h"
#include "fs/poll_impl.h"
#include "fs/syscalls.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/poll.h"
#include "kernel/abi/resource.h"
#include "kernel/abi/time.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "proc/proc.h"
#include "proc/restart.h"

#define FEW_FDS 8u
#define FOREVER_NS (1ull << 62)

static int ask_all(struct poller *p, struct pollreq *req, u32 n, bool enter, u32 *nready)
{
	int error;

	*nready = 0;
	for (u32 i = 0; i < n; i++) {
		if (!req[i].pr_file)
			continue;
		error = poller_ask(p, req[i].pr_file, enter && *nready == 0, &req[i].pr_ready);
		if (error)
			return error;
		req[i].pr_ready &= req[i].pr_events | K_POLLERR | K_POLLHUP | K_POLLNVAL;
		if (req[i].pr_ready)
			(*nready)++;
	}
	return 0;
}

int poll_files(struct pollreq *req, u32 n, u64 deadline)
{
	struct poller p;
	u32 nready;
	bool enter = deadline != POLL_NOWAIT;
	int error;

	assert_may_sleep("poll_files");
	poller_init(&p);
	for (;;) {
		error = ask_all(&p, req, n, enter, &nready);
		if (error || nready > 0 || deadline == POLL_NOWAIT)
			break;
		enter = false;
		error = poller_sleep(&p, deadline);
		if (error == -ETIMEDOUT) {
			error = ask_all(&p, req, n, false, &nready);
			break;
		}
		if (error)
			break;
	}
	poller_end(&p);
	return error ? error : (int)nready;
}

void poll_release(struct pollreq *req, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		if (req[i].pr_file)
			file_rele(req[i].pr_file);
	}
}

static int get_parts(const struct timeout *to, s64 *sec, s64 *nsec)
{
	struct abi_timespec64 ts64;
	struct abi_timespec ts; /* a timeval has the same shape */
	int error;

	if (to->to_kind == TMO_TIMESPEC64) {
		error = copyin(&ts64, to->to_user, sizeof(ts64));
		*sec = ts64.tv_sec;
		*nsec = ts64.tv_nsec;
		return error;
	}
	error = copyin(&ts, to->to_user, sizeof(ts));
	*sec = ts.tv_sec;
	*nsec = ts.tv_nsec;
	if (to->to_kind == TMO_TIMEVAL && ts.tv_nsec >= 0) {
		*sec += ts.tv_nsec / 1000000;
		*nsec = ts.tv_nsec % 1000000 * 1000;
	}
	return error;
}

static u64 deadline_after(u64 ns)
{
	return ns == 0 ? POLL_NOWAIT : clock_mono_ns() + MIN(ns, FOREVER_NS);
}

int timeout_get(struct timeout *to, enum timeout_kind kind, uaddr_t user)
{
	s64 sec = 0, nsec = 0;
	int error;

	*to = (struct timeout){ .to_kind = kind, .to_user = user };
	if (!user)
		return 0;
	error = get_parts(to, &sec, &nsec);
	if (error)
		return error;
	if (sec < 0 || nsec < 0 || nsec >= (s64)NSEC_PER_SEC)
		return -EINVAL;
	to->to_deadline = deadline_after(MIN((u64)sec, FOREVER_NS / NSEC_PER_SEC) * NSEC_PER_SEC + (u64)nsec);
	return 0;
}

static int put_left(const struct timeout *to)
{
	u64 now = clock_mono_ns();
	u64 left = to->to_deadline > now ? to->to_deadline - now : 0;
	struct abi_timespec64 ts64 = { .tv_sec = (s64)(left / NSEC_PER_SEC),
				       .tv_nsec = (u32)(left % NSEC_PER_SEC) };
	struct abi_timespec ts = { .tv_sec = (s32)ts64.tv_sec, .tv_nsec = (s32)ts64.tv_nsec };

	if (to->to_kind == TMO_TIMESPEC64)
		return copyout(to->to_user, &ts64, sizeof(ts64));
	if (to->to_kind == TMO_TIMEVAL)
		ts.tv_nsec /= 1000;
	return copyout(to->to_user, &ts, sizeof(ts));
}

long timeout_put(const struct timeout *to, long ret)
{
	if (ret == -ERESTARTSYS)
		ret = -ERESTARTNOHAND;
	if (!to->to_user || to->to_deadline == POLL_NOWAIT)
		return ret;
	/*
	 * Called again with the old time it would wait too long: then rather
	 * tell of the interruption.
	 */
	if (put_left(to) != 0 && ret == -ERESTARTNOHAND)
		return -EINTR;
	return ret;
}

int mask_begin(struct maskarg *ma, uaddr_t user, u32 size)
{
	sigset_k mask;
	int error;

	ma->ma_set = false;
	if (!user)
		return 0;
	if (size != sizeof(mask))
		return -EINVAL;
	error = copyin(&mask, user, sizeof(mask));
	if (error)
		return error;
	ma->ma_saved = curlwp()->l_sigmask;
	ma->ma_set = true;
	signal_setmask(mask);
	return 0;
}

void mask_end(struct maskarg *ma, long ret)
{
	struct lwp *l = curlwp();

	if (!ma->ma_set)
		return;
	if (ret != -ERESTARTNOHAND) {
		signal_setmask(ma->ma_saved);
		return;
	}
	/*
	 * A signal that only the new mask lets through is taken first; the
	 * boundary then puts the old one back.
	 */
	spin_lock(&l->l_proc->p_lock);
	l->l_oldmask = ma->ma_saved;
	l->l_oldmask_valid = true;
	spin_unlock(&l->l_proc->p_lock);
}

/*
 * Makes requests of pollfds. A descriptor that is not open is ready at once:
 * POLLNVAL. Returns whether there is one.
 */
static bool to_requests(const struct abi_pollfd *fds, struct pollreq *req, u32 n)
{
	bool invalid = false;

	for (u32 i = 0; i < n; i++) {
		req[i] = (struct pollreq){ .pr_events = (u16)fds[i].events };
		if (fds[i].fd >= 0 && fd_get(fds[i].fd, &req[i].pr_file) != 0) {
			req[i].pr_ready = K_POLLNVAL;
			invalid = true;
		}
	}
	return invalid;
}

static long poll_copied(struct abi_pollfd *fds, u32 n, struct pollreq *req, u64 deadline)
{
	bool invalid = to_requests(fds, req, n);
	int ret = poll_files(req, n, invalid ? POLL_NOWAIT : deadline);

	for (u32 i = 0; i < n; i++) {
		fds[i].revents = (s16)req[i].pr_ready;
		if (ret >= 0 && !req[i].pr_file && req[i].pr_ready)
			ret++;
	}
	poll_release(req, n);
	return ret;
}

/* deadline: monotonic ns, 0 none, POLL_NOWAIT. Interrupted: -ERESTARTSYS */
static long do_poll(uaddr_t ufds, u32 n, u64 deadline)
{
	struct abi_pollfd few[FEW_FDS], *fds = few;
	struct pollreq fewreq[FEW_FDS], *req = fewreq;
	long ret = -ENOMEM;

	if (n > rlimit_cur(curproc(), K_RLIMIT_NOFILE))
		return -EINVAL;
	if (n > FEW_FDS) {
		fds = kmalloc(n * sizeof(*fds), 0);
		req = kmalloc(n * sizeof(*req), 0);
		if (!fds || !req)
			goto out;
	}
	ret = copyin(fds, ufds, n * sizeof(*fds));
	if (ret)
		goto out;
	ret = poll_copied(fds, n, req, deadline);
	if (ret >= 0 && copyout(ufds, fds, n * sizeof(*fds)) != 0)
		ret = -EFAULT;
out:
	if (fds != few)
		kfree(fds);
	if (req != fewreq)
		kfree(req);
	return ret;
}

static long poll_again(struct restart_block *rb)
{
	long ret = do_poll(rb->rb_arg[0], rb->rb_arg[1], rb->rb_deadline);

	return ret == -ERESTARTSYS ? -ERESTART_RESTARTBLOCK : ret;
}

long sys_poll(uaddr_t ufds, u32 n, s32 msec)
{
	u64 deadline = msec < 0 ? 0 : deadline_after((u64)msec * NSEC_PER_MSEC);
	long ret = do_poll(ufds, n, deadline);

	return ret == -ERESTARTSYS ? restart_later(poll_again, deadline, ufds, n, 0) : ret;
}

static long do_ppoll(uaddr_t ufds, u32 n, enum timeout_kind kind, uaddr_t utime, uaddr_t umask, u32 size)
{
	struct timeout to;
	struct maskarg ma;
	long ret;

	ret = timeout_get(&to, kind, utime);
	if (!ret)
		ret = mask_begin(&ma, umask, size);
	if (ret)
		return ret;
	ret = timeout_put(&to, do_poll(ufds, n, to.to_deadline));
	mask_end(&ma, ret);
	return ret;
}

long sys_ppoll(uaddr_t ufds, u32 n, uaddr_t utime, uaddr_t umask, u32 size)
{
	return do_ppoll(ufds, n, TMO_TIMESPEC, utime, umask, size);
}

long sys_ppoll_time64(uaddr_t ufds, u32 n, uaddr_t utime, uaddr_t umask, u32 size)
{
	return do_ppoll(ufds, n, TMO_TIMESPEC64, utime, umask, size);
}

void sys_poll_init(void)
{
	restart_register(SYS_POLL_NR, poll_again);
}
