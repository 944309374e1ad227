/* SPDX-License-Identifier: MIT */
/*
 * Terminal hardware (serial ports, VGA with keyboard) below the tty layer (fs/tty), which hooks itself in here: the
 * hardware calls up through td_input, td_rxerror and td_output_ready only, always with none of its locks held.
 *
 * Output is pulled: the tty layer keeps what is to be sent, gives the hardware as much as that takes (td_write), and goes on at
 * td_output_ready. So ^S, a flush, and a panic find nothing on its way but what the chip itself holds.
 * Input is pushed, until td_throttle says to leave it where it is. A device starts throttled.
 * The list of devices is complete before the first process starts, and is read without a lock.
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
	u16 td_rows, td_cols;	    /* 0: not known */
	struct console *td_console; /* the same hardware for the kernel's log; NULL: not fit */
	bool td_logs;		    /* shows the log if no console was asked for */

	/* Called by the tty layer, from any context, with its lock (LR_TTY) held. NULL for the last three: the device cannot. */
	/* Takes up to len bytes; returns how many. If fewer, calls td_output_ready when it takes more. */
	size_t (*td_write)(struct termdev *td, const u8 *buf, size_t len);
	bool (*td_drained)(struct termdev *td); /* all that was taken has been sent */
	void (*td_throttle)(struct termdev *td, bool on);
	/* Speed in bits a second, and c_cflag (kernel/abi/termios.h). */
	void (*td_setline)(struct termdev *td, u32 baud, u32 cflag);
	void (*td_break)(struct termdev *td, bool on);

	/* Set by the tty layer; called from the interrupt. Before that they do nothing. */
	void (*td_input)(struct termdev *td, const u8 *buf, size_t len);
	/* A character that came with an error; of an overrun only the fact. */
	void (*td_rxerror)(struct termdev *td, u8 c, enum td_error error);
	void (*td_output_ready)(struct termdev *td);
	void *td_tty;

	struct list td_link;
};

void termdev_register(struct termdev *td);
void termdev_foreach(void (*fn)(struct termdev *td, void *arg), void *arg);
struct termdev *termdev_find(const char *name); /* NULL */

/*
 * The devices that the command line's console= words name (of "ttyS0,115200" the part before the comma) show the kernel's log; the
 * last one is /dev/console. Without such words, or if none of the devices is there: the first one registered is,
 * and the log goes where td_logs says. Once, when all devices are registered.
 * The word tty=ROWSxCOLUMNS is the size of a console that does not know its own.
 */
void termdev_choose_console(void);
struct termdev *termdev_console(void); /* NULL: there is no terminal at all */

#endif
