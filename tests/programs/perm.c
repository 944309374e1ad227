/* SPDX-License-Identifier: MIT */
/* Who may do what: modes, owners, set-id bits, sticky directories, credentials. All as root first, who then becomes others. */
#include "t.h"
#include <grp.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <utime.h>

#define ALICE 1001
#define BOB 1002
#define STAFF 2000

/* Runs a piece of code as somebody else; its failed checks fail the case. */
#define AS(uid, gid, ngroups, groups, code)              \
	do {                                             \
		pid_t as_pid = t_fork();                 \
		if (as_pid == 0) {                       \
			SYS(setgroups(ngroups, groups)); \
			SYS(setgid(gid));                \
			SYS(setuid(uid));                \
			code;                            \
			_exit(0);                        \
		}                                        \
		t_join(as_pid);                          \
	} while (0)

static void make(const char *name, int uid, int gid, int mode)
{
	SYS(close(SYS(open(name, O_WRONLY | O_CREAT, 0600))));
	SYS(chown(name, uid, gid));
	SYS(chmod(name, mode));
}

/* The matrix: every mode of rwx for owner, group and others, seen by each kind of person. */
TEST_ROOT(mode_matrix)
{
	static const gid_t staff[] = { STAFF };

	SYS(chmod(".", 0755));
	for (int m = 0; m < 8; m++) {
		make("f", ALICE, STAFF, m << 6);
		AS(ALICE, 1, 0, NULL, for (int w = 0; w < 8; w++) CHECK_EQ(access("f", w), (w & ~m) ? -1 : 0));
		AS(BOB, STAFF, 0, NULL, CHECK_EQ(access("f", 7), -1); CHECK_EQ(access("f", F_OK), 0));
		make("f", ALICE, STAFF, m << 3);
		AS(BOB, STAFF, 0, NULL,
		   for (int w = 0; w < 8; w++) CHECK_EQ(access("f", w), (w & ~m) ? -1 : 0));
		AS(BOB, 1, 1, staff, for (int w = 0; w < 8; w++) CHECK_EQ(access("f", w), (w & ~m) ? -1 : 0));
		/* The owner has only the owner's bits, the group only the group's. */
		AS(ALICE, STAFF, 0, NULL, CHECK_EQ(access("f", 7), -1));
		make("f", ALICE, STAFF, m);
		AS(BOB, 1, 0, NULL, for (int w = 0; w < 8; w++) CHECK_EQ(access("f", w), (w & ~m) ? -1 : 0));
		AS(BOB, STAFF, 0, NULL, CHECK_EQ(access("f", 7), -1));
		/* root reads and writes all, and executes what anybody may execute. */
		CHECK_EQ(access("f", R_OK | W_OK), 0);
		CHECK_EQ(access("f", X_OK), m & 1 ? 0 : -1);
		SYS(unlink("f"));
	}
}

TEST_ROOT(open_by_mode)
{
	SYS(chmod(".", 0755));
	make("f", ALICE, STAFF, 0640);
	AS(ALICE, 1, 0, NULL, SYS(open("f", O_RDWR)));
	AS(BOB, STAFF, 0, NULL, SYS(open("f", O_RDONLY)); CHECK_ERR(open("f", O_WRONLY), EACCES);
	   CHECK_ERR(open("f", O_RDONLY | O_TRUNC), EACCES));
	AS(BOB, 1, 0, NULL, CHECK_ERR(open("f", O_RDONLY), EACCES); CHECK_ERR(truncate("f", 0), EACCES));
	/* What is open stays open. */
	int fd = SYS(open("f", O_RDWR));
	AS(BOB, 1, 0, NULL, CHECK_EQ(write(fd, "x", 1), 1));
}

