/* SPDX-License-Identifier: MIT */
/* The rest of the kernel, as far as file code meets it: messages and checks, a user space with nothing in it, no mappings of files. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/ratelimit.h"
#include "mm/as.h"
#include "mm/usercopy.h"
#include "sim_impl.h"

bool sim_verbose;
char sim_log[1 << 16];
int sim_failures;

/* --- Text --- */

void sim_log_clear(void)
{
	sim_log[0] = 0;
}

static void __printf(1, 0) log_text(const char *fmt, va_list ap)
{
	char line[512];
	size_t used = strlen(sim_log);

	vsnprintf(line, sizeof(line), fmt, ap);
	if (sim_verbose)
		fputs(line, stderr);
	if (used + strlen(line) + 1 < sizeof(sim_log))
		strcpy(sim_log + used, line);
}

int vsnprintf_visible(char *buf, size_t size, const char *fmt, va_list ap)
{
	return vsnprintf(buf, size, fmt, ap);
}

/* No limit here: this clock moves with its calls. */
void printk_limited(struct ratelimit *rl, const char *fmt, ...)
{
	va_list ap;

	(void)rl;
	va_start(ap, fmt);
	log_text(fmt, ap);
	va_end(ap);
}

void printk(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_text(fmt, ap);
	va_end(ap);
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fflush(stdout);
	fprintf(stderr, "%s\npanic in %s: ", sim_log, sim_task_name() ?: "start-up");
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	abort();
}

bool sim_check(bool ok, const char *fmt, ...)
{
	va_list ap;

	if (ok)
		return true;
	if (++sim_failures > 40)
		exit(1);
	va_start(ap, fmt);
	printf("FAIL ");
	vprintf(fmt, ap);
	putchar('\n');
	va_end(ap);
	fflush(stdout);
	return false;
}

/* --- User space and mappings --- */

int copyin(void *dst, uaddr_t src, size_t len)
{
	return -EFAULT;
}

int copyout(uaddr_t dst, const void *src, size_t len)
{
	return -EFAULT;
}

int user_zero(uaddr_t dst, size_t len)
{
	return -EFAULT;
}

size_t copyin_nofault(void *dst, uaddr_t src, size_t len)
{
	return len;
}

size_t copyout_nofault(uaddr_t dst, const void *src, size_t len)
{
	return len;
}

ssize_t copyinstr(char *dst, uaddr_t src, size_t size)
{
	return -EFAULT;
}

int user_load32(uaddr_t addr, u32 *val)
{
	return -EFAULT;
}

int user_cmpxchg32(uaddr_t addr, u32 old, u32 new, u32 *seen)
{
	return -EFAULT;
}

void seg_vnode_unmap(struct vnode *vp, u32 from_index)
{
}

u32 seg_vnode_age(struct vnode *vp)
{
	return 0;
}

void seg_vnode_harvest(struct vnode *vp, u32 from, u32 to)
{
}

void vsegs_init(struct vsegs *vs)
{
	tree_init(&vs->vs_tree, NULL);
}

void vnode_mm_register(const struct vnode_mm_ops *ops)
{
}
