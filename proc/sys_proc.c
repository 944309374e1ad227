/* SPDX-License-Identifier: MIT */
/* Ids, names, scheduling and other small system calls. */
#include "fs/tty.h"
#include "fs/vnode.h"
#include "kernel/abi/errno.h"
#include "kernel/dev/power.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "mm/page.h"
#include "mm/usercopy.h"
#include "proc/sched/lwp_impl.h"
#include "proc/sched/sched.h"
#include "proc/syscalls.h"
#include "proc/utsname.h"

#define UTS_LEN 65

static struct spinlock uts_lock = SPINLOCK_INIT("uts", LR_LOG);
static char hostname[UTS_LEN] = "reprise";
static char domainname[UTS_LEN] = "(none)";

long sys_getpid(void)
{
	return proc_seen_pid(curproc());
}

long sys_gettid(void)
{
	return pid_seen(curlwp()->l_tid);
}

long sys_getppid(void)
{
	pid_t pid;

	spin_lock(&pidlock);
	pid = curproc()->p_parent->p_pid;
	spin_unlock(&pidlock);
	return pid_seen(pid);
}

void uts_hostname(char *buf, size_t size)
{
	spin_lock(&uts_lock);
	strlcpy_k(buf, hostname, size);
	spin_unlock(&uts_lock);
}

int uts_set_hostname(const char *name, size_t len)
{
	if (len >= UTS_LEN)
		return -EINVAL;
	spin_lock(&uts_lock);
	memset(hostname, 0, sizeof(hostname));
	memcpy(hostname, name, len);
	spin_unlock(&uts_lock);
	return 0;
}

long sys_uname(uaddr_t dst)
{
	char u[6][UTS_LEN];

	memset(u, 0, sizeof(u));
	strlcpy_k(u[0], UTS_SYSNAME, UTS_LEN);
	strlcpy_k(u[2], UTS_RELEASE, UTS_LEN);
	strlcpy_k(u[3], UTS_VERSION, UTS_LEN);
	strlcpy_k(u[4], UTS_MACHINE, UTS_LEN);
	spin_lock(&uts_lock);
	memcpy(u[1], hostname, UTS_LEN);
	memcpy(u[5], domainname, UTS_LEN);
	spin_unlock(&uts_lock);
	return copyout(dst, u, sizeof(u));
}

static long set_name(char name[UTS_LEN], uaddr_t src, int len)
{
	char buf[UTS_LEN] = "";

	if (!cred_super(cred_cur()))
		return -EPERM;
	if (len < 0 || len >= UTS_LEN)
		return -EINVAL;
	if (copyin(buf, src, (size_t)len) != 0)
		return -EFAULT;
	spin_lock(&uts_lock);
	memcpy(name, buf, UTS_LEN);
	spin_unlock(&uts_lock);
	return 0;
}

long sys_sethostname(uaddr_t src, int len)
{
	return set_name(hostname, src, len);
}

long sys_setdomainname(uaddr_t src, int len)
{
	return set_name(domainname, src, len);
}

long sys_sysinfo(uaddr_t dst)
{
	struct {
		s32 uptime;
		u32 loads[3], totalram, freeram, sharedram, bufferram, totalswap, freeswap;
		u16 procs, pad;
		u32 totalhigh, freehigh, mem_unit;
		u8 fill[8];
	} si;
	struct page_stats ps;

	_Static_assert(sizeof(si) == 64, "struct sysinfo");
	memset(&si, 0, sizeof(si));
	page_stats(&ps);
	sched_loadavg(si.loads);
	si.uptime = (s32)(clock_mono_ns() / NSEC_PER_SEC);
	si.totalram = ps.ps_total * PAGE_SIZE;
	si.freeram = ps.ps_free * PAGE_SIZE;
	si.procs = (u16)proc_count;
	si.mem_unit = 1;
	return copyout(dst, &si, sizeof(si));
}

long sys_getcpu(uaddr_t cpu, uaddr_t node)
{
	u32 c = curlwp()->l_cpu->c_id, zero = 0;

	if (cpu && copyout(cpu, &c, sizeof(c)) != 0)
		return -EFAULT;
	if (node && copyout(node, &zero, sizeof(zero)) != 0)
		return -EFAULT;
	return 0;
}

#define REBOOT_MAGIC1 0xfee1deadu
#define REBOOT_RESTART 0x01234567u
#define REBOOT_RESTART2 0xa1b2c3d4u
#define REBOOT_HALT 0xcdef0123u
#define REBOOT_POWER_OFF 0x4321fedcu
#define REBOOT_CAD_ON 0x89abcdefu
#define REBOOT_CAD_OFF 0u

static bool magic2_ok(u32 magic2)
{
	return magic2 == 672274793 || magic2 == 85072278 || magic2 == 369367448 || magic2 == 537993216;
}

/* Writes all dirty data to the disks and all output to the terminals. */
static void go_down(void)
{
	vfs_shutdown();
	tty_drain_all();
}

/* The command string is for machines with several ways to start. */
static long restart_with(uaddr_t ucommand)
{
	char command[256];
	ssize_t n = copyinstr(command, ucommand, sizeof(command));

	if (n < 0 && n != -ENAMETOOLONG)
		return -EFAULT;
	go_down();
	printk("Restarting.\n");
	power_reboot();
}

long sys_reboot(u32 magic1, u32 magic2, u32 cmd, uaddr_t arg)
{
	if (!cred_super(cred_cur()))
		return -EPERM;
	if (magic1 != REBOOT_MAGIC1 || !magic2_ok(magic2))
		return -EINVAL;
	switch (cmd) {
	case REBOOT_CAD_ON:
	case REBOOT_CAD_OFF: return 0;
	case REBOOT_RESTART:
		go_down();
		printk("Restarting.\n");
		power_reboot();
	case REBOOT_HALT:
		go_down();
		printk("System halted.\n");
		power_halt();
	case REBOOT_POWER_OFF:
		go_down();
		printk("Power off.\n");
		power_off();
	case REBOOT_RESTART2: return restart_with(arg);
	default: return -EINVAL;
	}
}
