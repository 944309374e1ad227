/* SPDX-License-Identifier: MIT */
/*
 * Terminal hardware (serial ports, VGA with keyboard) below the tty layer
 * (fs/tty), which sets its hooks here. The hardware calls up only through
 * td_input, td_rxerror and td_output_ready, and holds none of its locks then.
 *
 * Output is pulled: the tty layer keeps the text, gives the hardware as much as
 * it accepts (td_write), and goes on at td_output_ready. So ^S, a flush, or a
 * panic finds only the chip's own buffer in flight. Input is pushed, until
 * td_throttle stops it. A device starts throttled. The list of devices is
 * complete before the first process starts, and is read without a lock.
 */
#ifndef KERNEL_DEV_CHARDEV_H
#define KERNEL_DEV_CHARDEV_H

#include "kernel/lib/list.h"
#include "kernel/lib/types.h"

struct console;

enum td_error { TD_BREAK, TD_PARITY, TD_OVERRUN };

struct termdev {
	const char *td_name; /* "ttyS0", "tty1" */
	dev_t td_rdev;
	u16 td_rows, td_cols; /* 0: not known */
	/* the same hardware for the kernel's log; NULL: not usable for it */
	struct console *td_console;
	/* shows the log if no console was asked for */
	bool td_logs;

	/*
	 * Called by the tty layer, from any context. The last three may be
	 * NULL: the device cannot do it.
	 * Locks: the tty layer's (LR_TTY).
	 */
	/*
	 * Takes up to len bytes. If it takes fewer, it calls td_output_ready
	 * when it can take more.
	 * Returns: how many.
	 */
	size_t (*td_write)(struct termdev *td, const u8 *buf, size_t len);
	/* has all accepted text been sent? */
	bool (*td_drained)(struct termdev *td);
	void (*td_throttle)(struct termdev *td, bool on);
	/* Speed in bits per second, and c_cflag (kernel/abi/termios.h). */
	void (*td_setline)(struct termdev *td, u32 baud, u32 cflag);
	void (*td_break)(struct termdev *td, bool on);

	/*
	 * Set by the tty layer; called by the interrupt. Before that they do
	 * nothing.
	 */
	void (*td_input)(struct termdev *td, const u8 *buf, size_t len);
	/* A character received with an error; for an overrun, no character. */
	void (*td_rxerror)(struct termdev *td, u8 c, enum td_error error);
	void (*td_output_ready)(struct termdev *td);
	void *td_tty;

	struct list td_link;
};

void termdev_register(struct termdev *td);
void termdev_foreach(void (*fn)(struct termdev *td, void *arg), void *arg);
struct termdev *termdev_find(const char *name); /* NULL */

/*
 * The devices named by the command line's console= words ("ttyS0" of
 * "ttyS0,115200") show the kernel's log; the last of them is /dev/console.
 * Without such words, or without these devices, /dev/console is the first
 * device registered, and td_logs decides which devices show the log.
 * tty=ROWSxCOLUMNS is the size of a console that does not know its own. Called
 * once, when all devices are registered.
 */
void termdev_choose_console(void);
struct termdev *termdev_console(void); /* NULL: there is no terminal at all */

#endif
