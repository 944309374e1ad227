/* SPDX-License-Identifier: MIT */
/*
 * 16550 serial ports.
 *
 * Sending: td_write fills the transmit FIFO. If text is left over, it asks for
 * the transmitter interrupt, at which the tty layer writes again. The kernel's
 * log is sent in the same way, but waits: it works with interrupts off, from
 * any context.
 * Receiving: a throttled port leaves bytes in its FIFO and drops RTS, so the
 * other side (or QEMU) keeps the rest.
 *
 * Locks: u_lock guards the registers and struct uart. Its rank is LR_LOG,
 *   because the log writes to the port with its own lock held. So no code may
 *   print with u_lock held.
 * Source: National Semiconductor PC16550D data sheet.
 */
#include "kernel/dev/serial.h"
#include "kernel/abi/termios.h"
#include "kernel/dev/chardev.h"
#include "kernel/dev/irq.h"
#include "kernel/lib/lock.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/x86.h"

/* Registers. */
#define RBR 0 /* read: received */
#define THR 0 /* write: to send */
#define DLL 0 /* with LCR_DLAB: divisor */
#define DLM 1
#define IER 1
#define IIR 2 /* read */
#define FCR 2 /* write */
#define LCR 3
#define MCR 4
#define LSR 5
#define SCR 7

#define IER_RX 0x01u
#define IER_TX 0x02u
#define IER_LINE 0x04u
#define IIR_NONE 0x01u
#define FCR_ENABLE 0x01u
#define FCR_TRIGGER_14 0xc0u
#define LCR_STOP2 0x04u
#define LCR_PARITY 0x08u
#define LCR_EVEN 0x10u
#define LCR_STICK 0x20u
#define LCR_BREAK 0x40u
#define LCR_DLAB 0x80u
#define MCR_DTR 0x01u
#define MCR_RTS 0x02u
#define MCR_OUT2 0x08u /* on a PC: lets the interrupt through */
#define LSR_READY 0x01u
#define LSR_OVERRUN 0x02u
#define LSR_PARITY 0x04u
#define LSR_FRAMING 0x08u
#define LSR_BREAK 0x10u
#define LSR_THRE 0x20u
#define LSR_TEMT 0x40u

#define BASE_BAUD 115200u
#define FIFO_SIZE 16
/* FIFOs filled at once while the chip keeps up (an emulated one does) */
#define TX_BURST 4
#define RX_BURST 64 /* bytes taken under one lock */
/* reads of IIR in one interrupt: only a broken port needs so many */
#define INTR_ROUNDS 100000
/* reads of LSR before the log gives up a stuck port */
#define CONSOLE_PATIENCE 50000

struct uart {
	struct termdev u_td;
	struct console u_con;
	u16 u_port;
	u8 u_irq;
	struct spinlock u_lock;
	u8 u_ier, u_mcr, u_lcr;
	bool u_stuck; /* did not send within CONSOLE_PATIENCE last time */
	struct serial_stats u_stats;
};

static const struct {
	const char *name;
	u16 port;
	u8 irq;
} places[SERIAL_PORTS] = { { "ttyS0", 0x3f8, 4 }, { "ttyS1", 0x2f8, 3 } };

static struct uart uarts[SERIAL_PORTS];

static u8 serial_get(const struct uart *u, u16 reg)
{
	return inb((u16)(u->u_port + reg));
}

static void serial_put(const struct uart *u, u16 reg, u32 v)
{
	outb((u16)(u->u_port + reg), (u8)v);
}

static void lock(struct uart *u)
{
	spin_lock_nested(&u->u_lock); /* inside the log's */
}

static void unlock(struct uart *u)
{
	spin_unlock(&u->u_lock);
}

static void set_ier(struct uart *u, u32 ier)
{
	if (u->u_ier == ier)
		return;
	u->u_ier = (u8)ier;
	serial_put(u, IER, ier);
}

static struct uart *td_uart(struct termdev *td)
{
	return container_of(td, struct uart, u_td);
}

static size_t send(struct uart *u, const u8 *buf, size_t len)
{
	size_t done = 0;

	for (int i = 0; i < TX_BURST && done < len && (serial_get(u, LSR) & LSR_THRE); i++) {
		size_t n = MIN(len - done, (size_t)FIFO_SIZE);

		while (n--)
			serial_put(u, THR, buf[done++]);
	}
	return done;
}

