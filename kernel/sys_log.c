/* SPDX-License-Identifier: MIT */
/*
 * syslog(2): the kernel's log for dmesg and klogd.
 * Source: syslog(2); linux-libc-dev has no header for the actions.
 */
#include "kernel/abi/errno.h"
#include "kernel/dev/clock.h"
#include "kernel/lib/lock.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/ratelimit.h"
#include "kernel/syscall.h"
#include "mm/kmalloc.h"
#include "mm/usercopy.h"
#include "proc/cred.h"
#include "proc/sched/mutex.h"
#include "proc/sched/sleep.h"

enum action {
	LOG_CLOSE,
	LOG_OPEN,
	LOG_READ,     /* the text since the last LOG_READ; waits for some */
	LOG_READ_ALL, /* the last bytes since LOG_CLEAR */
	LOG_READ_CLEAR,
	LOG_CLEAR,
	LOG_CONSOLE_OFF,
	LOG_CONSOLE_ON,
	LOG_CONSOLE_LEVEL,
	LOG_SIZE_UNREAD,
	LOG_SIZE_BUFFER,
};

#define CHUNK 1024
#define LEVEL_DEBUG 8 /* the console level at which debug lines appear */
#define LOOK_AGAIN (100 * NSEC_PER_MSEC)

static struct spinlock state_lock = SPINLOCK_INIT("syslog", LR_DEV);
static u64 read_pos, clear_pos; /* state_lock */

/*
 * Copies log text from *pos on, up to len bytes, to user space.
 * Returns: bytes, or an error.
 */
static long copy_log(u64 *pos, uaddr_t buf, u32 len)
{
	char *chunk = kmalloc(CHUNK, 0);
	u32 done = 0;
	size_t n;
	int error = chunk ? 0 : -ENOMEM;

	while (!error && done < len && (n = klog_read(pos, chunk, MIN(len - done, (u32)CHUNK)))) {
		error = copyout(buf + done, chunk, n);
		done += n;
	}
	kfree(chunk);
	return error ? error : (long)done;
}

static u64 get_pos(const u64 *pos)
{
	u64 v;

	spin_lock(&state_lock);
	v = *pos;
	spin_unlock(&state_lock);
	return v;
}

static void set_pos(u64 *pos, u64 v)
{
	spin_lock(&state_lock);
	*pos = v;
	spin_unlock(&state_lock);
}

/*
 * printk() may be called with any lock held, so it cannot wake the reader: the
 * reader polls.
 */
static long read_new(uaddr_t buf, u32 len)
{
	u64 pos = get_pos(&read_pos);
	long n;
	int error;

	ratelimit_report();
	while (pos == klog_end()) {
		error = sleep(&read_pos, NULL, SLP_INTR, clock_mono_ns() + LOOK_AGAIN);
		if (error && error != -ETIMEDOUT)
			return error;
		ratelimit_report();
	}
	n = copy_log(&pos, buf, len);
	if (n > 0)
		set_pos(&read_pos, pos);
	return n;
}

static long read_all(uaddr_t buf, u32 len, bool clear)
{
	u64 end, pos;
	long n;

	ratelimit_report();
	end = klog_end();
	pos = MAX(get_pos(&clear_pos), klog_begin());
	if (end - pos > len)
		pos = end - len;
	n = copy_log(&pos, buf, (u32)MIN((u64)len, end - pos));
	if (clear && n >= 0)
		set_pos(&clear_pos, end);
	return n;
}

static long do_read(enum action what, uaddr_t buf, s32 len)
{
	if (!buf || len < 0)
		return -EINVAL;
	if (len == 0)
		return 0;
	if (what == LOG_READ)
		return read_new(buf, (u32)len);
	return read_all(buf, (u32)len, what == LOG_READ_CLEAR);
}

long sys_syslog(u32 type, uaddr_t buf, s32 len)
{
	if (type != LOG_READ_ALL && type != LOG_SIZE_BUFFER && !cred_super(cred_cur()))
		return -EPERM;
	switch (type) {
	case LOG_CLOSE:
	case LOG_OPEN: return 0;
	case LOG_READ:
	case LOG_READ_ALL:
	case LOG_READ_CLEAR: return do_read(type, buf, len);
	case LOG_CLEAR: set_pos(&clear_pos, klog_end()); return 0;
	case LOG_CONSOLE_OFF: printk_debug = false; return 0;
	case LOG_CONSOLE_ON: return 0;
	case LOG_CONSOLE_LEVEL:
		if (len < 1 || len > LEVEL_DEBUG)
			return -EINVAL;
		printk_debug = len == LEVEL_DEBUG;
		return 0;
	case LOG_SIZE_UNREAD: return (long)(klog_end() - MAX(get_pos(&read_pos), klog_begin()));
	case LOG_SIZE_BUFFER: return KLOG_SIZE;
	default: return -EINVAL;
	}
}
