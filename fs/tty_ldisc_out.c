/* SPDX-License-Identifier: MIT */
/* The line discipline's way out: OPOST, the column, the output ring. */
#include "fs/tty_ldisc_impl.h"
#include "kernel/lib/string.h"

u32 ldisc_outq(const struct ldisc *ld)
{
	return ld->ld_otail - ld->ld_ohead;
}

u32 ldisc_room(const struct ldisc *ld)
{
	return LD_OUTSIZE - ldisc_outq(ld);
}

void ldisc_flush_out(struct ldisc *ld)
{
	ld->ld_ohead = ld->ld_otail;
}

size_t ldisc_pull(struct ldisc *ld, const u8 **buf)
{
	u32 at = ld->ld_ohead % LD_OUTSIZE;

	if (ld->ld_xchar) {
		*buf = &ld->ld_xchar;
		return 1;
	}
	if (ld->ld_stopped || ld->ld_tcooff)
		return 0;
	*buf = ld->ld_out + at;
	return MIN(ldisc_outq(ld), LD_OUTSIZE - at);
}

void ldisc_pulled(struct ldisc *ld, size_t n)
{
	if (n && ld->ld_xchar)
		ld->ld_xchar = 0;
	else
		ld->ld_ohead += (u32)n;
}

/* n bytes that fit. */
static void emit_run(struct ldisc *ld, const u8 *buf, u32 n)
{
	u32 at = ld->ld_otail % LD_OUTSIZE, first = MIN(n, LD_OUTSIZE - at);

	memcpy(ld->ld_out + at, buf, first);
	memcpy(ld->ld_out, buf + first, n - first);
	ld->ld_otail += n;
}

static bool emit(struct ldisc *ld, u8 c)
{
	if (ldisc_room(ld) == 0)
		return false;
	ld->ld_out[ld->ld_otail++ % LD_OUTSIZE] = c;
	return true;
}

static bool put_newline(struct ldisc *ld)
{
	u32 oflag = ld->ld_t.c_oflag;

	if (!(oflag & ONLCR)) {
		if (!emit(ld, '\n'))
			return false;
		if (oflag & ONLRET)
			ld->ld_column = 0;
		return true;
	}
	if (ldisc_room(ld) < 2)
		return false;
	emit_run(ld, (const u8 *)"\r\n", 2);
	ld->ld_column = 0;
	return true;
}

static bool put_return(struct ldisc *ld)
{
	u32 oflag = ld->ld_t.c_oflag;

	if ((oflag & ONOCR) && ld->ld_column == 0)
		return true;
	if (!emit(ld, oflag & OCRNL ? '\n' : '\r'))
		return false;
	if (!(oflag & OCRNL) || (oflag & ONLRET))
		ld->ld_column = 0;
	return true;
}

static bool put_tab(struct ldisc *ld)
{
	u32 n = TABSTOP - ld->ld_column % TABSTOP;

	if ((ld->ld_t.c_oflag & TABDLY) == XTABS) {
		if (ldisc_room(ld) < n)
			return false;
		emit_run(ld, (const u8 *)"        ", n);
	} else if (!emit(ld, '\t')) {
		return false;
	}
	ld->ld_column += n;
	return true;
}

/* One character with OPOST. False: it does not fit, nothing was put. */
static bool put_processed(struct ldisc *ld, u8 c)
{
	if (c == '\n')
		return put_newline(ld);
	if (c == '\r')
		return put_return(ld);
	if (c == '\t')
		return put_tab(ld);
	if ((ld->ld_t.c_oflag & OLCUC) && c >= 'a' && c <= 'z')
		c = (u8)(c - 'a' + 'A');
	if (!emit(ld, c))
		return false;
	if (c == '\b')
		ld->ld_column -= ld->ld_column > 0;
	else if (!ld_is_control(c) && !ld_is_continuation(ld, c))
		ld->ld_column++;
	return true;
}