static size_t serial_write(struct termdev *td, const u8 *buf, size_t len)
{
	struct uart *u = td_uart(td);
	size_t done;

	lock(u);
	done = send(u, buf, len);
	u->u_stats.ss_tx += done;
	if (done < len)
		set_ier(u, u->u_ier | IER_TX);
	unlock(u);
	return done;
}

static bool serial_drained(struct termdev *td)
{
	struct uart *u = td_uart(td);
	bool empty;

	lock(u);
	empty = (serial_get(u, LSR) & LSR_TEMT) != 0;
	unlock(u);
	return empty;
}

static void serial_throttle(struct termdev *td, bool on)
{
	struct uart *u = td_uart(td);

	lock(u);
	u->u_mcr = (u8)(on ? u->u_mcr & ~MCR_RTS : u->u_mcr | MCR_RTS);
	serial_put(u, MCR, u->u_mcr);
	if (on)
		set_ier(u, u->u_ier & ~(IER_RX | IER_LINE));
	else
		set_ier(u, u->u_ier | IER_RX | IER_LINE);
	unlock(u);
}

static u32 line_control(u32 cflag)
{
	u32 lcr = (cflag & CSIZE) >> 4; /* CS5..CS8 are 0..3 in both */

	if (cflag & CSTOPB)
		lcr |= LCR_STOP2;
	if (cflag & PARENB)
		lcr |= LCR_PARITY | (cflag & PARODD ? 0 : LCR_EVEN) | (cflag & CMSPAR ? LCR_STICK : 0);
	return lcr;
}

/* Speed 0 hangs up: DTR goes down, the divisor stays. */
static void serial_setline(struct termdev *td, u32 baud, u32 cflag)
{
	struct uart *u = td_uart(td);
	u32 divisor = baud ? MAX(BASE_BAUD / baud, 1u) : 0;

	lock(u);
	u->u_lcr = (u8)line_control(cflag);
	if (divisor) {
		serial_put(u, LCR, u->u_lcr | LCR_DLAB);
		serial_put(u, DLL, divisor & 0xff);
		serial_put(u, DLM, divisor >> 8 & 0xff);
	}
	serial_put(u, LCR, u->u_lcr);
	u->u_mcr = (u8)(divisor ? u->u_mcr | MCR_DTR : u->u_mcr & ~MCR_DTR);
	serial_put(u, MCR, u->u_mcr);
	unlock(u);
}

static void serial_break(struct termdev *td, bool on)
{
	struct uart *u = td_uart(td);

	lock(u);
	u->u_lcr = (u8)(on ? u->u_lcr | LCR_BREAK : u->u_lcr & ~LCR_BREAK);
	serial_put(u, LCR, u->u_lcr);
	unlock(u);
}

/*
 * One read of the receiver: good bytes in buf, and at most one bad byte after
 * them, with its line status.
 */
struct received {
	u8 buf[RX_BURST];
	size_t len;
	u8 bad, bad_status;
};

static void receive(struct uart *u, struct received *r)
{
	u8 status;

	r->len = 0;
	r->bad_status = 0;
	while (r->len < RX_BURST && (u->u_ier & IER_RX) && ((status = serial_get(u, LSR)) & LSR_READY)) {
		u8 c = serial_get(u, RBR), error = status & (LSR_PARITY | LSR_FRAMING | LSR_BREAK);

		u->u_stats.ss_rx++;
		if (status & LSR_OVERRUN)
			u->u_stats.ss_overrun++;
		if (!error && !(status & LSR_OVERRUN)) {
			r->buf[r->len++] = c;
			continue;
		}
		u->u_stats.ss_break += (status & LSR_BREAK) != 0;
		u->u_stats.ss_error += (status & (LSR_PARITY | LSR_FRAMING)) != 0;
		r->bad = c;
		r->bad_status = status;
		return;
	}
}

static void pass_up(struct uart *u, const struct received *r)
{
	struct termdev *td = &u->u_td;

	if (r->len)
		td->td_input(td, r->buf, r->len);
	if (r->bad_status & LSR_OVERRUN)
		td->td_rxerror(td, 0, TD_OVERRUN);
	if (r->bad_status & LSR_BREAK)
		td->td_rxerror(td, 0, TD_BREAK);
	else if (r->bad_status & (LSR_PARITY | LSR_FRAMING))
		td->td_rxerror(td, r->bad, TD_PARITY);
	else if (r->bad_status)
		/* the lost bytes came before it */
		td->td_input(td, &r->bad, 1);
}

