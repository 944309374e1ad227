/* SPDX-License-Identifier: MIT */
/* Formatted text: the only code that knows printf's formats. */
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"

struct out {
	char *buf;
	size_t size; /* room, with the final 0 */
	size_t len;  /* length of the whole text */
	/* strings are shown in printable ASCII: vsnprintf_visible() */
	bool visible;
};

struct spec {
	bool left, zero, plus, space, alt;
	int width;
	int prec; /* -1: not given */
	int size; /* -2 hh, -1 h, 0 int, 1 long, 2 long long */
};

static void vsnprintf_put(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void put_run(struct out *o, char c, int n)
{
	while (n-- > 0)
		vsnprintf_put(o, c);
}

static void put_text(struct out *o, const struct spec *sp, const char *s, size_t n)
{
	int pad = sp->width - (int)n;

	if (!sp->left)
		put_run(o, ' ', pad);
	while (n--)
		vsnprintf_put(o, *s++);
	if (sp->left)
		put_run(o, ' ', pad);
}

static bool printable(char c)
{
	return c >= ' ' && c <= '~';
}

static void put_visible_byte(struct out *o, char c)
{
	static const char hex[] = "0123456789abcdef";

	if (printable(c)) {
		vsnprintf_put(o, c);
		return;
	}
	vsnprintf_put(o, '\\');
	vsnprintf_put(o, 'x');
	vsnprintf_put(o, hex[(u8)c >> 4]);
	vsnprintf_put(o, hex[(u8)c & 15]);
}

/*
 * The first n bytes of s as printable ASCII, padded to the width. The text
 * takes `most` characters; "..." shows that it is cut.
 */
static void put_visible(struct out *o, const struct spec *sp, const char *s, size_t n, size_t most)
{
	size_t shown = 0, len = 0;

	while (shown < n && len + (printable(s[shown]) ? 1 : 4) <= most)
		len += printable(s[shown++]) ? 1 : 4;
	if (shown < n)
		len += 3;
	if (!sp->left)
		put_run(o, ' ', sp->width - (int)len);
	for (size_t i = 0; i < shown; i++)
		put_visible_byte(o, s[i]);
	if (shown < n)
		put_run(o, '.', 3);
	if (sp->left)
		put_run(o, ' ', sp->width - (int)len);
}

static void put_string(struct out *o, const struct spec *sp, const char *s)
{
	size_t n;

	if (!s)
		s = "(null)";
	n = strnlen(s, sp->prec < 0 ? 1u << 16 : (size_t)sp->prec);
	if (o->visible)
		put_visible(o, sp, s, n, MAX(VISIBLE_MAX, sp->prec < 0 ? 0u : (size_t)sp->prec));
	else
		put_text(o, sp, s, n);
}

/*
 * Writes v's digits backward, ending before `end`, in 32-bit steps where
 * possible.
 * Returns: their beginning.
 */
static char *digits(char *end, u64 v, u32 base, bool upper)
{
	const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";

	while (v >> 32) {
		*--end = set[v % base];
		v /= base;
	}
	for (u32 w = (u32)v; w; w /= base)
		*--end = set[w % base];
	return end;
}

static void put_number(struct out *o, struct spec *sp, u64 v, const char *sign, u32 base, bool upper)
{
	char buf[24];
	char *end = buf + sizeof(buf), *s = digits(end, v, base, upper);
	int ndig = (int)(end - s), nsign = (int)strlen(sign), zeros;

	if (sp->prec < 0) {
		zeros = ndig ? 0 : 1;
		if (sp->zero && !sp->left)
			zeros = MAX(zeros, sp->width - nsign - ndig);
	} else {
		zeros = MAX(0, sp->prec - ndig);
	}
	if (sp->alt && base == 8 && zeros == 0)
		zeros = 1;

	int pad = sp->width - nsign - zeros - ndig;

	if (!sp->left)
		put_run(o, ' ', pad);
	while (*sign)
		vsnprintf_put(o, *sign++);
	put_run(o, '0', zeros);
	while (s < end)
		vsnprintf_put(o, *s++);
	if (sp->left)
		put_run(o, ' ', pad);
}

static u64 fetch_unsigned(const struct spec *sp, va_list *ap)
{
	switch (sp->size) {
	case 2: return va_arg(*ap, unsigned long long);
	case 1: return va_arg(*ap, unsigned long);
	case -1: return (u16)va_arg(*ap, unsigned int);
	case -2: return (u8)va_arg(*ap, unsigned int);
	default: return va_arg(*ap, unsigned int);
	}
}

static s64 fetch_signed(const struct spec *sp, va_list *ap)
{
	switch (sp->size) {
	case 2: return va_arg(*ap, long long);
	case 1: return va_arg(*ap, long);
	case -1: return (s16)va_arg(*ap, int);
	case -2: return (s8)va_arg(*ap, int);
	default: return va_arg(*ap, int);
	}
}

static void put_signed(struct out *o, struct spec *sp, va_list *ap)
{
	s64 v = fetch_signed(sp, ap);
	const char *sign = v < 0 ? "-" : sp->plus ? "+" : sp->space ? " " : "";

	put_number(o, sp, v < 0 ? -(u64)v : (u64)v, sign, 10, false);
}

static const char *parse_flags(const char *f, struct spec *sp)
{
	for (;; f++) {
		switch (*f) {
		case '-': sp->left = true; break;
		case '0': sp->zero = true; break;
		case '+': sp->plus = true; break;
		case ' ': sp->space = true; break;
		case '#': sp->alt = true; break;
		default: return f;
		}
	}
}

/*
 * A number in a format: digits, or * from the arguments. Very large ones are
 * cut, so no sum overflows.
 */
static const char *parse_count(const char *f, int *count, va_list *ap)
{
	int n = 0;

	if (*f == '*') {
		*count = va_arg(*ap, int);
		return f + 1;
	}
	for (; *f >= '0' && *f <= '9'; f++)
		n = MIN(n * 10 + (*f - '0'), 4096);
	*count = n;
	return f;
}

static const char *parse_length(const char *f, struct spec *sp)
{
	for (;; f++) {
		if (*f == 'h')
			sp->size--;
		else if (*f == 'l')
			sp->size++;
		else if (*f == 'z' || *f == 't')
			sp->size = 1;
		else if (*f == 'j')
			sp->size = 2;
		else
			break;
	}
	sp->size = MAX(-2, MIN(2, sp->size));
	return f;
}

static const char *parse_spec(const char *f, struct spec *sp, va_list *ap)
{
	*sp = (struct spec){ .prec = -1 };
	f = parse_flags(f, sp);
	f = parse_count(f, &sp->width, ap);
	if (sp->width < 0) {
		sp->left = true;
		sp->width = sp->width < -4096 ? 4096 : -sp->width;
	}
	sp->width = MIN(sp->width, 4096);
	if (*f == '.')
		f = parse_count(f + 1, &sp->prec, ap);
	sp->prec = MAX(-1, MIN(sp->prec, 4096));
	return parse_length(f, sp);
}

static void put_conversion(struct out *o, char conv, struct spec *sp, va_list *ap)
{
	switch (conv) {
	case 'd':
	case 'i': put_signed(o, sp, ap); break;
	case 'u': put_number(o, sp, fetch_unsigned(sp, ap), "", 10, false); break;
	case 'o': put_number(o, sp, fetch_unsigned(sp, ap), "", 8, false); break;
	case 'x':
	case 'X': {
		u64 v = fetch_unsigned(sp, ap);

		put_number(o, sp, v,
			   !sp->alt || !v ? ""
			   : conv == 'x'  ? "0x"
					  : "0X",
			   16, conv == 'X');
		break;
	}
	case 'p': put_number(o, sp, (uintptr_t)va_arg(*ap, void *), "0x", 16, false); break;
	case 'c': {
		char c = (char)va_arg(*ap, int);

		if (o->visible)
			put_visible(o, sp, &c, 1, VISIBLE_MAX);
		else
			put_text(o, sp, &c, 1);
		break;
	}
	case 's': put_string(o, sp, va_arg(*ap, const char *)); break;
	case '%': vsnprintf_put(o, '%'); break;
	/* not a conversion: shown unchanged, so that the mistake is visible */
	default:
		vsnprintf_put(o, '%');
		if (conv)
			vsnprintf_put(o, conv);
		break;
	}
}

static int format(struct out *o, const char *fmt, va_list args)
{
	struct spec sp;
	va_list ap;

	va_copy(ap, args);
	while (*fmt) {
		if (*fmt != '%') {
			vsnprintf_put(o, *fmt++);
			continue;
		}
		fmt = parse_spec(fmt + 1, &sp, &ap);
		put_conversion(o, *fmt, &sp, &ap);
		if (*fmt)
			fmt++;
	}
	va_end(ap);
	if (o->size)
		o->buf[MIN(o->len, o->size - 1)] = 0;
	return (int)o->len;
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	return format(&(struct out){ .buf = buf, .size = size }, fmt, ap);
}

int vsnprintf_visible(char *buf, size_t size, const char *fmt, va_list ap)
{
	return format(&(struct out){ .buf = buf, .size = size, .visible = true }, fmt, ap);
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}

int snprintf_visible(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf_visible(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