/* How many characters from buf on need nothing but to be copied. */
static u32 plain_run(struct ldisc *ld, const u8 *buf, u32 len)
{
	u32 n = 0, columns = 0;

	while (n < len && !ld_is_control(buf[n])) {
		columns += !ld_is_continuation(ld, buf[n]);
		n++;
	}
	ld->ld_column += columns;
	return n;
}

size_t ldisc_write(struct ldisc *ld, const u8 *buf, size_t len)
{
	size_t done = 0;

	if (!(ld->ld_t.c_oflag & OPOST)) {
		done = MIN(len, (size_t)ldisc_room(ld));
		emit_run(ld, buf, (u32)done);
		return done;
	}
	while (done < len) {
		u32 most = (u32)MIN(len - done, (size_t)ldisc_room(ld)), n = 0;

		if (!(ld->ld_t.c_oflag & OLCUC))
			n = plain_run(ld, buf + done, most);
		emit_run(ld, buf + done, n);
		done += n;
		if (n)
			continue;
		if (!put_processed(ld, buf[done]))
			break;
		done++;
	}
	return done;
}

void ld_echo_raw(struct ldisc *ld, u8 c)
{
	if (ld->ld_t.c_oflag & OPOST)
		put_processed(ld, c);
	else
		emit(ld, c);
}

/* With ECHOCTL a control character shows as ^X; a newline and a tab work. */
void ld_echo(struct ldisc *ld, u8 c)
{
	if ((ld->ld_t.c_lflag & ECHOCTL) && ld_is_control(c) && c != '\t' && c != '\n') {
		if (ldisc_room(ld) < 2)
			return;
		emit(ld, '^');
		emit(ld, c ^ 0x40);
		ld->ld_column += 2;
		return;
	}
	ld_echo_raw(ld, c);
}

void ld_echo_run(struct ldisc *ld, const u8 *buf, u32 len)
{
	bool plain = (ld->ld_t.c_oflag & (OPOST | OLCUC)) == OPOST;

	while (len > 0 && ldisc_room(ld) > 0) {
		u32 n = plain ? plain_run(ld, buf, MIN(len, ldisc_room(ld))) : 0;

		emit_run(ld, buf, n);
		if (n == 0) {
			ld_echo(ld, *buf);
			n = 1;
		}
		buf += n;
		len -= n;
	}
}

void ld_step_back(struct ldisc *ld, u32 n, bool erase)
{
	static const char rub[] = "\b \b\b \b\b \b\b \b\b \b\b \b\b \b\b \b\b \b\b \b", back[] = "\b\b\b\b\b\b\b\b";
	u32 size = erase ? sizeof(rub) - 1 : sizeof(back) - 1;
	u32 left = MIN(n * (erase ? 3 : 1), ldisc_room(ld));

	for (u32 run; left > 0; left -= run) {
		run = MIN(left, size);
		emit_run(ld, (const u8 *)(erase ? rub : back), run);
	}
	if (ld->ld_t.c_oflag & OPOST)
		ld->ld_column -= MIN(ld->ld_column, n);
}

static void begin_line(struct ldisc *ld)
{
	if ((ld->ld_t.c_oflag & (OPOST | ONLCR)) != (OPOST | ONLCR))
		ld_echo_raw(ld, '\r');
	ld_echo_raw(ld, '\n');
}

void ldisc_message(struct ldisc *ld, const char *text, bool always)
{
	bool raw = !(ld->ld_t.c_oflag & OPOST);

	if ((!ld_lflag(ld, ECHO) && !always) || ldisc_room(ld) < (strlen(text) + 2) * LD_EXPANSION)
		return;
	ld_finish_erasing(ld);
	/* Without OPOST nobody counts columns. */
	if (raw || ld->ld_column)
		begin_line(ld);
	while (*text)
		ld_echo(ld, (u8)*text++);
	begin_line(ld);
	if (ld_lflag(ld, ICANON) && ld_lflag(ld, ECHO))
		ld_show_line(ld);
}
