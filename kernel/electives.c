/* SPDX-License-Identifier: MIT */
/*
 * What the core does without an elective (electives.table). The core calls an
 * elective through the functions below. Each is weak: the function of the same
 * name in the elective's files replaces it when the kernel is linked. A kernel
 * without the elective does what is written here. The contracts are in the
 * headers.
 *
 * System calls need no default: kernel/syscall.c finds that the handler is
 * absent, and answers ENOSYS. What the checkpoint does without an elective:
 * kernel/electives_ckpt.c.
 */
#include "fs/direct.h"
#include "fs/ext2/journal.h"
#include "fs/flock.h"
#include "fs/namecache.h"
#include "fs/p9.h"
#include "fs/procfs.h"
#include "fs/tty_pty_impl.h"
#include "fs/vnode_impl.h"
#include "kernel/abi/errno.h"
#include "kernel/canary.h"
#include "kernel/dev/ramdisk.h"
#include "kernel/dev/vga.h"
#include "kernel/dev/virtio_9p.h"
#include "kernel/lib/inject.h"
#include "kernel/lib/jitter.h"
#include "kernel/lib/printk.h"
#include "kernel/oom.h"
#include "kernel/strace.h"
#include "mm/as.h"
#include "mm/usercopy.h"
#include "proc/proc.h"
#include "proc/ptimer.h"
#include "proc/signal.h"

/* ---- share: folders of the host ---- */

__weak void virtio_9p_init(void)
{
}

__weak void p9_init(void)
{
}

/* ---- screen ---- */

__weak void vga_init(void)
{
}

/* ---- trace ---- */

__weak void strace_enter(struct strace *st, const struct trapframe *tf, u32 nr)
{
}

__weak void strace_exit(struct strace *st, long result)
{
}

/* ---- canary, inject, jitter: also when the kernel is not a debug build ---- */

__weak void canary_start(void)
{
}

#ifdef DEBUG

__weak volatile u32 inject_armed;

__weak void inject_enter(void)
{
}

__weak void inject_leave(void)
{
}

__weak void inject_helper(void)
{
}

__weak bool inject_event(enum inject_kind kind)
{
	return false;
}

__weak bool inject_request(enum inject_kind kind, const void *disk, u64 sector, u64 n)
{
	return false;
}

__weak u32 jitter_seed;

__weak void jitter_start(u32 seed)
{
}

__weak void jitter_delay(void)
{
}

__weak bool jitter_chance(void)
{
	return false;
}

#endif

/* ---- procfs ---- */

__weak void procfs_init(void)
{
}

__weak bool procfs_about(const struct vnode *vp, struct procfs_about *pa)
{
	return false;
}

/* ---- pty: /dev/ptmx is a device without a driver ---- */

__weak void pty_init(void)
{
}

__weak void pts_init(void)
{
}

__weak int pts_show(void)
{
	return 0;
}

__weak int pty_open_master(struct file *f)
{
	return -ENXIO;
}

__weak void pty_close_master(struct file *f)
{
}

__weak int pty_read(struct uio *u, struct file *f)
{
	return -ENXIO;
}

__weak int pty_write(struct uio *u, struct file *f)
{
	return -ENXIO;
}

__weak int pty_ioctl(struct file *f, u32 cmd, uaddr_t arg)
{
	return -ENXIO;
}

__weak u32 pty_poll(struct file *f, struct poller *p)
{
	return 0;
}

__weak int pty_may_open(struct tty *t)
{
	return 0;
}

__weak void pty_slave_closed(struct tty *t)
{
}

__weak bool pty_has_master(const struct tty *t)
{
	return false;
}

/* ---- locks ---- */

__weak void flock_init(void)
{
}

__weak int flock_fcntl(struct file *f, u32 cmd, struct abi_flock64 *l)
{
	return -ENOLCK;
}

__weak void flock_owner_closed(struct vnode *vp, struct fdtab *ft)
{
}

__weak void flock_file_closed(struct file *f)
{
}

/* ---- journal ---- */

/*
 * A journal that need not be replayed is a file that a file system without a
 * journal also has. Otherwise the file system cannot be mounted.
 */
__weak int ext2_journal_open(struct ext2mount *em)
{
	if (em->em_sb->s_feature_incompat & EXT2_INCOMPAT_RECOVER)
		return -EINVAL;
	em->em_journaled = false;
	return 0;
}

__weak void ext2_journal_close(struct ext2mount *em)
{
}

__weak int ext2_recover(struct ext2mount *em)
{
	return -EINVAL;
}

__weak int ext2_log_write(struct ext2mount *em)
{
	return 0;
}

__weak bool ext2_log_full(const struct ext2mount *em)
{
	return false;
}

__weak int ext2_log_empty(struct ext2mount *em)
{
	return 0;
}

__weak int ext2_checkpoint(struct ext2mount *em, u32 start)
{
	return 0;
}

__weak void ext2_logged_clean(struct ext2mount *em)
{
}

__weak bool ext2_revoke(struct ext2mount *em, u32 blk)
{
	return true;
}

/* ---- namecache: each lookup asks the file system ---- */

__weak void namecache_init(void)
{
}

__weak int namecache_lookup(struct vnode *dvp, const char *name, u32 len, struct vnode **vpp)
{
	return -EAGAIN;
}

__weak void namecache_enter(struct vnode *dvp, const char *name, u32 len, struct vnode *vp)
{
}

__weak void namecache_remove(struct vnode *dvp, const char *name, u32 len)
{
}

__weak void namecache_purge(struct vnode *vp)
{
}

__weak void namecache_purge_all(void)
{
}

__weak bool namecache_name(struct vnode *dvp, struct vnode *vp, char *buf)
{
	return false;
}

/* ---- direct: O_DIRECT goes through the page cache ---- */

__weak bool direct_possible(const struct vnode *vp, const struct uio *u)
{
	return false;
}

__weak int direct_move(struct vnode *vp, struct uio *u)
{
	return -EINVAL;
}

/* ---- ramdisk ---- */

__weak int ramdisk_add(paddr_t start, u32 len)
{
	return -EOPNOTSUPP;
}

/* ---- oom: the process that finds no memory is killed ---- */

__weak enum fault_result oom_fault(struct trapframe *tf, u32 addr, u32 err)
{
	assert_may_sleep("oom_fault");
	printk("out of memory: process %d (%s) killed\n", curproc()->p_pid, curproc()->p_comm);
	signal_proc(curproc(), K_SIGKILL, NULL);
	if (!tf_from_user(tf))
		(void)ex_table_fixup(tf);
	return FAULT_DONE;
}

/* ---- remap, advise ---- */

__weak int as_remap(struct as *as, u32 old, u32 oldlen, u32 newlen, u32 flags, u32 fixed, u32 *out)
{
	return -ENOSYS;
}

__weak bool as_lock_ok(const struct as *as, u32 more)
{
	return true;
}

__weak bool as_any_locked(struct as *as, u32 addr, u32 len)
{
	return false;
}

/* ---- timerid ---- */

__weak void ptimer_init(void)
{
}

__weak void ptimer_adopt(struct proc *p, struct sigqueue *q)
{
}

__weak void ptimer_delete_all(struct proc *p)
{
}

__weak void ptimer_heard(struct proc *p, int sig)
{
}

__weak void ptimer_resume(struct proc *p)
{
}

__weak s32 ptimer_pending_overrun(const struct ptimer *pt)
{
	return 0;
}

__weak s32 ptimer_signal_left(struct ptimer *pt)
{
	return 0;
}