/*
 * The transmitter interrupt ends here; a sender with more text asks for the
 * next.
 */
static bool may_send(struct uart *u)
{
	if (!(u->u_ier & IER_TX) || !(serial_get(u, LSR) & LSR_THRE))
		return false;
	set_ier(u, u->u_ier & ~IER_TX);
	return true;
}

/*
 * The line is edge-triggered: if it is not quiet at the end, no further
 * interrupt comes.
 */
static void serial_intr(void *arg)
{
	struct uart *u = arg;
	struct received r;
	bool ready;

	for (int i = 0; i < INTR_ROUNDS; i++) {
		lock(u);
		if (serial_get(u, IIR) & IIR_NONE) {
			unlock(u);
			return;
		}
		receive(u, &r);
		ready = may_send(u);
		unlock(u);
		pass_up(u, &r);
		if (ready)
			u->u_td.td_output_ready(&u->u_td);
	}
}

/*
 * Waits for an empty FIFO. A port that got stuck once (its other end does not
 * read) is not waited for again.
 */
static bool wait_sendable(struct uart *u)
{
	for (int i = 0; i < (u->u_stuck ? 1 : CONSOLE_PATIENCE); i++) {
		if (serial_get(u, LSR) & LSR_THRE) {
			u->u_stuck = false;
			return true;
		}
		x86_pause();
	}
	u->u_stuck = true;
	return false;
}

static void console_write(struct console *con, const char *text, size_t len)
{
	struct uart *u = container_of(con, struct uart, u_con);
	u32 room = 0;

	lock(u);
	for (size_t i = 0; i < len; i++) {
		bool newline = text[i] == '\n';

		if (room < 2) {
			if (!wait_sendable(u))
				break;
			room = FIFO_SIZE;
		}
		if (newline)
			serial_put(u, THR, '\r');
		serial_put(u, THR, (u8)text[i]);
		room -= newline ? 2 : 1;
	}
	unlock(u);
}

/*
 * A scratch register that keeps its value: there is a port, and it is not an
 * 8250.
 */
static bool present(const struct uart *u)
{
	serial_put(u, SCR, 0x5a);
	if (serial_get(u, SCR) != 0x5a)
		return false;
	serial_put(u, SCR, 0xa5);
	return serial_get(u, SCR) == 0xa5;
}

/*
 * The FIFOs are not cleared: they may hold typed characters, and the end of the
 * early log.
 */
static void serial_start(struct uart *u)
{
	u->u_mcr = MCR_DTR | MCR_OUT2;
	serial_put(u, IER, 0);
	serial_put(u, FCR, FCR_ENABLE | FCR_TRIGGER_14);
	serial_setline(&u->u_td, BASE_BAUD, CS8);
}

static void add_port(u32 n)
{
	struct uart *u = &uarts[n];
	int error;

	u->u_port = places[n].port;
	u->u_irq = places[n].irq;
	spin_init(&u->u_lock, places[n].name, LR_LOG);
	if (!present(u)) {
		u->u_port = 0;
		return;
	}
	u->u_con.con_name = places[n].name;
	u->u_con.con_write = console_write;
	u->u_td = (struct termdev){
		.td_name = places[n].name,
		.td_rdev = MAKEDEV(4, SERIAL_MINOR + n),
		.td_console = &u->u_con,
		.td_logs = n == 0, /* the second port is left to programs */
		.td_write = serial_write,
		.td_drained = serial_drained,
		.td_throttle = serial_throttle,
		.td_setline = serial_setline,
		.td_break = serial_break,
	};
	serial_start(u);
	error = irq_register(u->u_irq, false, serial_intr, u, places[n].name);
	if (error)
		printk("%s: no interrupt (error %d): only the log can use it\n", places[n].name, error);
	termdev_register(&u->u_td);
	printk("%s: serial port at %#x, irq %u\n", places[n].name, u->u_port, u->u_irq);
}

void serial_init(void)
{
	for (u32 n = 0; n < SERIAL_PORTS; n++)
		add_port(n);
}

bool serial_stats(u32 port, struct serial_stats *st)
{
	struct uart *u;

	if (port >= SERIAL_PORTS || !uarts[port].u_port)
		return false;
	u = &uarts[port];
	lock(u);
	*st = u->u_stats;
	unlock(u);
	return true;
}
