/* SPDX-License-Identifier: MIT */
/*
 * The line discipline: processing between the characters on a line and the
 * bytes that programs read and write (POSIX.1-2017, chapter 11). It does not
 * use hardware, processes or locks, so that its test runs natively.
 *
 *   hardware -> ldisc_input -> [ input ring ] -> ldisc_read  -> program
 *                    | echo
 *   hardware <- ldisc_pull  <- [ output ring ] <- ldisc_write <- program
 *
 * The input ring, with indices that run free:
 *
 *   ld_head      ld_canon             ld_tail
 *      | lines ...  |  line being typed  |
 *
 * Without ICANON all up to ld_tail can be read. ld_mark has a bit for each
 * character that ends a line; an end of file is a 0 with that bit.
 * Locks: the owner's, held around each function.
 */
#ifndef FS_TTY_LDISC_H
#define FS_TTY_LDISC_H

#include "kernel/abi/termios.h"
#include "kernel/lib/types.h"

#define LD_INSIZE 4096u /* powers of two */
#define LD_OUTSIZE 8192u
/*
 * room in the input ring at which the hardware is throttled; more than any
 * burst
 */
#define LD_THROTTLE 512u

/* What the owner must do after input. */
#define LD_EV_INTR 0x01u /* signals to the foreground group */
#define LD_EV_QUIT 0x02u
#define LD_EV_SUSP 0x04u
#define LD_EV_INPUT 0x08u   /* readers may have input */
#define LD_EV_FLUSHED 0x10u /* the output ring is empty: writers may go on */
#define LD_EV_CKPT 0x20u    /* a checkpoint of the foreground group */
#define LD_EV_KEYS (LD_EV_INTR | LD_EV_QUIT | LD_EV_SUSP | LD_EV_CKPT)

enum ld_error { LD_BREAK, LD_PARITY, LD_OVERRUN };

struct ldisc {
	struct abi_termios ld_t;

	u32 ld_head, ld_canon, ld_tail;
	u32 ld_linecol;	 /* column at which the line being typed began */
	bool ld_lnext;	 /* take the next character literally */
	bool ld_erasing; /* ECHOPRT: inside \.../ */
	u32 ld_dropped;	 /* characters lost to a full ring */

	u32 ld_ohead, ld_otail;
	u32 ld_column;
	bool ld_stopped; /* by VSTOP */
	bool ld_tcooff;	 /* by tcflow() */
	u8 ld_xchar;	 /* START or STOP to send first; 0: none */

	u8 ld_mark[LD_INSIZE / 8];
	u8 ld_in[LD_INSIZE];
	u8 ld_out[LD_OUTSIZE];
};

void ldisc_init(struct ldisc *ld, const struct abi_termios *t);
/* The first settings of a terminal, as "stty sane". */
void ldisc_default_termios(struct abi_termios *t);
/* Changes the settings; typed characters stay readable. */
void ldisc_set(struct ldisc *ld, const struct abi_termios *t);

/* From the hardware. Both return LD_EV_*. */
u32 ldisc_input(struct ldisc *ld, const u8 *buf, size_t len);
u32 ldisc_rxerror(struct ldisc *ld, u8 c, enum ld_error error);

/*
 * Should the hardware be throttled? Never because of an unfinished line alone:
 * then it could not be ended.
 */
bool ldisc_input_full(const struct ldisc *ld);
/* Is there enough room to end the throttling? */
bool ldisc_input_low(const struct ldisc *ld);

/* Is there a line (ICANON), or are there `min` characters (at least one)? */
bool ldisc_readable(const struct ldisc *ld, u32 min);
/*
 * Moves characters to buf, at most to the end of one line. *end: a line ended
 * there (never without ICANON).
 */
size_t ldisc_read(struct ldisc *ld, u8 *buf, size_t size, bool *end);
u32 ldisc_inq(const struct ldisc *ld); /* for FIONREAD */
void ldisc_flush_in(struct ldisc *ld);

/* From programs. Returns how many characters it took. */
size_t ldisc_write(struct ldisc *ld, const u8 *buf, size_t len);
/* Room in the output ring; a character needs up to 8 bytes. */
u32 ldisc_room(const struct ldisc *ld);
#define LD_EXPANSION 8u
/*
 * Shows a line of the kernel, as echo: on a new line, and the line being typed
 * is shown again behind it. Does nothing without ECHO, unless `always`, or if
 * there is no room.
 */
void ldisc_message(struct ldisc *ld, const char *text, bool always);
/*
 * To the hardware: sets *buf to a run of bytes. Returns how many; 0: none, or
 * output is stopped. ldisc_pulled() says how many of them it took.
 */
size_t ldisc_pull(struct ldisc *ld, const u8 **buf);
void ldisc_pulled(struct ldisc *ld, size_t n);
u32 ldisc_outq(const struct ldisc *ld);
void ldisc_flush_out(struct ldisc *ld);

/* All state but the settings, as a checkpoint saves it. */
#define LS_LNEXT 1u
#define LS_ERASING 2u
#define LS_STOPPED 4u
#define LS_TCOOFF 8u
#define LS_FLAGS 15u

struct ldisc_state {
	/* Bytes: readable and being typed; readable lines. */
	u32 ls_nin, ls_canon;
	u32 ls_nout;
	u32 ls_linecol, ls_column;
	u32 ls_flags; /* LS_* */
	u8 ls_xchar;
	u8 ls_mark[LD_INSIZE / 8]; /* of ls_in */
	u8 ls_in[LD_INSIZE], ls_out[LD_OUTSIZE];
};

/* The same state gives the same bytes; unused bytes are zeros. */
void ldisc_get_state(struct ldisc *ld, struct ldisc_state *ls);
/*
 * Requires ls_canon <= ls_nin <= LD_INSIZE, ls_nout <= LD_OUTSIZE. Wakes no
 * lwp.
 */
void ldisc_put_state(struct ldisc *ld, const struct ldisc_state *ls);

#endif
