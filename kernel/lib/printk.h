/* SPDX-License-Identifier: MIT */
/*
 * The kernel's log. Every line goes to a ring of 64 KiB (read by /dev/kmsg and syslog(2)) and to
 * the consoles that are registered. From any context.
 *
 * The log holds printable ASCII alone. A file name, a program's name or an argument is text that a user chose: with
 * newlines and escape sequences in it, it could forge lines and command the terminal. So every %s and %c of a
 * message is shown as by vsnprintf_visible(); no caller has to think of it. Only the format itself ends a line.
 * Messages that a user can cause again and again go through kernel/lib/ratelimit.h.
 *
 * Formats: %d %i %u %x %X %o %c %s %p %% with - 0 + # space, width, precision (also *), and the
 * lengths hh h l ll z; no floating point. The implementation compiles natively for its unit test.
 */
#ifndef KERNEL_LIB_PRINTK_H
#define KERNEL_LIB_PRINTK_H

#include <stdarg.h>

#include "kernel/lib/list.h"
#include "kernel/lib/types.h"

#define KLOG_SIZE 65536u

/* A leading "<7>" marks a debug line: kept in the ring, on the console only with `debug` on the command line. */
#define KDEBUG "<7>"

void printk(const char *fmt, ...) __printf(1, 2);
void vprintk(const char *fmt, va_list ap);

/* Like C's: returns the length the whole text needs; always terminates when size > 0. */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
/*
 * The same for text that reaches a log or a terminal: in the text of %s and %c, a byte that is not printable ASCII
 * becomes \xNN, and a string that needs more than VISIBLE_MAX characters (or its precision, if that is larger) is cut and ends in "...".
 */
#define VISIBLE_MAX 400u
int vsnprintf_visible(char *buf, size_t size, const char *fmt, va_list ap);
int snprintf_visible(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

/* Whether debug lines reach the consoles (`debug` on the command line). */
extern bool printk_debug;

/*
 * A place where log text appears. con_write is called with the log's lock held and interrupts off, also from a
 * panic; a lock of its own has the rank LR_CONSOLE.
 */
struct console {
	const char *con_name;
	void (*con_write)(struct console *con, const char *text, size_t len);
	struct list con_link; /* owned by printk */
};

/*
 * The console of the first moments: text goes to `write` until a console called `name` is registered, which then
 * goes on where it ended. NULL: none.
 */
void console_early(const char *name, void (*write)(const char *text, size_t len));
/* Replays the ring to `con` (unless it succeeds the early console), then adds it. */
void console_register(struct console *con);

/* Copies log text from ring position *pos on to buf; advances *pos. Returns bytes copied (0: none new). */
size_t klog_read(u64 *pos, char *buf, size_t size);
/* The positions of the oldest byte that is still there, and of the next one to come. */
u64 klog_begin(void);
u64 klog_end(void);

#endif