TEST_ROOT(directories_by_mode)
{
	SYS(chmod(".", 0755));
	SYS(mkdir("d", 0755));
	make("d/f", ALICE, STAFF, 0666);
	SYS(chown("d", ALICE, STAFF));
	SYS(chmod("d", 0711)); /* search only */
	AS(BOB, 1, 0, NULL, SYS(open("d/f", O_RDWR)); CHECK_ERR(open("d", O_RDONLY), EACCES);
	   CHECK_ERR(open("d/new", O_CREAT | O_WRONLY, 0600), EACCES);
	   CHECK_ERR(unlink("d/f"), EACCES); CHECK_ERR(rename("d/f", "d/g"), EACCES);
	   CHECK_ERR(link("d/f", "d/g"), EACCES); CHECK_ERR(mkdir("d/x", 0700), EACCES);
	   CHECK_ERR(rmdir("d/x"), ENOENT); CHECK_ERR(symlink("x", "d/s"), EACCES));
	SYS(chmod("d", 0744)); /* list only */
	AS(BOB, 1, 0, NULL, SYS(open("d", O_RDONLY)); CHECK_ERR(open("d/f", O_RDWR), EACCES);
	   CHECK_ERR(chdir("d"), EACCES); CHECK_ERR(access("d/f", F_OK), EACCES); struct stat st;
	   CHECK_ERR(stat("d/f", &st), EACCES));
	SYS(chmod("d", 0700));
	AS(ALICE, 1, 0, NULL, SYS(rename("d/f", "d/g")); SYS(unlink("d/g")));
}

TEST_ROOT(sticky_directory)
{
	SYS(chmod(".", 0755));
	SYS(mkdir("t", 0777));
	SYS(chmod("t", 01777));
	AS(ALICE, 1, 0, NULL, SYS(close(SYS(open("t/a", O_CREAT | O_WRONLY, 0666)))); SYS(mkdir("t/ad", 0777)));
	AS(BOB, 1, 0, NULL, SYS(close(SYS(open("t/b", O_CREAT | O_WRONLY, 0666))));
	   CHECK_ERR(unlink("t/a"), EPERM); CHECK_ERR(rename("t/a", "t/c"), EPERM);
	   CHECK_ERR(rename("t/b", "t/a"), EPERM); CHECK_ERR(rmdir("t/ad"), EPERM); SYS(unlink("t/b")));
	AS(ALICE, 1, 0, NULL, SYS(unlink("t/a")); SYS(rmdir("t/ad")));
}

TEST_ROOT(changing_owner_and_mode)
{
	struct stat st;

	SYS(chmod(".", 0755));
	make("f", ALICE, 1, 0644);
	AS(BOB, 1, 0, NULL, CHECK_ERR(chmod("f", 0777), EPERM);
	   CHECK_ERR(chown("f", BOB, -1), EPERM); CHECK_ERR(chown("f", -1, 1), EPERM));
	static const gid_t groups[] = { STAFF };
	AS(ALICE, 1, 1, groups, SYS(chmod("f", 0600)); CHECK_ERR(chown("f", BOB, -1), EPERM);
	   SYS(chown("f", -1, STAFF)); CHECK_ERR(chown("f", -1, 3333), EPERM);
	   SYS(chown("f", ALICE, -1)); SYS(chown("f", -1, -1)));
	SYS(stat("f", &st));
	CHECK_EQ(st.st_gid, STAFF);
	CHECK_EQ(st.st_mode & 07777, 0600);
	/* Set-id bits go when the owner changes, and when somebody writes. */
	SYS(chmod("f", 06755));
	SYS(chown("f", BOB, -1));
	SYS(stat("f", &st));
	CHECK_EQ(st.st_mode & 07777, 0755);
	SYS(chmod("f", 06777));
	AS(ALICE, 1, 0, NULL, int fd = SYS(open("f", O_WRONLY)); CHECK_EQ(write(fd, "x", 1), 1));
	SYS(stat("f", &st));
	CHECK_EQ(st.st_mode & 07777, 0777);
	/* Who is not in the file's group cannot set its set-gid bit. */
	make("g", ALICE, STAFF, 0755);
	AS(ALICE, 1, 0, NULL, SYS(chmod("g", 02755)));
	SYS(stat("g", &st));
	CHECK_EQ(st.st_mode & 07777, 0755);
	SYS(symlink("f", "l"));
	SYS(lchown("l", BOB, STAFF));
	SYS(lstat("l", &st));
	CHECK(st.st_uid == BOB && st.st_gid == STAFF);
	SYS(stat("f", &st));
	CHECK_EQ(st.st_uid, BOB);
	CHECK_ERR(chmod("nothing", 0), ENOENT);
	CHECK_ERR(fchmod(999, 0), EBADF);
	int fd = SYS(open("f", O_RDONLY));
	SYS(fchmod(fd, 0400));
	SYS(fchown(fd, 5, 6));
	SYS(fstat(fd, &st));
	CHECK(st.st_uid == 5 && st.st_gid == 6 && (st.st_mode & 07777) == 0400);
}

