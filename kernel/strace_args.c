/* SPDX-License-Identifier: MIT */
/*
 * How the tracer shows arguments: one function per format (kernel/syscall.h
 * lists them), found through a table.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/signame.h"
#include "kernel/lib/lock.h"
#include "kernel/strace_impl.h"
#include "mm/usercopy.h"

#define STRING_SHOWN 64
#define DATA_SHOWN 32
#define ITEMS_SHOWN 4

/* One argument as the functions below get it. */
struct arg {
	u32 ar_word, ar_next;
	long ar_result;
};

/*
 * Values and names of flag sets; facts from linux-libc-dev:
 * asm-generic/fcntl.h, asm-generic/mman-common.h.
 */
struct flag {
	u32 bit;
	const char *name;
};
static const struct flag open_flags[] = {
	{ 0x40, "O_CREAT" },	   { 0x80, "O_EXCL" },	      { 0x100, "O_NOCTTY" },
	{ 0x200, "O_TRUNC" },	   { 0x400, "O_APPEND" },     { 0x800, "O_NONBLOCK" },
	{ 0x1000, "O_DSYNC" },	   { 0x8000, "O_LARGEFILE" }, { 0x10000, "O_DIRECTORY" },
	{ 0x20000, "O_NOFOLLOW" }, { 0x80000, "O_CLOEXEC" },  { 0x200000, "O_PATH" },
};
static const struct flag prot_flags[] = { { 1, "PROT_READ" }, { 2, "PROT_WRITE" }, { 4, "PROT_EXEC" } };

static void show_signed(struct strace *st, const struct arg *ar)
{
	strace_add(st, "%d", (s32)ar->ar_word);
}

static void show_unsigned(struct strace *st, const struct arg *ar)
{
	strace_add(st, "%u", ar->ar_word);
}

static void show_octal(struct strace *st, const struct arg *ar)
{
	strace_add(st, "%#o", ar->ar_word);
}

static void show_hex(struct strace *st, const struct arg *ar)
{
	strace_add(st, "%#x", ar->ar_word);
}

static void show_pointer(struct strace *st, const struct arg *ar)
{
	if (ar->ar_word)
		strace_add(st, "%#x", ar->ar_word);
	else
		strace_add(st, "NULL");
}

static void show_pair(struct strace *st, const struct arg *ar)
{
	strace_add(st, "%lld", (long long)((u64)ar->ar_next << 32 | ar->ar_word));
}

static void show_dirfd(struct strace *st, const struct arg *ar)
{
	if ((s32)ar->ar_word == -100)
		strace_add(st, "AT_FDCWD");
	else
		show_signed(st, ar);
}

static void show_signal(struct strace *st, const struct arg *ar)
{
	const char *name = signal_name((int)ar->ar_word);

	if (name)
		strace_add(st, "SIG%s", name);
	else
		show_unsigned(st, ar);
}

/* Names of the bits in v that have one; the rest as a number. */
static void add_flags(struct strace *st, u32 v, const struct flag *flags, u32 n, const char *lead)
{
	const char *bar = lead;

	for (u32 i = 0; i < n; i++) {
		if (!(v & flags[i].bit))
			continue;
		strace_add(st, "%s%s", bar, flags[i].name);
		v &= ~flags[i].bit;
		bar = "|";
	}
	if (v)
		strace_add(st, "%s%#x", bar, v);
}

static void show_open_flags(struct strace *st, const struct arg *ar)
{
	static const char *const access[] = { "O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE" };

	strace_add(st, "%s", access[ar->ar_word & 3]);
	add_flags(st, ar->ar_word & ~3u, open_flags, ARRAY_SIZE(open_flags), "|");
}

static void show_prot(struct strace *st, const struct arg *ar)
{
	if (ar->ar_word)
		add_flags(st, ar->ar_word, prot_flags, ARRAY_SIZE(prot_flags), "");
	else
		strace_add(st, "PROT_NONE");
}

static void add_quoted(struct strace *st, const u8 *p, size_t n, bool more)
{
	strace_add(st, "\"");
	for (; n; n--, p++) {
		if (*p == '\n')
			strace_add(st, "\\n");
		else if (*p == '"' || *p == '\\')
			strace_add(st, "\\%c", *p);
		else if (*p >= 0x20 && *p < 0x7f)
			strace_add(st, "%c", *p);
		else
			strace_add(st, "\\x%02x", *p);
	}
	strace_add(st, more ? "\"..." : "\"");
}

static void show_string(struct strace *st, const struct arg *ar)
{
	u8 text[STRING_SHOWN];
	ssize_t n;

	if (!ar->ar_word) {
		strace_add(st, "NULL");
		return;
	}
	n = copyinstr((char *)text, ar->ar_word, sizeof(text));
	if (n >= 0)
		add_quoted(st, text, (size_t)n, false);
	else if (n == -ENAMETOOLONG && copyin(text, ar->ar_word, sizeof(text)) == 0)
		add_quoted(st, text, sizeof(text), true);
	else
		show_hex(st, ar);
}

