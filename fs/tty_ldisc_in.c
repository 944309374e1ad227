/* SPDX-License-Identifier: MIT */
/* The line discipline's way in: mapping, signals, flow control, lines, echo. */
#include "fs/tty_ldisc_impl.h"
#include "kernel/lib/string.h"

/* The last place in the ring is kept for the character that ends a line. */
static bool ldisc_put(struct ldisc *ld, u8 c, bool mark)
{
	u32 need = ld_lflag(ld, ICANON) && !mark ? 2 : 1;

	if (ld_in_room(ld) < need) {
		ld->ld_dropped++;
		if (ld_iflag(ld, IMAXBEL))
			ld_echo_raw(ld, '\a');
		return false;
	}
	ld->ld_in[ld->ld_tail % LD_INSIZE] = c;
	ld_set_mark(ld, ld->ld_tail, mark);
	ld->ld_tail++;
	return true;
}

static u32 end_line(struct ldisc *ld, u8 c)
{
	if (!ldisc_put(ld, c, true))
		return 0;
	ld->ld_canon = ld->ld_tail;
	return LD_EV_INPUT;
}

/* A character that is nothing special. */
static u32 ordinary(struct ldisc *ld, u8 c)
{
	if (ld_lflag(ld, ECHO))
		ld_finish_erasing(ld);
	if (ld->ld_tail == ld->ld_canon)
		ld->ld_linecol = ld->ld_column;
	if (c == 0xff && ld_iflag(ld, PARMRK) && !ldisc_put(ld, c, false))
		return 0;
	if (!ldisc_put(ld, c, false))
		return 0;
	if (ld_lflag(ld, ECHO))
		ld_echo(ld, c);
	return ld_lflag(ld, ICANON) ? 0 : LD_EV_INPUT;
}

/* Editing characters of canonical mode that work only with IEXTEN. */
static bool extended(struct ldisc *ld, u8 c)
{
	if (!ld_lflag(ld, IEXTEN))
		return false;
	if (ld_is_cc(ld, c, VWERASE))
		ld_erase_word(ld);
	else if (ld_is_cc(ld, c, VREPRINT) && ld_lflag(ld, ECHO))
		ld_reprint(ld, c);
	else
		return false;
	return true;
}

static u32 canonical(struct ldisc *ld, u8 c)
{
	if (ld_is_cc(ld, c, VERASE)) {
		ld_erase(ld, c);
		return 0;
	}
	if (ld_is_cc(ld, c, VKILL)) {
		ld_erase_line(ld, c);
		return 0;
	}
	if (extended(ld, c))
		return 0;
	if (c == '\n') {
		ld_finish_erasing(ld);
		if (ld_lflag(ld, ECHO | ECHONL))
			ld_echo_raw(ld, '\n');
		return end_line(ld, c);
	}
	if (ld_is_cc(ld, c, VEOF)) {
		ld_finish_erasing(ld);
		return end_line(ld, 0);
	}
	if (ld_is_cc(ld, c, VEOL) || (ld_is_cc(ld, c, VEOL2) && ld_lflag(ld, IEXTEN))) {
		if (ld_lflag(ld, ECHO)) {
			ld_finish_erasing(ld);
			ld_echo(ld, c);
		}
		return end_line(ld, c);
	}
	return ordinary(ld, c);
}

/* --- One character --- */

static u32 signal_of(const struct ldisc *ld, u8 c)
{
	if (!ld_lflag(ld, ISIG))
		return 0;
	if (ld_is_cc(ld, c, VINTR))
		return LD_EV_INTR;
	if (ld_is_cc(ld, c, VQUIT))
		return LD_EV_QUIT;
	if (ld_is_cc(ld, c, VSUSP))
		return LD_EV_SUSP;
	return ld_is_cc(ld, c, VCKPT) ? LD_EV_CKPT : 0;
}

/*
 * A checkpoint is to change nothing, so what has been typed and written stays.
 */
static u32 take_ckpt(struct ldisc *ld, u8 c)
{
	if (ld_lflag(ld, ECHO)) {
		ld_finish_erasing(ld);
		ld_echo(ld, c);
	}
	return LD_EV_CKPT;
}

