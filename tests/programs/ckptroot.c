/* SPDX-License-Identifier: MIT */
/*
 * Checkpoints and roots: who asks, who is saved and who brings back may each have another one. A directory "jail" with a file f in it is what
 * those see as "/" who live in there.
 */
#include "ckptroot/ckptroot.h"
#include <reprise/ckpt.h>
#include <sched.h>
#include <sys/mount.h>

TEST_ROOT(the_image_lies_where_the_asker_said)
{
	build_jail();
	pid_t pid = prisoner(0);

	SYS(tckpt(pid, "out", CKPT_WAIT));
	SYS(tckpt(pid, "forked", CKPT_WAIT | CKPT_FORKED));
	SYS(access("out_ckpt", F_OK));
	SYS(access("forked_ckpt", F_OK));
	end_it(pid);
	release(SYS(recover("out", 0)));
	release(SYS(recover("forked", 0)));
}

/* The other way round: it is asked for from inside, of one outside. */
TEST_ROOT(the_asker_is_inside)
{
	build_jail();
	pid_t pid = t_fork();

	if (pid == 0) {
		for (;;)
			pause();
	}
	t_await_state(pid, "S");
	pid_t asker = t_fork();
	if (asker == 0) {
		enter_jail();
		SYS(tckpt(pid, "/name", CKPT_WAIT));
		SYS(access("/name_ckpt", F_OK));
		_exit(0);
	}
	t_join(asker);
	SYS(access("jail/name_ckpt", F_OK));
	CHECK_ERR(access("/name_ckpt", F_OK), ENOENT);
	end_it(pid);
	pid = SYS(recover("jail/name", 0));
	end_it(pid);
}

/* Who is in the same root brings it back there, with rights that reach no further. */
TEST_ROOT(brought_back_from_inside)
{
	build_jail();
	pid_t pid = prisoner(1000);

	SYS(tckpt(pid, "jail/in/p", CKPT_WAIT | CKPT_SELF)); /* the program is outside */
	end_it(pid);
	SYS(chown("jail/in/p_ckpt", 1000, 0));
	pid_t warder = t_fork();
	if (warder == 0) {
		enter_jail();
		SYS(setresgid(0, 0, 0));
		SYS(setresuid(1000, 1000, 1000));
		release(SYS(recover("p", 0)));
		_exit(0);
	}
	t_join(warder);
}

TEST_ROOT(nobody_changes_his_root_in_this_way)
{
	build_jail();
	pid_t pid = prisoner(1000);

	SYS(tckpt(pid, "p", CKPT_WAIT));
	end_it(pid);
	SYS(chown("p_ckpt", 1000, 0));
	pid_t user = t_fork();
	if (user == 0) {
		SYS(setresuid(1000, 1000, 1000));
		CHECK_ERR(recover("p", 0), EPERM);
		_exit(0);
	}
	t_join(user);
	/* One who is in another root does not find the files, or finds others. */
	SYS(mkdir("other", 0777));
	SYS(link("p_ckpt", "other/p_ckpt"));
	pid_t stranger = t_fork();
	if (stranger == 0) {
		SYS(chroot("other"));
		SYS(chdir("/"));
		CHECK_ERR(recover("p", 0), ENOENT);
		_exit(0);
	}
	t_join(stranger);
	release(SYS(recover("p", 0)));
	/* The root itself is gone. */
	SYS(rename("jail", "elsewhere"));
	CHECK_ERR(recover("p", 0), ENOENT);
}

static void go_below(void)
{
	SYS(mkdir("d", 0777));
	SYS(chdir("d"));
	kept = SYS(open(".", O_RDONLY | O_DIRECTORY));
}

/* Wherever it is now, that is in the jail. */
static void see_the_jail(void)
{
	struct stat top, here;

	SYS(stat("/", &top));
	SYS(access("/in/f", F_OK));
	for (int i = 0; i < 2; i++) {
		for (int up = 0; up < 50; up++)
			SYS(chdir(".."));
		SYS(stat(".", &here));
		CHECK(here.st_dev == top.st_dev && here.st_ino == top.st_ino);
		SYS(fchdir(kept));
	}
}

/* Links that somebody inside leaves behind lead nowhere else than inside, also for the superuser who brings him back. */
TEST_ROOT(no_link_leads_out)
{
	build_jail();
	pid_t pid = inmate(1000, go_below, see_the_jail);

	SYS(tckpt(pid, "p", CKPT_WAIT));
	end_it(pid);
	release(SYS(recover("p", 0)));
	SYS(rmdir("jail/in/d"));
	SYS(mkdir("jail/proc", 0755));
	SYS(mount("none", "jail/proc", "proc", 0, ""));
	static const char *const links[] = { "/", "../../../../../..", "/proc/1/root", "/in" };
	for (int i = 0; i < 4; i++) {
		SYS(symlink(links[i], "jail/in/d"));
		CHECK_ERR(recover("p", 0), ELOOP);
		CHECK_ERR(recover("p", RECOVER_CHANGED), ELOOP);
		SYS(unlink("jail/in/d"));
	}
	/* Another directory of that name is not the one. */
	SYS(mkdir("other", 0777));
	SYS(rename("other", "jail/in/d"));
	CHECK_ERR(recover("p", 0), ESTALE);
	release(SYS(recover("p", RECOVER_CHANGED)));
	SYS(umount("jail/proc"));
}

