/* SPDX-License-Identifier: MIT */
/*
 * Terminal hardware (serial ports, VGA with keyboard) below the tty layer (fs/tty), which registers itself here: the
 * hardware calls up through td_input only.
 */
#ifndef KERNEL_DEV_CHARDEV_H
#define KERNEL_DEV_CHARDEV_H

#include "kernel/lib/list.h"
#include "kernel/lib/types.h"

struct termdev {
	const char *td_name; /* "ttyS0", "tty1" */
	dev_t td_rdev;
	/* Queues up to len bytes for output; returns how many were taken; when there is room again td_output_ready is called. Any context. */
	size_t (*td_write)(struct termdev *td, const u8 *buf, size_t len);
	bool (*td_drained)(struct termdev *td); /* nothing left to send */
	void (*td_setspeed)(struct termdev *td, u32 baud);
	/* Set by the tty layer; called from the interrupt. */
	void (*td_input)(struct termdev *td, const u8 *buf, size_t len);
	void (*td_output_ready)(struct termdev *td);
	void *td_tty;
	u16 td_rows, td_cols;
	struct list td_link;
};

void termdev_register(struct termdev *td);
void termdev_foreach(void (*fn)(struct termdev *td, void *arg), void *arg);

#endif