TEST_ROOT(new_files_belong_to_their_maker)
{
	struct stat st;

	SYS(mkdir("d", 0777));
	SYS(chmod("d", 0777));
	SYS(chmod(".", 0755));
	AS(ALICE, STAFF, 0, NULL, umask(027);
	   SYS(close(SYS(open("d/f", O_CREAT | O_WRONLY, 0666)))); SYS(mkdir("d/sub", 0777)));
	SYS(stat("d/f", &st));
	CHECK(st.st_uid == ALICE && st.st_gid == STAFF && (st.st_mode & 07777) == 0640);
	SYS(stat("d/sub", &st));
	CHECK_EQ(st.st_mode & 07777, 0750);
	/* A set-gid directory hands its group on. */
	SYS(chown("d", 0, 4444));
	SYS(chmod("d", 02777));
	AS(ALICE, STAFF, 0, NULL, SYS(close(SYS(open("d/g", O_CREAT | O_WRONLY, 0666))));
	   SYS(mkdir("d/sub2", 0777)));
	SYS(stat("d/g", &st));
	CHECK_EQ(st.st_gid, 4444);
	SYS(stat("d/sub2", &st));
	CHECK(st.st_gid == 4444 && (st.st_mode & S_ISGID));
}

static char self[4096];

static int t_hook(int argc, char **argv)
{
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n > 0)
		self[n] = 0;
	if (argc != 2 || strcmp(argv[1], "IDS") != 0)
		return -1;
	printf("%d %d %d %d\n", getuid(), geteuid(), getgid(), getegid());
	return 0;
}

TEST_ROOT(set_id_programs)
{
	char line[64] = "";
	int p[2];

	SYS(chmod(".", 0755));
	pid_t cp = t_fork();
	if (cp == 0) {
		static char data[65536];
		int in = SYS(open(self, O_RDONLY)), out = SYS(open("suid", O_WRONLY | O_CREAT, 0755));
		ssize_t n;
		while ((n = read(in, data, sizeof(data))) > 0)
			CHECK_EQ(write(out, data, n), n);
		_exit(0);
	}
	t_join(cp);
	SYS(chown("suid", BOB, STAFF));
	SYS(chmod("suid", 06755));
	SYS(pipe(p));
	AS(ALICE, 1, 0, NULL, dup2(p[1], 1); execl("./suid", "suid", "IDS", NULL));
	CHECK(read(p[0], line, sizeof(line) - 1) > 0);
	/* On a file system mounted nosuid the bits mean nothing. */
	CHECK(strcmp(line, "1001 1002 1 2000\n") == 0 || strcmp(line, "1001 1001 1 1\n") == 0);
	SYS(chmod("suid", 0700));
	AS(ALICE, 1, 0, NULL, CHECK_ERR(execl("./suid", "suid", "IDS", NULL), EACCES));
	SYS(chmod("suid", 0644));
	CHECK_ERR(execl("./suid", "suid", "IDS", NULL), EACCES);
}

TEST_ROOT(credentials)
{
	uid_t r, e, s;
	gid_t g[40];

	AS(0, 0, 0, NULL, SYS(setresuid(1, 2, 3)); SYS(getresuid(&r, &e, &s));
	   CHECK(r == 1 && e == 2 && s == 3); CHECK_ERR(setresuid(4, -1, -1), EPERM);
	   SYS(setresuid(3, 1, 2)); SYS(seteuid(3)); SYS(setuid(2)););
	AS(0, 0, 0, NULL, SYS(setreuid(5, 6)); CHECK(getuid() == 5 && geteuid() == 6);
	   CHECK_ERR(setreuid(9, -1), EPERM); SYS(setreuid(-1, 5)); CHECK_EQ(geteuid(), 5));
	AS(0, 0, 0, NULL, SYS(seteuid(ALICE)); SYS(seteuid(0)); SYS(setuid(ALICE));
	   CHECK_ERR(setuid(0), EPERM); CHECK_ERR(seteuid(0), EPERM); CHECK_ERR(setgid(77), EPERM);
	   CHECK_ERR(setgroups(0, NULL), EPERM));
	AS(0, 0, 0, NULL, SYS(setresgid(1, 2, 3)); CHECK(getgid() == 1 && getegid() == 2);
	   SYS(setregid(-1, 1)); CHECK_EQ(getegid(), 1));
	static const gid_t some[] = { 7, 8, 9 };
	SYS(setgroups(3, some));
	CHECK_EQ(getgroups(0, NULL), 3);
	CHECK_EQ(getgroups(40, g), 3);
	CHECK(g[0] == 7 && g[1] == 8 && g[2] == 9);
	CHECK_ERR(getgroups(2, g), EINVAL);
	CHECK_ERR(setgroups(100000, some), EINVAL);
}

