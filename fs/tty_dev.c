/* SPDX-License-Identifier: MIT */
/*
 * Terminals as devices: /dev/ttyS0 .., /dev/tty1, /dev/tty, /dev/console,
 * /dev/ptmx, /dev/pts/0 ..
 */
#include "fs/tty_pty_impl.h"
#include "mm/kmalloc.h"
#include "proc/cred.h"
#include "proc/pgrp.h"
#include "proc/proc.h"

#define MAJOR_TTY 4
#define MAJOR_AUX 5
#define AUX_TTY MAKEDEV(MAJOR_AUX, 0)
#define AUX_CONSOLE MAKEDEV(MAJOR_AUX, 1)
#define CURRENT_VT MAKEDEV(MAJOR_TTY, 0)
#define FIRST_VT MAKEDEV(MAJOR_TTY, 1)

static struct kmem_cache *ttyfile_cache;

/* Which terminal `dev` means to the caller. NULL and *error. */
static struct tty *resolve(dev_t dev, int *error)
{
	struct termdev *td;
	struct tty *t;

	*error = -ENXIO;
	if (dev == AUX_TTY)
		return session_tty();
	if (dev == AUX_CONSOLE) {
		td = termdev_console();
		*error = -ENODEV;
		return td ? td->td_tty : NULL;
	}
	t = tty_find(dev == CURRENT_VT ? FIRST_VT : dev);
	return t;
}

/* May it be opened now? t_lock. */
static int may_open(struct tty *t)
{
	int error = t->t_ld ? 0 : -EIO;

	if (!error && DEVMAJOR(tty_rdev(t)) == PTY_MAJOR)
		error = pty_may_open(t);
	if (!error && t->t_excl && t->t_live && !cred_super(cred_cur()))
		error = -EBUSY;
	return error;
}

/* The first open lets input in. */
static int join(struct tty *t, struct ttyfile *tf, u32 how)
{
	int error = how & TTY_ASK ? may_open(t) : 0;

	if (error)
		return error;
	list_push_back(&t->t_files, &tf->tf_link);
	t->t_opens++;
	t->t_live++;
	tty_update_throttle(t);
	return 0;
}

int tty_attach(struct tty *t, struct file *f, u32 how)
{
	struct ttyfile *tf = kmem_alloc(ttyfile_cache, KM_ZERO);
	int error;

	if (!tf)
		return -ENOMEM;
	tf->tf_tty = t;
	tf->tf_console = how & TTY_CONSOLE;
	tf->tf_sid = curproc()->p_sid;
	tf->tf_readable = file_readable(f) == 0;
	spin_lock(&t->t_lock);
	error = join(t, tf, how);
	spin_unlock(&t->t_lock);
	if (error) {
		kmem_free(ttyfile_cache, tf);
		return error;
	}
	f->f_data = tf;
	return 0;
}

/*
 * Nobody has it open any more. Output that is on its way goes on, even if ^S
 * had stopped it: who should start it?
 */
static void left_alone(struct tty *t)
{
	t->t_excl = false;
	t->t_ld->ld_stopped = t->t_ld->ld_tcooff = false;
	tty_pump(t);
	tty_update_throttle(t);
	if (t->t_alone)
		t->t_alone(t);
}

static void close_file(struct file *f)
{
	struct ttyfile *tf = f->f_data;
	struct tty *t = tf->tf_tty;
	bool last;

	spin_lock(&t->t_lock);
	list_remove(&tf->tf_link);
	if (!tf->tf_hung && --t->t_live == 0)
		left_alone(t);
	last = --t->t_opens == 0;
	spin_unlock(&t->t_lock);
	if (last && DEVMAJOR(tty_rdev(t)) == PTY_MAJOR)
		pty_slave_closed(t);
	kmem_free(ttyfile_cache, tf);
	f->f_data = NULL;
}

static int ttydev_open(dev_t dev, struct file *f)
{
	bool console = dev == AUX_CONSOLE;
	int error;
	struct tty *t;

	if (dev == PTMX_DEV)
		return pty_open_master(f);
	t = resolve(dev, &error);
	if (!t)
		return error;
	error = tty_attach(t, f, TTY_ASK | (console ? TTY_CONSOLE : 0));
	if (error)
		return error;
	if (!console && dev != AUX_TTY && !(f->f_flags & O_NOCTTY) && (f->f_flags & O_ACCMODE) != O_WRONLY)
		tty_open_session(t);
	return 0;
}

static void ttydev_close(dev_t dev, struct file *f)
{
	if (dev == PTMX_DEV)
		pty_close_master(f);
	else
		close_file(f);
}

static int ttydev_read(dev_t dev, struct uio *u, struct file *f)
{
	if (dev == PTMX_DEV)
		return pty_read(u, f);
	return tty_read(f->f_data, u, f->f_flags);
}

static int ttydev_write(dev_t dev, struct uio *u, struct file *f)
{
	if (dev == PTMX_DEV)
		return pty_write(u, f);
	return tty_write(f->f_data, u, f->f_flags);
}

static int ttydev_ioctl(dev_t dev, struct file *f, u32 cmd, uaddr_t arg)
{
	if (dev == PTMX_DEV)
		return pty_ioctl(f, cmd, arg);
	return tty_ioctl(f->f_data, cmd, arg);
}

static u32 ttydev_poll(dev_t dev, struct file *f, struct poller *p)
{
	if (dev == PTMX_DEV)
		return pty_poll(f, p);
	return tty_poll(f->f_data, p);
}

static const struct cdevops tty_cdevops = {
	.d_open = ttydev_open,
	.d_close = ttydev_close,
	.d_read = ttydev_read,
	.d_write = ttydev_write,
	.d_ioctl = ttydev_ioctl,
	.d_poll = ttydev_poll,
};

bool tty_is_node(const struct vnode *vp)
{
	u32 major = DEVMAJOR(vp->v_rdev);

	if (vp->v_type != VCHR || vp->v_rdev == PTMX_DEV)
		return false;
	return major == MAJOR_TTY || major == MAJOR_AUX || major == PTY_MAJOR;
}

struct tty *file_tty(struct file *f)
{
	const struct ttyfile *tf = f->f_data;

	return tty_is_node(f->f_vnode) && tf && !tf->tf_hung ? tf->tf_tty : NULL;
}

struct tty *file_pty(struct file *f)
{
	const struct ttyfile *tf = f->f_data;
	bool there = tty_is_node(f->f_vnode) && tf && DEVMAJOR(tty_rdev(tf->tf_tty)) == PTY_MAJOR;

	return there ? tf->tf_tty : NULL;
}

struct tty *file_pty_of_master(struct file *f)
{
	bool there = f->f_vnode->v_type == VCHR && f->f_vnode->v_rdev == PTMX_DEV && f->f_data;

	return there ? pty_slave(f->f_data) : NULL;
}

void tty_dev_init(void)
{
	ttyfile_cache = kmem_cache_create("ttyfile", sizeof(struct ttyfile), 0);
	cdev_register(MAJOR_TTY, &tty_cdevops);
	cdev_register(MAJOR_AUX, &tty_cdevops);
	cdev_register(PTY_MAJOR, &tty_cdevops);
	devfs_add("tty", VCHR, AUX_TTY, 0666);
	devfs_add("console", VCHR, AUX_CONSOLE, 0600);
	devfs_add("ptmx", VCHR, PTMX_DEV, 0666);
	if (tty_find(FIRST_VT))
		devfs_add("tty0", VCHR, CURRENT_VT, 0620);
}
