/* SPDX-License-Identifier: MIT */
/* Counters: fs/counter.h. */
#include "fs/counter.h"

#include "fs/anonfs.h"
#include "fs/file.h"
#include "fs/file_impl.h"
#include "fs/poll.h"
#include "fs/syscalls.h"
#include "fs/uio.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "mm/kmalloc.h"
#include "proc/cred.h"
#include "proc/sched/sleep.h"

struct counter {
	struct mutex ct_lock;
	u64 ct_count;
	u32 ct_files; /* open files */
	uid_t ct_uid;
	gid_t ct_gid;
	struct pollhead ct_poll;
};

static int counter_open(struct vnode *vp, struct file *f)
{
	struct counter *ct = vp->v_data;

	mutex_lock(&ct->ct_lock);
	ct->ct_files++;
	mutex_unlock(&ct->ct_lock);
	return 0;
}

static void counter_close(struct vnode *vp, struct file *f)
{
	struct counter *ct = vp->v_data;

	mutex_lock(&ct->ct_lock);
	ct->ct_files--;
	mutex_unlock(&ct->ct_lock);
}

/* ct_lock held. */
static void counter_changed(struct counter *ct)
{
	wakeup(&ct->ct_poll);
	pollwakeup(&ct->ct_poll);
}

static int wait_for_change(struct counter *ct, struct file *f)
{
	if (f->f_flags & O_NONBLOCK)
		return -EAGAIN;
	return sleep_mutex(&ct->ct_poll, &ct->ct_lock, SLP_INTR, 0);
}

static int counter_read(struct vnode *vp, struct uio *u, struct file *f)
{
	struct counter *ct = vp->v_data;
	u64 count;
	int error = 0;

	if (u->uio_resid < sizeof(count))
		return -EINVAL;
	mutex_lock(&ct->ct_lock);
	while (!ct->ct_count && !error)
		error = wait_for_change(ct, f);
	count = ct->ct_count;
	if (!error) {
		ct->ct_count = 0;
		counter_changed(ct);
	}
	mutex_unlock(&ct->ct_lock);
	return error ? error : uiomove(&count, sizeof(count), u);
}

static int counter_write(struct vnode *vp, struct uio *u, struct file *f)
{
	struct counter *ct = vp->v_data;
	u64 more;
	int error;

	if (u->uio_resid < sizeof(more))
		return -EINVAL;
	error = uiomove(&more, sizeof(more), u);
	if (error)
		return error;
	if (more > COUNTER_MAX)
		error = -EINVAL;
	mutex_lock(&ct->ct_lock);
	while (!error && more > COUNTER_MAX - ct->ct_count)
		error = wait_for_change(ct, f);
	if (!error) {
		ct->ct_count += more;
		counter_changed(ct);
	}
	mutex_unlock(&ct->ct_lock);
	/* Nothing was written. */
	if (error)
		u->uio_resid += sizeof(more);
	return error;
}

static u32 counter_poll(struct vnode *vp, struct file *f, struct poller *p)
{
	struct counter *ct = vp->v_data;
	u32 ready = 0;

	mutex_lock(&ct->ct_lock);
	poll_wait(&ct->ct_poll, p);
	if (ct->ct_count)
		ready |= K_POLLIN | K_POLLRDNORM;
	if (ct->ct_count < COUNTER_MAX)
		ready |= K_POLLOUT | K_POLLWRNORM;
	mutex_unlock(&ct->ct_lock);
	return ready;
}

static int counter_getattr(struct vnode *vp, struct vattr *va)
{
	const struct counter *ct = vp->v_data;

	*va = (struct vattr){
		.va_type = VNON,
		.va_mode = 0600,
		.va_uid = ct->ct_uid,
		.va_gid = ct->ct_gid,
		.va_nlink = 1,
		.va_ino = vp->v_ino,
		.va_dev = vp->v_vfs->vfs_dev,
		.va_blksize = PAGE_SIZE,
	};
	return 0;
}

static bool counter_inactive(struct vnode *vp)
{
	return true;
}

static void counter_reclaim(struct vnode *vp)
{
	kfree(vp->v_data);
}

static const struct vnodeops counter_ops = {
	.vop_open = counter_open,
	.vop_close = counter_close,
	.vop_read = counter_read,
	.vop_write = counter_write,
	.vop_poll = counter_poll,
	.vop_getattr = counter_getattr,
	.vop_inactive = counter_inactive,
	.vop_reclaim = counter_reclaim,
};

int counter_create(struct vnode **vpp)
{
	struct counter *ct = kzalloc(sizeof(*ct), 0);
	struct vnode *vp = ct ? vnode_anon(&pipefs, VNON, &counter_ops) : NULL;

	if (!vp) {
		kfree(ct);
		return -ENOMEM;
	}
	mutex_init(&ct->ct_lock, "counter", LR_PIPE);
	pollhead_init(&ct->ct_poll);
	ct->ct_uid = cred_cur()->cr_fsuid;
	ct->ct_gid = cred_cur()->cr_fsgid;
	vp->v_data = ct;
	vp->v_ino = anonfs_ino();
	*vpp = vp;
	return 0;
}

u64 counter_get(struct vnode *vp, u32 *files)
{
	struct counter *ct = vp->v_data;
	u64 count;

	mutex_lock(&ct->ct_lock);
	count = ct->ct_count;
	*files = ct->ct_files;
	mutex_unlock(&ct->ct_lock);
	return count;
}

void counter_set(struct vnode *vp, u64 count)
{
	struct counter *ct = vp->v_data;

	mutex_lock(&ct->ct_lock);
	ct->ct_count = count;
	mutex_unlock(&ct->ct_lock);
}

long sys_counter(void)
{
	int fd = fd_reserve(0, 0), error;
	struct vnode *vp;
	struct file *f;

	if (fd < 0)
		return fd;
	error = counter_create(&vp);
	if (!error) {
		error = file_open_vnode(vp, O_RDWR, &f);
		if (error)
			vn_rele(vp);
	}
	if (error) {
		fd_unreserve(fd);
		return error;
	}
	fd_set(fd, f);
	return fd;
}
