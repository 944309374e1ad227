/* SPDX-License-Identifier: MIT */
/* Terminals as devices: /dev/ttyS0 .., /dev/tty1, /dev/tty, /dev/console. */
#include "fs/tty_impl.h"
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

/* The first open lets input in. */
static int attach(struct tty *t, struct ttyfile *tf)
{
	int error = 0;

	spin_lock(&t->t_lock);
	if (t->t_excl && t->t_opens && !cred_super(cred_cur())) {
		error = -EBUSY;
	} else {
		list_push_back(&t->t_files, &tf->tf_link);
		t->t_opens++;
		tty_update_throttle(t);
	}
	spin_unlock(&t->t_lock);
	return error;
}

int tty_open_file(struct tty *t, struct file *f, bool console)
{
	struct ttyfile *tf = kmem_alloc(ttyfile_cache, KM_ZERO);
	int error;

	if (!tf)
		return -ENOMEM;
	tf->tf_tty = t;
	tf->tf_console = console;
	tf->tf_sid = curproc()->p_sid;
	error = attach(t, tf);
	if (error) {
		kmem_free(ttyfile_cache, tf);
		return error;
	}
	f->f_data = tf;
	return 0;
}

/* Output that is still on its way goes on by itself, even if ^S had stopped it: nobody is left to start it. */
void tty_close_file(struct file *f)
{
	struct ttyfile *tf = f->f_data;
	struct tty *t = tf->tf_tty;

	spin_lock(&t->t_lock);
	list_remove(&tf->tf_link);
	if (--t->t_opens == 0) {
		t->t_excl = false;
		t->t_ld->ld_stopped = t->t_ld->ld_tcooff = false;
		tty_pump(t);
		tty_update_throttle(t);
	}
	spin_unlock(&t->t_lock);
	kmem_free(ttyfile_cache, tf);
	f->f_data = NULL;
}

static int ttydev_open(dev_t dev, struct file *f)
{
	bool console = dev == AUX_CONSOLE;
	int error;
	struct tty *t = resolve(dev, &error);

	if (!t)
		return error;
	error = tty_open_file(t, f, console);
	if (error)
		return error;
	if (!console && dev != AUX_TTY && !(f->f_flags & O_NOCTTY) && (f->f_flags & O_ACCMODE) != O_WRONLY)
		tty_open_session(t);
	return 0;
}

static void ttydev_close(dev_t dev, struct file *f)
{
	tty_close_file(f);
}

static int ttydev_read(dev_t dev, struct uio *u, struct file *f)
{
	return tty_read(f->f_data, u, f->f_flags);
}

static int ttydev_write(dev_t dev, struct uio *u, struct file *f)
{
	return tty_write(f->f_data, u, f->f_flags);
}

static int ttydev_ioctl(dev_t dev, struct file *f, u32 cmd, uaddr_t arg)
{
	return tty_ioctl(f->f_data, cmd, arg);
}

static u32 ttydev_poll(dev_t dev, struct file *f, struct poller *p)
{
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

struct tty *file_tty(struct file *f)
{
	struct ttyfile *tf = f->f_data;
	u32 major = DEVMAJOR(f->f_vnode->v_rdev);

	if (f->f_vnode->v_type != VCHR || (major != MAJOR_TTY && major != MAJOR_AUX) || !tf)
		return NULL;
	return tf->tf_hung ? NULL : tf->tf_tty;
}

void tty_dev_init(void)
{
	ttyfile_cache = kmem_cache_create("ttyfile", sizeof(struct ttyfile), 0);
	cdev_register(MAJOR_TTY, &tty_cdevops);
	cdev_register(MAJOR_AUX, &tty_cdevops);
	devfs_add("tty", VCHR, AUX_TTY, 0666);
	devfs_add("console", VCHR, AUX_CONSOLE, 0600);
	if (tty_find(FIRST_VT))
		devfs_add("tty0", VCHR, CURRENT_VT, 0620);
}
