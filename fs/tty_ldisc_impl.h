/* SPDX-License-Identifier: MIT */
/* Shared by the files of the line discipline: settings and the input ring. */
#ifndef FS_TTY_LDISC_IMPL_H
#define FS_TTY_LDISC_IMPL_H

#include "fs/tty_ldisc.h"

#define TABSTOP 8u

static inline bool ld_iflag(const struct ldisc *ld, u32 bits)
{
	return (ld->ld_t.c_iflag & bits) != 0;
}

static inline bool ld_lflag(const struct ldisc *ld, u32 bits)
{
	return (ld->ld_t.c_lflag & bits) != 0;
}

/* Is c the special character `which`? A special character of 0 is off. */
static inline bool ld_is_cc(const struct ldisc *ld, u8 c, int which)
{
	return c != 0 && ld->ld_t.c_cc[which] == c;
}

static inline bool ld_is_control(u8 c)
{
	return c < 0x20 || c == 0x7f;
}

/* A later byte of a multibyte character, which takes no column. */
static inline bool ld_is_continuation(const struct ldisc *ld, u8 c)
{
	return ld_iflag(ld, IUTF8) && (c & 0xc0) == 0x80;
}

static inline u32 ld_in_room(const struct ldisc *ld)
{
	return LD_INSIZE - (ld->ld_tail - ld->ld_head);
}

static inline u8 ld_in_at(const struct ldisc *ld, u32 pos)
{
	return ld->ld_in[pos % LD_INSIZE];
}

static inline bool ld_marked(const struct ldisc *ld, u32 pos)
{
	return (ld->ld_mark[pos % LD_INSIZE / 8] >> pos % 8) & 1;
}

static inline void ld_set_mark(struct ldisc *ld, u32 pos, bool on)
{
	u8 *byte = &ld->ld_mark[pos % LD_INSIZE / 8], bit = (u8)(1u << pos % 8);

	*byte = on ? *byte | bit : *byte & (u8)~bit;
}

static inline bool ld_is_eof(const struct ldisc *ld, u32 pos)
{
	return ld_marked(ld, pos) && ld_in_at(ld, pos) == 0;
}

/*
 * fs/tty_ldisc_out.c: echoes as if a program had written it. Does nothing if
 * the ring is full.
 */
void ld_echo(struct ldisc *ld, u8 c);
void ld_echo_raw(struct ldisc *ld, u8 c);
/* As ld_echo() of each byte, as far as there is room. */
void ld_echo_run(struct ldisc *ld, const u8 *buf, u32 len);
/* Goes back by n columns, which become blank with `erase`. */
void ld_step_back(struct ldisc *ld, u32 n, bool erase);

/* fs/tty_ldisc_edit.c: the line being typed. */
void ld_finish_erasing(struct ldisc *ld);
void ld_erase(struct ldisc *ld, u8 c);
void ld_erase_word(struct ldisc *ld);
void ld_erase_line(struct ldisc *ld, u8 c);
void ld_show_line(struct ldisc *ld);
void ld_reprint(struct ldisc *ld, u8 c);
void ld_quote_next(struct ldisc *ld);

#endif
