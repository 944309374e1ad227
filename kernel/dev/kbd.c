/* SPDX-License-Identifier: MIT */
/* The keyboard controller: start-up, the interrupt, the lights. */
#include "kernel/dev/kbd.h"
#include "kernel/dev/irq.h"
#include "kernel/dev/kbd_decode.h"
#include "kernel/lib/lock.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/x86.h"

#define DATA 0x60
#define STATUS 0x64
#define COMMAND 0x64
#define STATUS_OUT 0x01u /* a byte for the driver */
#define STATUS_IN 0x02u	 /* the controller has not read the driver's byte yet */
#define STATUS_AUX 0x20u /* the byte is the mouse's */

#define CMD_READ_CONFIG 0x20
#define CMD_WRITE_CONFIG 0x60
#define CMD_DISABLE_AUX 0xa7
#define CMD_DISABLE_KBD 0xad
#define CMD_ENABLE_KBD 0xae
#define CONFIG_IRQ_KBD 0x01u
#define CONFIG_IRQ_AUX 0x02u
#define CONFIG_KBD_OFF 0x10u
#define CONFIG_TRANSLATE 0x40u /* to scan code set 1 */

#define KBD_SET_LEDS 0xed
#define KBD_ACK 0xfa
#define KBD_RESEND 0xfe

#define IRQ_KBD 1
#define PATIENCE 10000

/* The state of the command that sets the lights. */
enum leds { LEDS_IDLE, LEDS_COMMAND, LEDS_BITS };

static struct {
	struct spinlock kb_lock; /* all below, and the controller */
	struct kbd_state kb_state;
	enum leds kb_leds;
	u8 kb_shown; /* lights as last set */
	void (*kb_key)(const u8 *buf, size_t len);
	bool (*kb_cursor_keys)(void);
} kbd = { .kb_lock = SPINLOCK_INIT("kbd", LR_DEV) };

static bool wait_status(u32 mask, u32 want)
{
	for (int i = 0; i < PATIENCE; i++) {
		if ((inb(STATUS) & mask) == want)
			return true;
		x86_pause();
	}
	return false;
}

static bool kbd_put(u16 port, u8 v)
{
	if (!wait_status(STATUS_IN, 0))
		return false;
	outb(port, v);
	return true;
}

static void drop_output(void)
{
	for (int i = 0; i < 64 && (inb(STATUS) & STATUS_OUT); i++)
		inb(DATA);
}

static u8 lights(const struct kbd_state *ks)
{
	return (u8)(ks->ks_scroll | ks->ks_num << 1 | ks->ks_caps << 2);
}

/* Two bytes, each acknowledged: the command, then the lights. */
static void update_lights(void)
{
	if (kbd.kb_leds != LEDS_IDLE || lights(&kbd.kb_state) == kbd.kb_shown)
		return;
	if (kbd_put(DATA, KBD_SET_LEDS))
		kbd.kb_leds = LEDS_COMMAND;
}

/* Is it an answer of the keyboard, not a key? */
static bool take_answer(u8 byte)
{
	if (kbd.kb_leds == LEDS_IDLE || (byte != KBD_ACK && byte != KBD_RESEND))
		return false;
	if (byte == KBD_ACK && kbd.kb_leds == LEDS_COMMAND) {
		kbd.kb_shown = lights(&kbd.kb_state);
		kbd_put(DATA, kbd.kb_shown);
		kbd.kb_leds = LEDS_BITS;
	} else {
		/*
		 * Done; or the keyboard does not know the command, and is not
		 * asked for the same again.
		 */
		kbd.kb_shown = lights(&kbd.kb_state);
		kbd.kb_leds = LEDS_IDLE;
	}
	return true;
}

/*
 * Takes one byte from the controller; the bytes that it sends go to out.
 * Returns: false: there was none.
 */
static bool take_byte(u8 *out, u32 *n)
{
	u8 status = inb(STATUS), byte;

	*n = 0;
	if (status == 0xff || !(status & STATUS_OUT))
		return false;
	byte = inb(DATA);
	if (status & STATUS_AUX)
		return true;
	if (!take_answer(byte))
		*n = kbd_decode(&kbd.kb_state, byte, kbd.kb_cursor_keys(), out);
	update_lights();
	return true;
}

static void kbd_intr(void *arg)
{
	u8 out[KBD_MAXOUT];
	bool more = true;
	u32 n;

	for (int i = 0; more && i < 64; i++) {
		spin_lock(&kbd.kb_lock);
		more = take_byte(out, &n);
		spin_unlock(&kbd.kb_lock);
		if (n)
			kbd.kb_key(out, n);
	}
}

/*
 * Keyboard on with its interrupt, mouse off.
 * Returns: false: no controller answers.
 */
static bool start_controller(void)
{
	u8 config;

	if (inb(STATUS) == 0xff)
		return false;
	if (!kbd_put(COMMAND, CMD_DISABLE_KBD) || !kbd_put(COMMAND, CMD_DISABLE_AUX))
		return false;
	drop_output();
	if (!kbd_put(COMMAND, CMD_READ_CONFIG) || !wait_status(STATUS_OUT, STATUS_OUT))
		return false;
	config = inb(DATA);
	config |= CONFIG_IRQ_KBD | CONFIG_TRANSLATE;
	config &= (u8) ~(CONFIG_IRQ_AUX | CONFIG_KBD_OFF);
	return kbd_put(COMMAND, CMD_WRITE_CONFIG) && kbd_put(DATA, config) && kbd_put(COMMAND, CMD_ENABLE_KBD);
}

bool kbd_init(void (*key)(const u8 *buf, size_t len), bool (*cursor_keys)(void))
{
	int error;

	if (!start_controller())
		return false;
	kbd.kb_key = key;
	kbd.kb_cursor_keys = cursor_keys;
	error = irq_register(IRQ_KBD, false, kbd_intr, NULL, "keyboard");
	if (error) {
		printk("keyboard: no interrupt (error %d)\n", error);
		return false;
	}
	return true;
}
