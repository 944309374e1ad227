/* SPDX-License-Identifier: MIT */
/*
 * Memory and strings. gcc generates calls of memcpy, memmove, memset and
 * memcmp, so they must not call themselves.
 */
#include "kernel/lib/string.h"

#if !defined(REPRISE_HOST) || defined(KERNEL_LIB_STRING_OWN)

/*
 * Plain loads and stores, eight words a round: under emulation a third faster
 * than "rep movs", and on a real CPU limited by memory anyway. Nothing is
 * aligned first: unaligned words cost less than another test before the many
 * short copies.
 */
static void copy_rounds(u32 *d, const u32 *s, size_t rounds)
{
	for (; rounds; rounds--, d += 8, s += 8) {
		u32 a = s[0], b = s[1];

		d[0] = a;
		d[1] = b;
		a = s[2];
		b = s[3];
		d[2] = a;
		d[3] = b;
		a = s[4];
		b = s[5];
		d[4] = a;
		d[5] = b;
		a = s[6];
		b = s[7];
		d[6] = a;
		d[7] = b;
	}
}

static void fill_rounds(u32 *d, u32 v, size_t rounds)
{
	for (; rounds; rounds--, d += 8) {
		d[0] = v;
		d[1] = v;
		d[2] = v;
		d[3] = v;
		d[4] = v;
		d[5] = v;
		d[6] = v;
		d[7] = v;
	}
}