static u32 take_signal(struct ldisc *ld, u32 event, u8 c)
{
	if (!ld_lflag(ld, NOFLSH)) {
		ldisc_flush_in(ld);
		ldisc_flush_out(ld);
		event |= LD_EV_FLUSHED;
	}
	if (ld_iflag(ld, IXON))
		ld->ld_stopped = false;
	if (ld_lflag(ld, ECHO) && c)
		ld_echo(ld, c);
	return event;
}

/* START and STOP. True: c was one of them and is gone. */
static bool flow(struct ldisc *ld, u8 c)
{
	if (!ld_iflag(ld, IXON))
		return false;
	if (ld_is_cc(ld, c, VSTART)) {
		ld->ld_stopped = false;
		return true;
	}
	if (ld_is_cc(ld, c, VSTOP)) {
		ld->ld_stopped = true;
		return true;
	}
	if (ld_iflag(ld, IXANY) && !signal_of(ld, c))
		ld->ld_stopped = false;
	return false;
}

static u32 input_char(struct ldisc *ld, u8 c)
{
	u32 event;

	if (ld_iflag(ld, ISTRIP))
		c &= 0x7f;
	if (ld_iflag(ld, IUCLC) && ld_lflag(ld, IEXTEN) && c >= 'A' && c <= 'Z')
		c = (u8)(c - 'A' + 'a');
	if (ld->ld_lnext) {
		ld->ld_lnext = false;
		return ordinary(ld, c);
	}
	if (flow(ld, c))
		return 0;
	event = signal_of(ld, c);
	if (event == LD_EV_CKPT)
		return take_ckpt(ld, c);
	if (event)
		return take_signal(ld, event, c);
	if (c == '\r') {
		if (ld_iflag(ld, IGNCR))
			return 0;
		if (ld_iflag(ld, ICRNL))
			c = '\n';
	} else if (c == '\n' && ld_iflag(ld, INLCR)) {
		c = '\r';
	}
	if (ld_is_cc(ld, c, VLNEXT) && ld_lflag(ld, ICANON) && ld_lflag(ld, IEXTEN)) {
		ld_quote_next(ld);
		return 0;
	}
	return ld_lflag(ld, ICANON) ? canonical(ld, c) : ordinary(ld, c);
}

/* Raw all through: nothing to look at. */
static u32 input_raw(struct ldisc *ld, const u8 *buf, size_t len)
{
	u32 n = (u32)MIN(len, (size_t)ld_in_room(ld)), at = ld->ld_tail % LD_INSIZE;
	u32 first = MIN(n, LD_INSIZE - at);

	memcpy(ld->ld_in + at, buf, first);
	memcpy(ld->ld_in, buf + first, n - first);
	for (u32 i = 0; i < n; i++)
		ld_set_mark(ld, ld->ld_tail + i, false);
	ld->ld_tail += n;
	ld->ld_dropped += (u32)len - n;
	return LD_EV_INPUT;
}

u32 ldisc_input(struct ldisc *ld, const u8 *buf, size_t len)
{
	u32 events = 0;

	if (!ld->ld_lnext && !ld_lflag(ld, ISIG | ICANON | ECHO) &&
	    !ld_iflag(ld, ISTRIP | IUCLC | IGNCR | ICRNL | INLCR | IXON | PARMRK))
		return input_raw(ld, buf, len);
	for (size_t i = 0; i < len; i++)
		events |= input_char(ld, buf[i]);
	return events;
}

static u32 put_marked(struct ldisc *ld, u8 c)
{
	ldisc_put(ld, 0xff, false);
	ldisc_put(ld, 0, false);
	ldisc_put(ld, c, false);
	return ld_lflag(ld, ICANON) ? 0 : LD_EV_INPUT;
}

u32 ldisc_rxerror(struct ldisc *ld, u8 c, enum ld_error error)
{
	if (error == LD_OVERRUN) {
		ld->ld_dropped++;
		return 0;
	}
	if (error == LD_BREAK) {
		if (ld_iflag(ld, IGNBRK))
			return 0;
		if (ld_iflag(ld, BRKINT))
			return take_signal(ld, LD_EV_INTR, 0);
		return ld_iflag(ld, PARMRK) ? put_marked(ld, 0) : ordinary(ld, 0);
	}
	if (!ld_iflag(ld, INPCK))
		return input_char(ld, c);
	if (ld_iflag(ld, IGNPAR))
		return 0;
	return ld_iflag(ld, PARMRK) ? put_marked(ld, c) : ordinary(ld, 0);
}
