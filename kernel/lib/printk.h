/* SPDX-License-Identifier: MIT */
/*
 * The kernel's log. Every line goes to a ring of 64 KiB (read by /dev/kmsg and
 * syslog(2)) and to the registered consoles. From any context.
 *
 * The log holds only printable ASCII. A file name, a program's name or an
 * argument is text that a user chose: newlines and escape sequences in it could
 * forge lines and command the terminal. So every %s and %c of a message is
 * shown as by vsnprintf_visible(); callers need not do this. Only the format
 * itself ends a line. Messages that a user can cause again and again go through
 * kernel/lib/ratelimit.h.
 *
 * Formats: %d %i %u %x %X %o %c %s %p %% with - 0 + # space, width, precision
 * (also *), and the lengths hh h l ll z; no floating point. The code also
 * compiles natively for its unit test.
 */
#ifndef KERNEL_LIB_PRINTK_H
#define KERNEL_LIB_PRINTK_H

#include <stdarg.h>

#include "kernel/lib/list.h"
#include "kernel/lib/types.h"

#define KLOG_SIZE 65536u

/*
 * A leading "<7>" marks a debug line: always in the ring, on the console only
 * with `debug` on the command line.
 */
#define KDEBUG "<7>"

void printk(const char *fmt, ...) __printf(1, 2);
void vprintk(const char *fmt, va_list ap);

/*
 * As in C: always terminates when size > 0.
 * Returns: the length that the whole text needs.
 */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
/*
 * The same for text that goes to a log or a terminal. In the text of %s and %c,
 * a byte that is not printable ASCII becomes \xNN. A string that needs more
 * than VISIBLE_MAX characters (or its precision, if larger) is cut and ends in
 * "...".
 */
#define VISIBLE_MAX 400u
int vsnprintf_visible(char *buf, size_t size, const char *fmt, va_list ap);
int snprintf_visible(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

/* Whether debug lines reach the consoles (`debug` on the command line). */
extern bool printk_debug;

/*
 * A device that shows log text. con_write is called with the log's lock held
 * and interrupts off, also from a panic. Its own lock has the rank LR_CONSOLE.
 */
struct console {
	const char *con_name;
	void (*con_write)(struct console *con, const char *text, size_t len);
	struct list con_link; /* owned by printk */
};

/*
 * The first console: text goes to `write` until a console called `name` is
 * registered, which continues from there. NULL: none.
 */
void console_early(const char *name, void (*write)(const char *text, size_t len));
/*
 * Replays the ring to `con` (unless it replaces the early console), then adds
 * it.
 */
void console_register(struct console *con);

/*
 * Copies log text from ring position *pos on to buf, and advances *pos.
 * Returns: the bytes copied; 0: no new text.
 */
size_t klog_read(u64 *pos, char *buf, size_t size);
/* The positions of the oldest byte in the ring, and after the newest. */
u64 klog_begin(void);
u64 klog_end(void);

#endif