static void add_data(struct strace *st, uaddr_t addr, u32 len)
{
	u8 data[DATA_SHOWN];
	u32 shown = MIN(len, (u32)DATA_SHOWN);

	if (copyin(data, addr, shown) != 0)
		strace_add(st, "%#x", addr);
	else
		add_quoted(st, data, shown, len > shown);
}

static void show_data_in(struct strace *st, const struct arg *ar)
{
	add_data(st, ar->ar_word, ar->ar_next);
}

static void show_data_out(struct strace *st, const struct arg *ar)
{
	if (ar->ar_result < 0)
		show_pointer(st, ar);
	else
		add_data(st, ar->ar_word, MIN((u32)ar->ar_result, ar->ar_next));
}

/* An array of {address, length} that the call reads, as writev has it. */
static void show_iovec(struct strace *st, const struct arg *ar)
{
	u32 v[2], n = MIN(ar->ar_next, (u32)ITEMS_SHOWN);

	strace_add(st, "[");
	for (u32 i = 0; i < n; i++) {
		if (copyin(v, ar->ar_word + 8 * i, sizeof(v)) != 0) {
			strace_add(st, "?");
			break;
		}
		strace_add(st, i ? ", " : "");
		add_data(st, v[0], v[1]);
	}
	strace_add(st, ar->ar_next > n ? ", ...]" : "]");
}

/* An array of strings that ends with a null pointer. */
static void show_strings(struct strace *st, const struct arg *ar)
{
	struct arg item = { 0 };
	u32 i;

	if (!ar->ar_word) {
		strace_add(st, "NULL");
		return;
	}
	strace_add(st, "[");
	for (i = 0; i < 2 * ITEMS_SHOWN; i++) {
		if (copyin(&item.ar_word, ar->ar_word + 4 * i, 4) != 0 || !item.ar_word)
			break;
		strace_add(st, i ? ", " : "");
		show_string(st, &item);
	}
	strace_add(st, i == 2 * ITEMS_SHOWN ? ", ...]" : "]");
}

/* n ints that the call has filled in. */
static void add_ints(struct strace *st, const struct arg *ar, u32 n)
{
	s32 v[2];

	if (ar->ar_result < 0 || !ar->ar_word || copyin(v, ar->ar_word, n * sizeof(v[0])) != 0)
		show_pointer(st, ar);
	else if (n == 1)
		strace_add(st, "[%#x]", (u32)v[0]);
	else
		strace_add(st, "[%d, %d]", v[0], v[1]);
}

static void show_int_out(struct strace *st, const struct arg *ar)
{
	add_ints(st, ar, 1);
}

static void show_two_out(struct strace *st, const struct arg *ar)
{
	add_ints(st, ar, 2);
}

static void show_timespec(struct strace *st, const struct arg *ar)
{
	s32 v[2];

	if (!ar->ar_word || copyin(v, ar->ar_word, sizeof(v)) != 0)
		show_pointer(st, ar);
	else
		strace_add(st, "{%d s, %d ns}", v[0], v[1]);
}

static void show_timespec64(struct strace *st, const struct arg *ar)
{
	s64 v[2];

	if (!ar->ar_word || copyin(v, ar->ar_word, sizeof(v)) != 0)
		show_pointer(st, ar);
	else
		strace_add(st, "{%lld s, %d ns}", (long long)v[0], (s32)v[1]);
}

static const struct format {
	void (*show)(struct strace *st, const struct arg *ar);
	bool output;
	u8 words; /* more than one: this many; 0: one */
} formats[128] = {
	['d'] = { .show = show_signed },
	['f'] = { .show = show_signed },
	['u'] = { .show = show_unsigned },
	['o'] = { .show = show_octal },
	['x'] = { .show = show_hex },
	['p'] = { .show = show_pointer },
	['l'] = { .show = show_pair, .words = 2 },
	['D'] = { .show = show_dirfd },
	['S'] = { .show = show_signal },
	['F'] = { .show = show_open_flags },
	['m'] = { .show = show_prot },
	['s'] = { .show = show_string },
	['a'] = { .show = show_strings },
	['b'] = { .show = show_data_in },
	['B'] = { .show = show_data_out, .output = true },
	['v'] = { .show = show_iovec },
	['i'] = { .show = show_int_out, .output = true },
	['P'] = { .show = show_two_out, .output = true },
	['t'] = { .show = show_timespec },
	['T'] = { .show = show_timespec64 },
};

static const struct format *find_syscall_args(char fmt)
{
	const struct format *f = &formats[fmt & 0x7f];

	return f->show ? f : &formats['x'];
}

bool strace_is_output(char fmt)
{
	return find_syscall_args(fmt)->output;
}

u32 strace_argument(struct strace *st, char fmt, u32 a, u32 b, long result)
{
	const struct format *f = find_syscall_args(fmt);
	struct arg ar = { a, b, result };

	assert_may_sleep("strace_argument");
	f->show(st, &ar);
	return MAX((u32)f->words, 1u);
}
