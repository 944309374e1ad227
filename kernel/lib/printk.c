/* SPDX-License-Identifier: MIT */
/*
 * The kernel's log: a ring of the last 64 KiB, and the consoles.
 *
 * Positions count bytes since boot and never wrap; byte n is at ring[n %
 * RING_SIZE]. A debug line keeps its "<7>" in the ring, so that a console
 * registered later knows which lines to leave out.
 *
 * Locks: log_lock (LR_LOG) guards all of it; a panic ignores it
 *   (kernel/lib/lock.c).
 */
#include "kernel/lib/printk.h"
#include "kernel/lib/lock.h"
#include "kernel/lib/string.h"

#define RING_SIZE KLOG_SIZE
#define LINE_MAX 1024u
#define MARK_LEN (sizeof(KDEBUG) - 1)

static struct spinlock log_lock = SPINLOCK_INIT("log", LR_LOG);
static char ring[RING_SIZE];
static u64 ring_end; /* position of the next byte */
static struct list consoles = LIST_INIT(consoles);
static const char *early_name;
static void (*early_write)(const char *text, size_t len);
bool printk_debug;

static u64 ring_begin(void)
{
	return ring_end > RING_SIZE ? ring_end - RING_SIZE : 0;
}

static void ring_add(const char *text, size_t len)
{
	while (len) {
		u32 at = (u32)ring_end % RING_SIZE;
		size_t n = MIN(len, (size_t)(RING_SIZE - at));

		memcpy(ring + at, text, n);
		ring_end += n;
		text += n;
		len -= n;
	}
}

static bool is_debug(const char *line, size_t len)
{
	return len >= MARK_LEN && memcmp(line, KDEBUG, MARK_LEN) == 0;
}

/*
 * The part of one call's text that a console shows: nothing, or all but the
 * mark.
 */
static bool shown_part(const char **text, size_t *len)
{
	if (!is_debug(*text, *len))
		return true;
	*text += MARK_LEN;
	*len -= MARK_LEN;
	return printk_debug;
}

static void emit(const char *text, size_t len)
{
	struct console *con;

	ring_add(text, len);
	if (!shown_part(&text, &len))
		return;
	if (early_write)
		early_write(text, len);
	list_for_each(con, &consoles, con_link)
		con->con_write(con, text, len);
}

/*
 * Formats one call's text into line. A text that is too long ends in "...", and
 * in a newline if its format does.
 */
static size_t format_line(char line[LINE_MAX], const char *fmt, va_list ap)
{
	size_t len = (size_t)vsnprintf_visible(line, LINE_MAX, fmt, ap), nfmt = strlen(fmt);
	const char *end = nfmt && fmt[nfmt - 1] == '\n' ? "...\n" : "...";

	if (len < LINE_MAX)
		return len;
	memcpy(line + LINE_MAX - 1 - strlen(end), end, strlen(end));
	return LINE_MAX - 1;
}

void vprintk(const char *fmt, va_list ap)
{
	static char line[LINE_MAX]; /* log_lock */

	spin_lock(&log_lock);
	emit(line, format_line(line, fmt, ap));
	spin_unlock(&log_lock);
}

void printk(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintk(fmt, ap);
	va_end(ap);
}

void console_early(const char *name, void (*write)(const char *text, size_t len))
{
	early_name = name;
	early_write = write;
}

/*
 * Shows the ring's text on con, line by line. A line longer than the buffer is
 * cut.
 */
static void replay(struct console *con)
{
	static char line[LINE_MAX]; /* log_lock */
	size_t len = 0;

	for (u64 pos = ring_begin(); pos < ring_end; pos++) {
		char c = ring[(u32)pos % RING_SIZE];

		if (len < sizeof(line))
			line[len++] = c;
		if (c != '\n')
			continue;
		line[len - 1] = '\n';

		const char *text = line;

		if (shown_part(&text, &len))
			con->con_write(con, text, len);
		len = 0;
	}
}

void console_register(struct console *con)
{
	spin_lock(&log_lock);
	if (early_write && strcmp(con->con_name, early_name) == 0)
		early_write = NULL;
	else
		replay(con);
	list_push_back(&consoles, &con->con_link);
	spin_unlock(&log_lock);
}

size_t klog_read(u64 *pos, char *buf, size_t size)
{
	size_t done = 0;

	spin_lock(&log_lock);
	/* Beyond the end: a restored reader's position, of an earlier boot. */
	if (*pos < ring_begin() || *pos > ring_end)
		*pos = ring_begin();
	while (done < size && *pos < ring_end) {
		u32 at = (u32)*pos % RING_SIZE;
		size_t n = MIN(MIN(size - done, (size_t)(RING_SIZE - at)), (size_t)(ring_end - *pos));

		memcpy(buf + done, ring + at, n);
		*pos += n;
		done += n;
	}
	spin_unlock(&log_lock);
	return done;
}

u64 klog_begin(void)
{
	u64 pos;

	spin_lock(&log_lock);
	pos = ring_begin();
	spin_unlock(&log_lock);
	return pos;
}

u64 klog_end(void)
{
	u64 pos;

	spin_lock(&log_lock);
	pos = ring_end;
	spin_unlock(&log_lock);
	return pos;
}
