/* SPDX-License-Identifier: MIT */
/*
 * The memory devices: null, zero, full, random, urandom, kmsg; and
 * getrandom(2).
 */
#include "fs/dev.h"
#include "fs/file_impl.h"
#include "fs/mem.h"
#include "fs/syscalls.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/ioctl.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/random.h"
#include "kernel/lib/ratelimit.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "proc/cred.h"
#include "proc/sched/lwp.h"

#define CHUNK 65536u	  /* bytes between looks for signals */
#define RANDOM_CHUNK 256u /* on the stack */
#define KMSG_LINE 960u

#define GRND_NONBLOCK 1u
#define GRND_RANDOM 2u
#define GRND_INSECURE 4u
#define GETRANDOM_MAX 0x1ffffffu

/* A signal ends the call once some bytes were moved. */
static bool enough(const struct uio *u, size_t want)
{
	return u->uio_resid < want && curlwp()->l_attention;
}

static int read_zeros(struct uio *u)
{
	size_t want = u->uio_resid;
	int error = 0;

	while (u->uio_resid > 0 && !error && !enough(u, want))
		error = uio_zero(MIN(u->uio_resid, (size_t)CHUNK), u);
	return error;
}

static int read_random(struct uio *u)
{
	size_t want = u->uio_resid;
	u8 buf[RANDOM_CHUNK];
	int error = 0;

	while (u->uio_resid > 0 && !error && !enough(u, want)) {
		size_t n = MIN(u->uio_resid, sizeof(buf));

		random_bytes(buf, n);
		error = uiomove(buf, n, u);
	}
	memset(buf, 0, sizeof(buf));
	return error;
}

static int write_random(struct uio *u)
{
	u8 buf[RANDOM_CHUNK];
	int error = 0;

	while (u->uio_resid > 0 && !error) {
		size_t before = u->uio_resid;

		error = uiomove(buf, MIN(before, sizeof(buf)), u);
		random_stir(buf, before - u->uio_resid);
	}
	return error;
}

/*
 * Reads the log from where the last read of this open file stopped; at its end,
 * end of file. f_offset counts bytes of the log.
 */
static int read_kmsg(struct uio *u, struct file *f)
{
	u64 pos = (u64)u->uio_offset;
	char *buf;
	size_t n;
	int error = 0;

	buf = kmalloc(PAGE_SIZE, 0);
	if (!buf)
		return -ENOMEM;
	ratelimit_report();
	n = klog_read(&pos, buf, MIN(u->uio_resid, (size_t)PAGE_SIZE));
	if (n > 0) {
		error = uiomove(buf, n, u);
		u->uio_offset = (off_t)pos;
	}
	kfree(buf);
	return error;
}

/*
 * One write makes one line of the log, with unprintable bytes made visible and
 * a level "<n>" in front removed.
 */
static int write_kmsg(struct uio *u)
{
	char *buf, *text;
	size_t n = MIN(u->uio_resid, (size_t)KMSG_LINE);
	int error;

	if (!cred_super(cred_cur()))
		return -EPERM;
	buf = kzalloc(KMSG_LINE + 1, 0);
	if (!buf)
		return -ENOMEM;
	error = uiomove(buf, n, u);
	if (!error) {
		text = buf;
		if (text[0] == '<' && strchr(text, '>') && strchr(text, '>') - text <= 4)
			text = strchr(text, '>') + 1;
		while (n > 0 && (buf[n - 1] == '\n' || buf[n - 1] == 0))
			buf[--n] = 0;
		printk("%.960s\n", text);
		u->uio_resid = 0; /* the rest of a longer line is dropped */
	}
	kfree(buf);
	return error;
}

static int mem_open(dev_t dev, struct file *f)
{
	switch (DEVMINOR(dev)) {
	case MEM_NULL:
	case MEM_ZERO:
	case MEM_FULL:
	case MEM_RANDOM:
	case MEM_URANDOM:
	case MEM_KMSG: return 0;
	default: return -ENXIO;
	}
}

static int mem_read(dev_t dev, struct uio *u, struct file *f)
{
	switch (DEVMINOR(dev)) {
	case MEM_NULL: return 0;
	case MEM_RANDOM:
	case MEM_URANDOM: return read_random(u);
	case MEM_KMSG: return read_kmsg(u, f);
	default: return read_zeros(u);
	}
}

static int mem_write(dev_t dev, struct uio *u, struct file *f)
{
	switch (DEVMINOR(dev)) {
	case MEM_FULL: return u->uio_resid > 0 ? -ENOSPC : 0;
	case MEM_RANDOM:
	case MEM_URANDOM: return write_random(u);
	case MEM_KMSG: return write_kmsg(u);
	default: u->uio_resid = 0; return 0;
	}
}

static int mem_ioctl(dev_t dev, struct file *f, u32 cmd, uaddr_t arg)
{
	u32 bits = 256; /* one key */

	if ((DEVMINOR(dev) == MEM_RANDOM || DEVMINOR(dev) == MEM_URANDOM) && cmd == K_RNDGETENTCNT)
		return copyout(arg, &bits, sizeof(bits));
	return -ENOTTY;
}

static const struct cdevops mem_ops = {
	.d_open = mem_open,
	.d_read = mem_read,
	.d_write = mem_write,
	.d_ioctl = mem_ioctl,
};

void mem_init(void)
{
	u64 now = clock_real_ns();

	random_stir(&now, sizeof(now));
	cdev_register(DEV_MEM_MAJOR, &mem_ops);
	devfs_add("null", VCHR, MAKEDEV(DEV_MEM_MAJOR, MEM_NULL), 0666);
	devfs_add("zero", VCHR, MAKEDEV(DEV_MEM_MAJOR, MEM_ZERO), 0666);
	devfs_add("full", VCHR, MAKEDEV(DEV_MEM_MAJOR, MEM_FULL), 0666);
	devfs_add("random", VCHR, MAKEDEV(DEV_MEM_MAJOR, MEM_RANDOM), 0666);
	devfs_add("urandom", VCHR, MAKEDEV(DEV_MEM_MAJOR, MEM_URANDOM), 0666);
	devfs_add("kmsg", VCHR, MAKEDEV(DEV_MEM_MAJOR, MEM_KMSG), 0644);
}

long sys_getrandom(uaddr_t ubuf, u32 len, u32 flags)
{
	struct uiovec iov = { .base = ubuf, .len = MIN(len, GETRANDOM_MAX) };
	struct uio u;
	int error;

	if ((flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)) ||
	    (flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	if (!user_range_ok(ubuf, iov.len))
		return -EFAULT;
	uio_init_user(&u, false, &iov, 1, 0);
	len = u.uio_resid;
	error = read_random(&u);
	return u.uio_resid < len ? (long)(len - u.uio_resid) : error;
}
