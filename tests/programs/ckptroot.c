/* SPDX-License-Identifier: MIT */
/*
 * Checkpoints and roots: who asks, who is saved and who brings back may each have another one. A directory "jail" with a file f in it is what
 * those see as "/" who live in there.
 */
#include "t.h"
#include <reprise/ckpt.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>

static void build_jail(void)
{
	SYS(mkdir("jail", 0777));
	SYS(mkdir("jail/in", 0777));
	t_put("jail/in/f", "inside", 6);
	SYS(chmod("jail", 0777));
	SYS(chmod("jail/in", 0777));
}

static void enter_jail(void)
{
	SYS(chroot("jail"));
	SYS(chdir("/in"));
}

static void end_it(pid_t pid)
{
	SYS(kill(pid, SIGKILL));
	CHECK_EQ(t_wait(pid), SIGKILL);
}

static void close_gate(struct t_gate g)
{
	SYS(close(g.g_fd[0]));
	SYS(close(g.g_fd[1]));
}

/* One that lives in the jail: settles there, waits for SIGUSR1, looks whether all is as it was, and ends with 0. */
static pid_t inmate(uid_t uid, void (*settle)(void), void (*look)(void))
{
	struct t_gate g = t_gate();
	pid_t pid = t_fork();
	sigset_t set;
	int sig;

	if (pid != 0) {
		t_pass_gate(g);
		close_gate(g);
		t_await_state(pid, "S");
		return pid;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	enter_jail();
	t_on_its_own();
	settle();
	if (uid)
		SYS(setresuid(uid, uid, uid));
	t_open_gate(g);
	close_gate(g);
	CHECK_EQ(sigwait(&set, &sig), 0);
	look();
	_exit(0);
}

static int kept;

static void open_f(void)
{
	char buf[2];

	kept = SYS(open("f", O_RDONLY));
	CHECK_EQ(read(kept, buf, 2), 2);
}

static void see_f(void)
{
	char buf[7] = "";

	CHECK_EQ(read(kept, buf, 4), 4);
	CHECK_STR(buf, "side");
	CHECK(getcwd(buf, sizeof(buf)) != NULL);
	CHECK_STR(buf, "/in");
	SYS(access("/in/f", F_OK));
	CHECK_ERR(access("/../jail", F_OK), ENOENT);
	CHECK_ERR(access("/jail", F_OK), ENOENT);
}

static pid_t prisoner(uid_t uid)
{
	return inmate(uid, open_f, see_f);
}

/* What came back as pid is the prisoner. */
static void release(pid_t pid)
{
	SYS(kill(pid, SIGUSR1));
	CHECK_EQ(t_wait(pid), 0);
}

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

/* Names of files whose directories have been moved, and what is found by them. */
TEST_REPRISE(directories_were_renamed)
{
	char buf[8] = "";
	int fd, moved, linked;

	SYS(mkdir("a", 0755));
	SYS(mkdir("a/b", 0755));
	SYS(mkdir("c", 0755));
	t_put("a/b/f", "one two", 7);
	t_put("a/g", "three", 5);
	t_put("a/h", "four", 4);
	fd = SYS(open("a/b/f", O_RDWR));
	moved = SYS(open("a/g", O_RDONLY));
	linked = SYS(open("a/h", O_RDONLY));
	SYS(chdir("a/b"));
	SYS(rename("../../a", "../../z"));
	SYS(rename("../g", "../../c/g2"));
	SYS(link("../h", "../../c/h2"));
	SYS(unlink("../h"));
	SYS(rename("../../c", "../../d"));
	/* Names of old that lead to other files now. */
	SYS(mkdir("../../a", 0755));
	t_put("../../a/g", "wrong", 5);
	pid_t pid = t_fork();
	if (pid == 0) {
		if (ckpt("p", 0) == 0)
			_exit(0);
		CHECK_EQ(read(fd, buf, 3), 3);
		CHECK_STR(buf, "one");
		CHECK_EQ(read(linked, buf, 4), 4);
		CHECK_STR(buf, "four");
		CHECK_EQ(read(moved, buf, 5), 5);
		CHECK_STR(buf, "three");
		SYS(access("../b/f", F_OK));
		_exit(0);
	}
	t_join(pid);
	t_join(SYS(recover("p", 0)));
}

/* The image lies where its name leads, and not where its text looks as if it did. */
TEST_REPRISE(names_through_links)
{
	SYS(mkdir("d", 0755));
	SYS(mkdir("d/e", 0755));
	SYS(symlink("d/e", "s"));
	pid_t pid = t_fork();
	if (pid == 0) {
		int r = ckpt("s/../p", 0);

		CHECK(r >= 0);
		_exit(r);
	}
	t_join(pid);
	SYS(access("d/p_ckpt", F_OK));
	CHECK_ERR(access("p_ckpt", F_OK), ENOENT);
	CHECK_EQ(t_wait(SYS(recover("s/../p", 0))), 1 << 8);
}

static unsigned obstacles(void)
{
	static struct ckpt_obstacles o;
	int n = ckptctl(CKPTCTL_CAN, 0, &o);

	CHECK(n >= 0);
	return n;
}

/* A file that no name is known of: it was opened through a link of /proc, and linked and removed elsewhere since. */
TEST_REPRISE(no_name_is_known)
{
	SYS(mkdir("a", 0755));
	SYS(mkdir("b", 0755));
	SYS(chdir("a"));
	CHECK_EQ(obstacles(), 0);
	int fd = SYS(open("/proc/self/cwd/x", O_RDWR | O_CREAT, 0600));
	SYS(ftruncate(fd, 4096));
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED);
	SYS(link("x", "../b/y"));
	SYS(unlink("../b/y"));
	CHECK(obstacles() > 0);
	CHECK_ERR(ckpt("p", 0), EOPNOTSUPP);
}

