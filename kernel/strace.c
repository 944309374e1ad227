/* SPDX-License-Identifier: MIT */
/* The tracer of system calls. */
#include "kernel/strace.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/errname.h"
#include "kernel/lib/printk.h"
#include "kernel/strace_impl.h"
#include "kernel/syscall.h"
#include "mm/kmalloc.h"
#include "proc/proc.h"

#define LINE_SIZE 512
#define SYS_exit 1
#define SYS_exit_group 252

void strace_add(struct strace *st, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(st->st_text + st->st_len, LINE_SIZE - st->st_len, fmt, ap);
	va_end(ap);
	st->st_len = MIN(st->st_len + (size_t)n, (size_t)LINE_SIZE - 1);
}

/*
 * Before the call: arguments up to the first that the call fills. After it: the
 * rest.
 */
static void add_arguments(struct strace *st, bool before, long result)
{
	for (; *st->st_fmt && st->st_narg < 6; st->st_fmt++) {
		u32 i = st->st_narg, next = i + 1 < 6 ? st->st_arg[i + 1] : 0;

		if (before && strace_is_output(*st->st_fmt))
			return;
		if (i)
			strace_add(st, ", ");
		st->st_narg += strace_argument(st, *st->st_fmt, st->st_arg[i], next, result);
	}
}

static void strace_flush(struct strace *st, const char *result)
{
	printk("%d %s%s\n", curlwp()->l_tid, st->st_text, result);
	kfree(st->st_text);
	st->st_text = NULL;
}

void strace_enter(struct strace *st, const struct trapframe *tf, u32 nr)
{
	const struct sysent *se = sysent(nr);

	assert_may_sleep("strace_enter");
	*st = (struct strace){
		.st_text = kmalloc(LINE_SIZE, 0),
		.st_fmt = se ? se->se_fmt : "xxxxxx",
		.st_arg = { tf->tf_ebx, tf->tf_ecx, tf->tf_edx, tf->tf_esi, tf->tf_edi, tf->tf_ebp },
	};
	if (!st->st_text)
		return;
	if (se)
		strace_add(st, "%s(", se->se_name);
	else
		strace_add(st, "syscall_%u(", nr);
	add_arguments(st, true, -1);
	if (nr == SYS_exit || nr == SYS_exit_group)
		strace_flush(st, ") = ?");
}

static void format_result(char *buf, size_t size, long r)
{
	const char *name = r < 0 && r >= -4095 ? errno_name((int)-r) : NULL;

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

	assert_may_sleep("strace_exit");
	if (!st->st_text)
		return;
	/* Switched off during the call: the line is not wanted any more. */
	if (!curlwp()->l_trace) {
		kfree(st->st_text);
		return;
	}
	add_arguments(st, false, result);
	format_result(buf, sizeof(buf), result);
	strace_flush(st, buf);
}
