/* SPDX-License-Identifier: MIT */
/* The tracer of system calls. */
#include "kernel/strace.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/errname.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "kernel/syscall.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "proc/proc.h"

#define LINE_SIZE 512
#define STRING_SHOWN 64
#define DATA_SHOWN 32
#define SYS_exit 1
#define SYS_exit_group 252

/* Values and names of flag sets; facts from linux-libc-dev: asm-generic/fcntl.h, asm-generic/mman-common.h. */
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

static const char *const signal_names[] = {
	"0",	"HUP",	"INT",	"QUIT", "ILL",	  "TRAP",   "ABRT",  "BUS",  "FPE",  "KILL", "USR1",
	"SEGV", "USR2", "PIPE", "ALRM", "TERM",	  "STKFLT", "CHLD",  "CONT", "STOP", "TSTP", "TTIN",
	"TTOU", "URG",	"XCPU", "XFSZ", "VTALRM", "PROF",   "WINCH", "IO",   "PWR",  "SYS",
};

static void add(struct strace *st, const char *fmt, ...) __printf(2, 3);
static void add(struct strace *st, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(st->st_text + st->st_len, LINE_SIZE - st->st_len, fmt, ap);
	va_end(ap);
	st->st_len = MIN(st->st_len + (size_t)n, (size_t)LINE_SIZE - 1);
}

/* Names of the bits in v that have one; the rest as a number. */
static void add_flags(struct strace *st, u32 v, const struct flag *flags, u32 n, const char *lead)
{
	const char *bar = lead;

	for (u32 i = 0; i < n; i++) {
		if (!(v & flags[i].bit))
			continue;
		add(st, "%s%s", bar, flags[i].name);
		v &= ~flags[i].bit;
		bar = "|";
	}
	if (v)
		add(st, "%s%#x", bar, v);
}

static void add_open_flags(struct strace *st, u32 v)
{
	static const char *const access[] = { "O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE" };

	add(st, "%s", access[v & 3]);
	add_flags(st, v & ~3u, open_flags, ARRAY_SIZE(open_flags), "|");
}

static void add_quoted(struct strace *st, const u8 *p, size_t n, bool more)
{
	add(st, "\"");
	for (; n; n--, p++) {
		if (*p == '\n')
			add(st, "\\n");
		else if (*p == '"' || *p == '\\')
			add(st, "\\%c", *p);
		else if (*p >= 0x20 && *p < 0x7f)
			add(st, "%c", *p);
		else
			add(st, "\\x%02x", *p);
	}
	add(st, more ? "\"..." : "\"");
}

static void add_string(struct strace *st, uaddr_t addr)
{
	u8 text[STRING_SHOWN];
	ssize_t n;

	if (!addr) {
		add(st, "NULL");
		return;
	}
	n = copyinstr((char *)text, addr, sizeof(text));
	if (n >= 0)
		add_quoted(st, text, (size_t)n, false);
	else if (n == -ENAMETOOLONG && copyin(text, addr, sizeof(text)) == 0)
		add_quoted(st, text, sizeof(text), true);
	else
		add(st, "%#x", addr);
}

static void add_data(struct strace *st, uaddr_t addr, u32 len)
{
	u8 data[DATA_SHOWN];
	u32 shown = MIN(len, (u32)DATA_SHOWN);

	if (copyin(data, addr, shown) != 0)
		add(st, "%#x", addr);
	else
		add_quoted(st, data, shown, len > shown);
}

static void add_signal(struct strace *st, u32 sig)
{
	if (sig > 0 && sig < ARRAY_SIZE(signal_names))
		add(st, "SIG%s", signal_names[sig]);
	else
		add(st, "%u", sig);
}

/* Shows one argument; returns how many words it took. */
static u32 add_argument(struct strace *st, char fmt, u32 a, u32 b, u32 datalen)
{
	switch (fmt) {
	case 'd':
	case 'f': add(st, "%d", (s32)a); return 1;
	case 'u': add(st, "%u", a); return 1;
	case 'o': add(st, "%#o", a); return 1;
	case 's': add_string(st, a); return 1;
	case 'F': add_open_flags(st, a); return 1;
	case 'm':
		if (a)
			add_flags(st, a, prot_flags, ARRAY_SIZE(prot_flags), "");
		else
			add(st, "PROT_NONE");
		return 1;
	case 'S': add_signal(st, a); return 1;
	case 'D':
		if ((s32)a == -100)
			add(st, "AT_FDCWD");
		else
			add(st, "%d", (s32)a);
		return 1;
	case 'l': add(st, "%lld", (long long)((u64)b << 32 | a)); return 2;
	case 'b':
	case 'B': add_data(st, a, datalen); return 1;
	case 'p':
		if (!a) {
			add(st, "NULL");
			return 1;
		}
		add(st, "%#x", a);
		return 1;
	default: add(st, "%#x", a); return 1;
	}
}

/* Shows arguments up to (not including) a buffer that the call fills, or all if that has happened: filled >= 0. */
static void add_arguments(struct strace *st, long filled)
{
	for (; *st->st_fmt && st->st_narg < 6; st->st_fmt++) {
		u32 i = st->st_narg, next = i + 1 < 6 ? st->st_arg[i + 1] : 0;
		char f = *st->st_fmt;

		if (f == 'B' && filled < 0)
			return;
		if (i)
			add(st, ", ");
		st->st_narg += add_argument(st, f, st->st_arg[i], next, f == 'B' ? (u32)filled : next);
	}
}

static void flush(struct strace *st, const char *result)
{
	printk("%d %s%s\n", curlwp()->l_tid, st->st_text, result);
	kfree(st->st_text);
	st->st_text = NULL;
}

void strace_enter(struct strace *st, const struct trapframe *tf, u32 nr)
{
	const struct sysent *se = sysent(nr);

	*st = (struct strace){
		.st_text = kmalloc(LINE_SIZE, 0),
		.st_fmt = se ? se->se_fmt : "xxxxxx",
		.st_arg = { tf->tf_ebx, tf->tf_ecx, tf->tf_edx, tf->tf_esi, tf->tf_edi, tf->tf_ebp },
	};
	if (!st->st_text)
		return;
	if (se)
		add(st, "%s(", se->se_name);
	else
		add(st, "syscall_%u(", nr);
	add_arguments(st, -1);
	if (nr == SYS_exit || nr == SYS_exit_group)
		flush(st, ") = ?");
}

static void format_result(char *buf, size_t size, long r)
{
	const char *name = r < 0 ? errno_name((int)-r) : NULL;

	if (r <= -ERESTARTSYS && r >= -ERESTART_RESTARTBLOCK)
		snprintf(buf, size, ") = ? (interrupted)");
	else if (r < 0 && r >= -4095)
		snprintf(buf, size, ") = -1 %s", name ? name : "E?");
	else if (r >= 0 && r < 0x1000000)
		snprintf(buf, size, ") = %ld", r);
	else
		snprintf(buf, size, ") = %#lx", (unsigned long)r);
}

void strace_exit(struct strace *st, long result)
{
	char buf[40];

	if (!st->st_text)
		return;
	add_arguments(st, MAX(result, 0l));
	format_result(buf, sizeof(buf), result);
	flush(st, buf);
}
