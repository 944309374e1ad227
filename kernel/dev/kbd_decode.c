/* SPDX-License-Identifier: MIT */
/* The US keyboard: keys, shifts, locks. */
#include "kernel/dev/kbd_decode.h"
#include "kernel/lib/string.h"

#define RELEASE 0x80u
#define PREFIX_E0 0xe0
#define PREFIX_E1 0xe1 /* Pause: e1 1d 45 e1 9d c5 */

#define K_CTRL 0x1d
#define K_LSHIFT 0x2a
#define K_RSHIFT 0x36
#define K_ALT 0x38
#define K_SPACE 0x39
#define K_CAPS 0x3a
#define K_F1 0x3b
#define K_F10 0x44
#define K_NUM 0x45
#define K_SCROLL 0x46
#define K_HOME 0x47 /* the keypad, up to Delete */
#define K_DELETE 0x53
#define K_F11 0x57
#define K_F12 0x58
#define K_ENTER 0x1c
#define K_SLASH 0x35
#define K_TAB 0x0f
#define K_BACKSPACE 0x0e

static const char plain[] = "\0\0331234567890-=\177\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] = "\0\033!@#$%^&*()_+\177\tQWERTYUIOP{}\r\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";
_Static_assert(sizeof(plain) == K_SPACE + 2 && sizeof(shifted) == sizeof(plain), "up to space");

/* The keypad with and without Num Lock. */
static const char keypad_digit[] = "789-456+1230.";
_Static_assert(sizeof(keypad_digit) == K_DELETE - K_HOME + 2, "keypad");
static const char *const keypad_move[] = { "\033[1~", "\033[A",	 "\033[5~", "-",       "\033[D",
					   "\033[G",  "\033[C",	 "+",	    "\033[4~", "\033[B",
					   "\033[6~", "\033[2~", "\033[3~" };

static const char *const function[] = { "\033[[A",  "\033[[B",	"\033[[C",  "\033[[D",
					"\033[[E",  "\033[17~", "\033[18~", "\033[19~",
					"\033[20~", "\033[21~", "\033[23~", "\033[24~" };

static u32 send(u8 *out, const char *s)
{
	size_t n = strlen(s);

	memcpy(out, s, n);
	return (u32)n;
}

static bool any(const bool pair[2])
{
	return pair[0] || pair[1];
}

static u32 keypad(const struct kbd_state *ks, u8 key, bool digits, bool appcursor, u8 *out)
{
	const char *s = keypad_move[key - K_HOME];
	u32 n;

	if (digits && ks->ks_num != any(ks->ks_shift)) {
		out[0] = (u8)keypad_digit[key - K_HOME];
		return 1;
	}
	n = send(out, s);
	if (appcursor && n == 3 && s[2] >= 'A' && s[2] <= 'D')
		out[1] = 'O';
	return n;
}

/*
 * The character that Control makes of c; 0: none, but also for '@', '2' and
 * space.
 */
static u8 control(u8 c)
{
	if (c >= '@' && c <= '_')
		return c & 0x1f;
	if (c >= 'a' && c <= '~')
		return c & 0x1f;
	if (c >= '3' && c <= '7')
		return (u8)(c - '3' + 0x1b);
	switch (c) {
	case '8':
	case '?': return 0x7f;
	case '/':
	case '-': return 0x1f;
	case 0x7f: return '\b';
	case '2':
	case ' ': return 0;
	default: return c;
	}
}

static u32 character(const struct kbd_state *ks, u8 key, u8 *out)
{
	bool shift = any(ks->ks_shift);
	u8 c = (u8)plain[key];
	u32 n = 0;

	if (ks->ks_caps && c >= 'a' && c <= 'z')
		shift = !shift;
	if (shift)
		c = (u8)shifted[key];
	if (c == 0)
		return 0;
	if (key == K_TAB && shift)
		return send(out, "\033[Z");
	if (any(ks->ks_ctrl))
		c = control(c);
	if (any(ks->ks_alt))
		out[n++] = 0x1b;
	out[n++] = c;
	return n;
}

/*
 * Keys that are held or that lock.
 * Returns: true: it was one of them.
 */
static bool modifier(struct kbd_state *ks, u8 key, bool e0, bool down)
{
	switch (key) {
	case K_LSHIFT:
	case K_RSHIFT:
		/*
		 * With the prefix these are not the shift keys, but the
		 * keyboard's own shifting of grey keys.
		 */
		if (!e0)
			ks->ks_shift[key == K_RSHIFT] = down;
		return true;
	case K_CTRL: ks->ks_ctrl[e0] = down; return true;
	case K_ALT: ks->ks_alt[e0] = down; return true;
	case K_CAPS: ks->ks_caps ^= down; return true;
	case K_NUM: ks->ks_num ^= down; return true;
	case K_SCROLL: ks->ks_scroll ^= down && !e0; return true;
	default: return false;
	}
}

static u32 press(const struct kbd_state *ks, u8 key, bool e0, bool appcursor, u8 *out)
{
	if (key >= K_F1 && key <= K_F10)
		return send(out, function[key - K_F1]);
	if (key == K_F11 || key == K_F12)
		return send(out, function[10 + key - K_F11]);
	if (key >= K_HOME && key <= K_DELETE)
		return keypad(ks, key, !e0, appcursor, out);
	if (key > K_SPACE || (e0 && key != K_ENTER && key != K_SLASH))
		return 0;
	return character(ks, key, out);
}

u32 kbd_decode(struct kbd_state *ks, u8 code, bool appcursor, u8 out[KBD_MAXOUT])
{
	bool e0 = ks->ks_e0, down = !(code & RELEASE);
	u8 key = code & (u8)~RELEASE;

	if (ks->ks_e1) {
		ks->ks_e1--;
		return 0;
	}
	if (code == PREFIX_E1) {
		ks->ks_e1 = 5;
		return 0;
	}
	ks->ks_e0 = code == PREFIX_E0;
	if (ks->ks_e0 || modifier(ks, key, e0, down) || !down)
		return 0;
	return press(ks, key, e0, appcursor, out);
}