void *memcpy(void *dst, const void *src, size_t n)
{
	const u8 *s = src;
	u8 *d = dst;

	copy_rounds((u32 *)d, (const u32 *)s, n / 32);
	d += n & ~31u;
	s += n & ~31u;
	for (n &= 31; n >= 4; n -= 4, d += 4, s += 4)
		*(u32 *)d = *(const u32 *)s;
	while (n--)
		*d++ = *s++;
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	const u8 *s = src;
	u8 *d = dst;

	if (d <= s || d >= s + n)
		return memcpy(dst, src, n);
	d += n;
	s += n;
	for (; n >= 4; n -= 4) {
		d -= 4;
		s -= 4;
		*(u32 *)d = *(const u32 *)s;
	}
	while (n--)
		*--d = *--s;
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	u32 fill = (u8)c * 0x01010101u;
	u8 *d = dst;

	fill_rounds((u32 *)d, fill, n / 32);
	d += n & ~31u;
	for (n &= 31; n >= 4; n -= 4, d += 4)
		*(u32 *)d = fill;
	while (n--)
		*d++ = (u8)c;
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *p = a, *q = b;

	while (n >= 4 && *(const u32 *)p == *(const u32 *)q) {
		p += 4;
		q += 4;
		n -= 4;
	}
	for (; n; n--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	const u8 *p = s;

	for (; n; n--, p++)
		if (*p == (u8)c)
			return (void *)p;
	return NULL;
}

size_t strlen(const char *s)
{
	const char *p = s;

	while (*p)
		p++;
	return (size_t)(p - s);
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (*a != *b || !*a)
			return (u8)*a - (u8)*b;
	return 0;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

char *strrchr(const char *s, int c)
{
	const char *found = NULL;

	for (;; s++) {
		if (*s == (char)c)
			found = s;
		if (!*s)
			return (char *)found;
	}
}

#endif

#ifndef REPRISE_HOST

bool page_zero_sse;

/*
 * Four 16-byte stores a round. The program's xmm0 is restored, so its FPU state
 * does not change.
 */
static void zero_sse(void *page)
{
	u8 keep[16];
	void *end = (u8 *)page + PAGE_SIZE;

	__asm__ volatile("movups %%xmm0, %1\n\t"
			 "xorps %%xmm0, %%xmm0\n"
			 "1:\n\t"
			 "movaps %%xmm0, (%0)\n\t"
			 "movaps %%xmm0, 16(%0)\n\t"
			 "movaps %%xmm0, 32(%0)\n\t"
			 "movaps %%xmm0, 48(%0)\n\t"
			 "addl $64, %0\n\t"
			 "cmpl %2, %0\n\t"
			 "jne 1b\n\t"
			 "movups %1, %%xmm0"
			 : "+r"(page), "+m"(keep)
			 : "r"(end)
			 : "memory", "cc");
}

void page_zero(void *page)
{
	if (page_zero_sse)
		zero_sse(page);
	else
		fill_rounds(page, 0, PAGE_SIZE / 32);
}

/* Through all eight SSE registers, 128 bytes a round; they are restored. */
static void copy_sse(void *dst, const void *src)
{
	u8 keep[128];
	const void *end = (const u8 *)src + PAGE_SIZE;

#define EACH(op) op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7)
#define KEEP(n) "movups %%xmm" #n ", " #n "*16(%2)\n\t"
#define LOAD(n) "movaps " #n "*16(%1), %%xmm" #n "\n\t"
#define STORE(n) "movaps %%xmm" #n ", " #n "*16(%0)\n\t"
#define RESTORE(n) "movups " #n "*16(%2), %%xmm" #n "\n\t"
	/* clang-format off */
	__asm__ volatile(EACH(KEEP)
			 "1:\n\t"
			 EACH(LOAD)
			 EACH(STORE)
			 "subl $-128, %0\n\t"
			 "subl $-128, %1\n\t"
			 "cmpl %3, %1\n\t"
			 "jne 1b\n\t"
			 EACH(RESTORE)
			 : "+r"(dst), "+r"(src)
			 : "r"(keep), "r"(end)
			 : "memory", "cc");
	/* clang-format on */
#undef RESTORE
#undef STORE
#undef LOAD
#undef KEEP
#undef EACH
}

/*
 * Pages whose numbers agree in the low bits may share a slot of an emulator's
 * TLB. It then misses whenever the copy changes from one page to the other: 15
 * times slower, word by word. So the copy changes sides seldom.
 */
#define TLB_SLOTS 64u

void page_copy(void *dst, const void *src)
{
	if (page_zero_sse && (((u32)dst ^ (u32)src) >> PAGE_SHIFT) % TLB_SLOTS == 0)
		copy_sse(dst, src);
	else
		copy_rounds(dst, src, PAGE_SIZE / 32);
}

#else

void page_zero(void *page)
{
	memset(page, 0, PAGE_SIZE);
}

void page_copy(void *dst, const void *src)
{
	memcpy(dst, src, PAGE_SIZE);
}

#endif

void memswap(void *a, void *b, size_t n)
{
	u8 *pa = a, *pb = b, chunk[64];

	while (n > 0) {
		size_t part = n < sizeof(chunk) ? n : sizeof(chunk);

		memcpy(chunk, pa, part);
		memcpy(pa, pb, part);
		memcpy(pb, chunk, part);
		pa += part;
		pb += part;
		n -= part;
	}
}

size_t strlcpy_k(char *dst, const char *src, size_t size)
{
	size_t len = strlen(src);

	if (size) {
		size_t n = len < size ? len : size - 1;

		memcpy(dst, src, n);
		dst[n] = 0;
	}
	return len;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'Z')
		return c - 'A' + 10;
	return 99;
}

/*
 * Moves *s past a prefix that gives the base.
 * Returns: the base.
 */
static int number_base(const char **s, int base)
{
	const char *p = *s;
	bool hex = p[0] == '0' && (p[1] == 'x' || p[1] == 'X') && digit_value(p[2]) < 16;

	if (hex && (base == 0 || base == 16)) {
		*s += 2;
		return 16;
	}
	if (base == 0)
		return p[0] == '0' ? 8 : 10;
	return base;
}

u64 strtou64(const char *s, const char **end, int base)
{
	u64 v = 0;
	bool over = false;
	int d;

	base = number_base(&s, base);
	for (; (d = digit_value(*s)) < base; s++) {
		u64 next;

		if (__builtin_mul_overflow(v, (u64)base, &next) || __builtin_add_overflow(next, (u64)d, &next))
			over = true;
		else
			v = next;
	}
	if (end)
		*end = s;
	return over ? ~0ull : v;
}