/* A directory about a process is no place to come back to as a root. */
TEST_ROOT(root_of_a_process)
{
	pid_t pid = t_fork();

	if (pid == 0) {
		SYS(chroot("/proc/self"));
		CHECK_EQ(obstacles(), 1);
		CHECK_ERR(ckpt("p", 0), EOPNOTSUPP);
		_exit(0);
	}
	t_join(pid);
}

/* What /proc says of a process that is not in the image is for those who may see it. */
TEST_ROOT(files_of_other_processes)
{
	int fd = SYS(open("/proc/1/environ", O_RDONLY));
	pid_t pid;

	SYS(chmod(".", 0777));
	pid = t_fork();
	if (pid == 0) {
		char c;
		int r;

		SYS(setgid(1000));
		SYS(setuid(1000));
		CHECK_EQ(obstacles(), 0);
		r = ckpt("p", 0);
		CHECK(r >= 0);
		CHECK_ERR(pread(fd, &c, 1, 0), EACCES);
		_exit(r);
	}
	t_join(pid);
	SYS(close(fd));
	pid = t_fork();
	if (pid == 0) {
		SYS(setgid(1000));
		SYS(setuid(1000));
		CHECK_ERR(recover("p", 0), EACCES);
		_exit(0);
	}
	t_join(pid);
	CHECK_EQ(t_wait(SYS(recover("p", 0))), 1 << 8);
}

/* The name leads to what was mounted there, and not to the file. */
TEST_ROOT(covered_by_a_mount)
{
	SYS(mkdir("m", 0755));
	SYS(mkdir("m/d", 0755));
	int fd = SYS(open("m/d", O_RDONLY | O_DIRECTORY));

	SYS(mount("none", "m", "tmpfs", 0, ""));
	SYS(mkdir("m/d", 0755));
	CHECK_EQ(obstacles(), 1);
	CHECK_ERR(ckpt("p", 0), EOPNOTSUPP);
	SYS(umount("m"));
	CHECK_EQ(obstacles(), 0);
	SYS(close(fd));
}

T_NO_HOOK
