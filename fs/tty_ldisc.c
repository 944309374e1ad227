/* SPDX-License-Identifier: MIT */
/* The line discipline: settings, and the reader's side of the input ring. */
#include "fs/tty_ldisc_impl.h"
#include "kernel/lib/string.h"

#define CTRL(c) ((c)-0x40)

void ldisc_default_termios(struct abi_termios *t)
{
	*t = (struct abi_termios){
		.c_iflag = ICRNL | IXON,
		.c_oflag = OPOST | ONLCR,
		.c_cflag = B115200 | CS8 | CREAD | HUPCL | CLOCAL,
		.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
		.c_cc = {
			[VINTR] = CTRL('C'),  [VQUIT] = 0x1c,	      [VERASE] = 0x7f,
			[VKILL] = CTRL('U'),  [VEOF] = CTRL('D'),     [VMIN] = 1,
			[VSTART] = CTRL('Q'), [VSTOP] = CTRL('S'),    [VSUSP] = CTRL('Z'),
			[VREPRINT] = CTRL('R'), [VDISCARD] = CTRL('O'), [VWERASE] = CTRL('W'),
			[VLNEXT] = CTRL('V'),
		},
		.c_ispeed = 115200,
		.c_ospeed = 115200,
	};
}

void ldisc_init(struct ldisc *ld, const struct abi_termios *t)
{
	memset(ld, 0, offsetof(struct ldisc, ld_in));
	ld->ld_t = *t;
}

void ldisc_flush_in(struct ldisc *ld)
{
	ld->ld_head = ld->ld_canon = ld->ld_tail;
	ld->ld_lnext = ld->ld_erasing = false;
}

bool ldisc_input_full(const struct ldisc *ld)
{
	if (ld_in_room(ld) > LD_THROTTLE)
		return false;
	return !ld_lflag(ld, ICANON) || ld->ld_canon != ld->ld_head;
}

bool ldisc_input_low(const struct ldisc *ld)
{
	return !ldisc_input_full(ld) && ld_in_room(ld) >= LD_INSIZE / 2;
}

/* --- Reading --- */

bool ldisc_readable(const struct ldisc *ld, u32 min)
{
	if (ld_lflag(ld, ICANON))
		return ld->ld_canon != ld->ld_head;
	return ld->ld_tail - ld->ld_head >= MAX(min, 1u);
}

u32 ldisc_inq(const struct ldisc *ld)
{
	u32 n = 0;

	if (!ld_lflag(ld, ICANON))
		return ld->ld_tail - ld->ld_head;
	for (u32 pos = ld->ld_head; pos != ld->ld_canon; pos++)
		n += !ld_is_eof(ld, pos);
	return n;
}

static size_t read_line(struct ldisc *ld, u8 *buf, size_t size, bool *end)
{
	size_t n = 0;

	while (ld->ld_head != ld->ld_canon) {
		u32 pos = ld->ld_head;

		/*
		 * An end of file behind the last byte asked for belongs to this
		 * read: the next would see it alone.
		 */
		if (n == size && !ld_is_eof(ld, pos))
			break;
		ld->ld_head++;
		if (!ld_is_eof(ld, pos))
			buf[n++] = ld_in_at(ld, pos);
		if (ld_marked(ld, pos)) {
			*end = true;
			break;
		}
	}
	return n;
}

size_t ldisc_read(struct ldisc *ld, u8 *buf, size_t size, bool *end)
{
	u32 at = ld->ld_head % LD_INSIZE, n, first;

	*end = false;
	if (ld_lflag(ld, ICANON))
		return read_line(ld, buf, size, end);
	n = (u32)MIN(size, (size_t)(ld->ld_tail - ld->ld_head));
	first = MIN(n, LD_INSIZE - at);
	memcpy(buf, ld->ld_in + at, first);
	memcpy(buf + first, ld->ld_in, n - first);
	ld->ld_head += n;
	if ((s32)(ld->ld_canon - ld->ld_head) < 0)
		ld->ld_canon = ld->ld_head;
	return n;
}

/* --- Settings --- */

/*
 * Ends of file mean nothing in raw mode: they go; the rest can be read as it
 * stands.
 */
static void leave_canonical(struct ldisc *ld)
{
	u32 to = ld->ld_head;

	for (u32 pos = ld->ld_head; pos != ld->ld_tail; pos++) {
		u8 c = ld_in_at(ld, pos);

		if (ld_is_eof(ld, pos))
			continue;
		ld->ld_in[to % LD_INSIZE] = c;
		ld_set_mark(ld, to, false);
		to++;
	}
	ld->ld_tail = to;
	ld->ld_canon = ld->ld_head;
}

/* What is there becomes one line, whatever is in it. */
static void enter_canonical(struct ldisc *ld)
{
	ld->ld_canon = ld->ld_tail;
	if (ld->ld_tail != ld->ld_head)
		ld_set_mark(ld, ld->ld_tail - 1, true);
}

void ldisc_set(struct ldisc *ld, const struct abi_termios *t)
{
	bool was_canonical = ld_lflag(ld, ICANON);

	ld->ld_t = *t;
	if (was_canonical && !ld_lflag(ld, ICANON))
		leave_canonical(ld);
	else if (!was_canonical && ld_lflag(ld, ICANON))
		enter_canonical(ld);
	if (!ld_lflag(ld, ICANON))
		ld->ld_lnext = ld->ld_erasing = false;
	if (!ld_iflag(ld, IXON))
		ld->ld_stopped = false;
}
