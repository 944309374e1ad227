/* SPDX-License-Identifier: MIT */
/*
 * Process 1: made by spawn_proc() like any other; it opens the console and
 * executes the first program.
 */
#include "kernel/init.h"

#include "fs/file.h"
#include "fs/vnode.h"
#include "kernel/abi/errname.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/cmdline.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "proc/proc.h"

static void open_console(void)
{
	struct file *f;
	int error = file_open(AT_FDCWD, "/dev/console", O_RDWR, 0, &f);

	if (error) {
		printk("init: /dev/console: %s\n", errno_text(error));
		return;
	}
	for (int fd = 0; fd < 3; fd++) {
		file_hold(f);
		if (fd_install(curproc()->p_fdtab, fd, f, 0) != 0)
			panic("init: expected room for descriptor %d, found none", fd);
	}
	file_rele(f);
}

static int try_exec(const char *path)
{
	char *const argv[] = { (char *)path, NULL };
	char *const envp[] = { (char *)"HOME=/", (char *)"TERM=linux",
			       (char *)"PATH=/sbin:/usr/sbin:/bin:/usr/bin", NULL };
	int error = proc_exec(path, argv, envp);

	if (error)
		printk("init: cannot run %s: %s\n", path, errno_text(error));
	return error;
}

/*
 * First routine of process 1; returns to user mode in the program that it
 * found.
 */
static void init_begin(void *arg)
{
	static const char *const paths[] = { "/sbin/init", "/etc/init", "/bin/init", "/bin/sh" };
	const char *asked = cmdline_get("init");

	open_console();
	if (asked && *asked && try_exec(asked) == 0)
		return;
	for (u32 i = 0; i < ARRAY_SIZE(paths); i++) {
		if (try_exec(paths[i]) == 0)
			return;
	}
	panic("expected a program to run as init, found none on the root file system");
}

void init_start(void)
{
	struct spawn_args sa = { .sa_start = init_begin, .sa_exitsig = K_SIGCHLD };
	struct proc *p;
	char *cwd = kstrdup("/", 0);
	int error = spawn_proc(&sa, &p);

	if (error || !cwd)
		panic("expected memory for init, found %s", error ? errno_text(error) : "none");
	VERIFY(p->p_pid == 1);
	initproc = p;
	vn_hold(rootvp);
	vn_hold(rootvp);
	proc_set_root(p, rootvp);
	proc_set_cwd(p, rootvp, cwd);
	lwp_start(p->p_lwp0);
}