static void *change_for_ever(void *arg)
{
	for (;;)
		syscall(SYS_setresuid32, 0, 0, 0);
	return arg;
}

/* One thread's calls go on with what they began with, while another one changes the credentials. */
TEST_ROOT(credentials_of_threads)
{
	pthread_t th;
	struct stat st;

	CHECK_EQ(pthread_create(&th, NULL, change_for_ever, NULL), 0);
	for (long long end = t_now_ns() + 3000000000ll; t_now_ns() < end;) {
		int fd = SYS(open("f", O_RDWR | O_CREAT | O_EXCL, 0600));

		SYS(fstat(fd, &st));
		CHECK_EQ(st.st_uid, 0);
		CHECK_EQ(st.st_gid, 0);
		SYS(close(fd));
		SYS(unlink("f"));
	}
}

TEST_ROOT(only_root_may)
{
	SYS(chmod(".", 0777));
	AS(ALICE, 1, 0, NULL, CHECK_ERR(mknod("dev", S_IFCHR | 0600, 0x103), EPERM);
	   CHECK_ERR(chroot("."), EPERM); CHECK_ERR(sethostname("x", 1), EPERM);
	   CHECK_ERR(syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL), EPERM);
	   CHECK_ERR(syscall(SYS_umount2, "/proc", 0), EPERM);
	   CHECK_ERR(syscall(SYS_reboot, 0xfee1dead, 672274793, 0, NULL), EPERM);
	   CHECK_ERR(nice(-5), EPERM); SYS(mkfifo("fifo", 0600)));
}

TEST_ROOT(device_nodes)
{
	char c = 1;

	if (mknod("zero", S_IFCHR | 0666, 0x105) < 0)
		FAIL("mknod: %s", strerror(errno));
	struct stat st;
	SYS(stat("zero", &st));
	CHECK(S_ISCHR(st.st_mode));
	CHECK_EQ(st.st_rdev, 0x105);
	int fd = open("zero", O_RDONLY);
	if (fd >= 0) { /* not where the file system is mounted nodev */
		CHECK_EQ(read(fd, &c, 1), 1);
		CHECK_EQ(c, 0);
	}
	SYS(mknod("nothing", S_IFCHR | 0666, 0x780e));
	CHECK_ERR(open("nothing", O_RDONLY), ENXIO);
	SYS(mknod("plain", S_IFREG | 0640, 0));
	SYS(stat("plain", &st));
	CHECK(S_ISREG(st.st_mode) && st.st_size == 0);
	CHECK_ERR(mknod("dir", S_IFDIR | 0755, 0), EPERM);
}

TEST_ROOT(chroot_confines)
{
	SYS(mkdir("jail", 0755));
	make("jail/inside", 0, 0, 0644);
	make("outside", 0, 0, 0644);
	pid_t pid = t_fork();
	if (pid == 0) {
		SYS(chroot("jail"));
		SYS(chdir("/"));
		SYS(access("/inside", F_OK));
		CHECK_ERR(access("/outside", F_OK), ENOENT);
		CHECK_ERR(access("../outside", F_OK), ENOENT);
		CHECK_ERR(access("/../../outside", F_OK), ENOENT);
		char cwd[64];
		CHECK(getcwd(cwd, sizeof(cwd)) && strcmp(cwd, "/") == 0);
		_exit(0);
	}
	t_join(pid);
}

TEST_ROOT(times_by_permission)
{
	struct utimbuf when = { 1000, 2000 };

	SYS(chmod(".", 0755));
	make("f", ALICE, 1, 0666);
	AS(BOB, 1, 0, NULL, CHECK_ERR(utime("f", &when), EPERM); SYS(utime("f", NULL)));
	SYS(chmod("f", 0644));
	AS(BOB, 1, 0, NULL, CHECK_ERR(utime("f", NULL), EACCES));
	AS(ALICE, 1, 0, NULL, SYS(utime("f", &when)));
}