static void go_below_only(void)
{
	go_below();
	SYS(close(kept));
	kept = SYS(open("/in", O_RDONLY | O_DIRECTORY));
}

/* Where it was is no more: it is at its own root then. */
TEST_ROOT(no_directory_is_left)
{
	build_jail();
	pid_t pid = inmate(1000, go_below_only, see_the_jail);

	SYS(tckpt(pid, "p", CKPT_WAIT | CKPT_SELF));
	end_it(pid);
	SYS(rmdir("jail/in/d"));
	release(SYS(recover("p", 0)));
}

static void lose_the_ground(void)
{
	go_below();
	SYS(rmdir("../d"));
}

TEST_ROOT(a_directory_was_removed)
{
	build_jail();
	pid_t pid = inmate(0, lose_the_ground, see_the_jail);

	CHECK_ERR(tckpt(pid, "p", CKPT_WAIT), EOPNOTSUPP);
	end_it(pid);
}

static void open_device(void)
{
	kept = SYS(open("/void", O_WRONLY));
}

static void see_device(void)
{
	CHECK_EQ(write(kept, "x", 1), 1);
}

TEST_ROOT(a_device_of_its_own)
{
	build_jail();
	SYS(mknod("jail/void", S_IFCHR | 0666, 0x103)); /* 1, 3: null */
	pid_t pid = inmate(0, open_device, see_device);

	SYS(tckpt(pid, "p", CKPT_WAIT));
	end_it(pid);
	release(SYS(recover("p", 0)));
}

/* An ordinary user has a file of his open; shared: in descriptors that are also those of his parent, the superuser. In a group of its own. */
static pid_t start_owner(int shared)
{
	struct t_gate g = t_gate();
	pid_t pid = t_fork();

	if (pid == 0) {
		SYS(setpgid(0, 0));
		if (!shared || SYS(syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0)) == 0) {
			SYS(setresgid(1000, 1000, 1000));
			SYS(setresuid(1000, 1000, 1000));
			kept = SYS(open("own/f", O_RDWR | O_CREAT, 0600));
			CHECK_EQ(write(kept, "mine", 4), 4);
			for (int fd = 0; fd < 3; fd++)
				SYS(dup2(kept, fd));
			t_open_gate(g);
			close_gate(g);
		}
		for (;;)
			pause();
	}
	t_pass_gate(g);
	close_gate(g);
	t_await_state(pid, "S");
	return pid;
}

static void end_group(pid_t pid)
{
	SYS(kill(-pid, SIGKILL));
	CHECK_EQ(t_wait(pid), SIGKILL);
}

static void make_own(void)
{
	SYS(mkdir("own", 0777));
	SYS(chmod("own", 0777));
}

static void made_again(int shared)
{
	struct stat st;
	pid_t pid;

	SYS(mkdir("private", 0755));
	make_own();
	pid = start_owner(shared);
	SYS(tckpt(pid, "p", CKPT_WAIT | CKPT_SELF | CKPT_TREE));
	end_group(pid);
	SYS(unlink("own/f"));
	SYS(rmdir("own"));
	SYS(symlink("private", "own"));
	CHECK_ERR(recover("p", 0), EACCES);
	CHECK_ERR(access("private/f", F_OK), ENOENT);
	SYS(unlink("own"));
	make_own();
	pid = SYS(recover("p", 0));
	end_group(pid);
	SYS(stat("own/f", &st));
	CHECK_EQ(st.st_uid, 1000);
	CHECK_EQ(st.st_size, 4);
}

/* A file that is not there is made again with the rights that its owner has, whoever brings the process back. */
TEST_ROOT(made_again_by_its_owner)
{
	made_again(0);
}

TEST_ROOT(made_again_by_one_of_two)
{
	made_again(1);
}

/* What the checkpoint has to do with the root is over when it is done: what the root lay on can be unmounted. */
TEST_ROOT(a_root_is_let_go)
{
	SYS(mkdir("mnt", 0755));
	SYS(mount("none", "mnt", "tmpfs", 0, ""));
	pid_t pid = t_fork();

	if (pid == 0) {
		for (;;)
			pause();
	}
	t_await_state(pid, "S");
	for (unsigned flags = 0; flags <= CKPT_FORKED; flags += CKPT_FORKED) {
		pid_t asker = t_fork();

		if (asker == 0) {
			SYS(chroot("mnt"));
			SYS(tckpt(pid, "/name", CKPT_WAIT | flags));
			_exit(0);
		}
		t_join(asker);
	}
	SYS(umount("mnt"));
	end_it(pid);
}

T_NO_HOOK
