/* SPDX-License-Identifier: MIT */
/*
 * The set-user-id and set-group-id bits of files: which calls take them away, from
 * whom, and which leave them. Tables of modes, before and after.
 */
#include "t.h"
#include <grp.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#define ALICE 1001
#define BOB 1002
#define STAFF 2000
#define GUESTS 3000

static const gid_t staff[] = { STAFF };

/* Who calls: the ids of a process. */
struct caller {
	const char *name;
	uid_t uid;
	gid_t gid;
	int ngroups;
	const gid_t *groups;
};

static const struct caller outsider = { "outsider", ALICE, GUESTS, 0, NULL };
static const struct caller member = { "member", ALICE, GUESTS, 1, staff };
static const struct caller member_by_gid = { "member by gid", ALICE, STAFF, 0, NULL };
static const struct caller root = { "root", 0, 0, 0, NULL };

static void become(const struct caller *c)
{
	SYS(setgroups(c->ngroups, c->groups));
	SYS(setgid(c->gid));
	SYS(setuid(c->uid));
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	SYS(lstat(name, &st));
	return st.st_mode & 07777;
}

static gid_t group_of(const char *name)
{
	struct stat st;

	SYS(lstat(name, &st));
	return st.st_gid;
}

/* A file of ALICE and STAFF with some bytes in it. */
static void make(const char *name, mode_t mode)
{
	t_put(name, "0123456789", 10);
	SYS(chown(name, ALICE, STAFF));
	SYS(chmod(name, mode));
}

/* ---- calls that change a file that is there ---- */

typedef void (*change_fn)(const char *name);

static int opened(const char *name, int flags)
{
	return SYS(open(name, flags));
}

static void by_write(const char *name)
{
	CHECK_EQ(write(opened(name, O_WRONLY), "x", 1), 1);
}

static void by_append(const char *name)
{
	CHECK_EQ(write(opened(name, O_WRONLY | O_APPEND), "x", 1), 1);
}

static void by_pwrite(const char *name)
{
	CHECK_EQ(pwrite(opened(name, O_WRONLY), "x", 1, 5), 1);
}

static void by_writev(const char *name)
{
	struct iovec iov[2] = { { "x", 1 }, { "y", 1 } };

	CHECK_EQ(writev(opened(name, O_WRONLY), iov, 2), 2);
}

static void by_pwritev(const char *name)
{
	struct iovec iov = { "x", 1 };

	CHECK_EQ(pwritev(opened(name, O_WRONLY), &iov, 1, 2), 1);
}

/* The bytes cannot be read: nothing is written, but it was begun. */
static void by_bad_write(const char *name)
{
	CHECK_ERR(write(opened(name, O_WRONLY), (void *)1, 1), EFAULT);
}

static void by_truncate(const char *name)
{
	SYS(truncate(name, 3));
}

static void by_truncate_to_the_same(const char *name)
{
	SYS(truncate(name, 10));
}

static void by_truncate_longer(const char *name)
{
	SYS(truncate(name, 10000));
}

static void by_ftruncate(const char *name)
{
	SYS(ftruncate(opened(name, O_WRONLY), 3));
}

static void by_open_trunc(const char *name)
{
	SYS(close(opened(name, O_WRONLY | O_TRUNC)));
}

static void by_creat(const char *name)
{
	SYS(close(SYS(creat(name, 0600))));
}

static int source(void)
{
	return opened("source", O_RDONLY);
}

static void by_sendfile(const char *name)
{
	CHECK_EQ(sendfile(opened(name, O_WRONLY), source(), NULL, 4), 4);
}

static void by_copy_file_range(const char *name)
{
	CHECK_EQ(syscall(SYS_copy_file_range, source(), NULL, opened(name, O_WRONLY), NULL, 4, 0), 4);
}

static const struct {
	const char *name;
	change_fn fn;
} writes[] = {
	{ "write", by_write },
	{ "append", by_append },
	{ "pwrite", by_pwrite },
	{ "writev", by_writev },
	{ "pwritev", by_pwritev },
	{ "write of bad memory", by_bad_write },
	{ "truncate", by_truncate },
	{ "truncate to the same size", by_truncate_to_the_same },
	{ "truncate to more", by_truncate_longer },
	{ "ftruncate", by_ftruncate },
	{ "O_TRUNC", by_open_trunc },
	{ "creat", by_creat },
	{ "sendfile", by_sendfile },
	{ "copy_file_range", by_copy_file_range },
};

/* The mode before, and after a write by each kind of caller. */
static const struct {
	mode_t before, by_outsider, by_member, by_root;
} written[] = {
	{ 0755, 0755, 0755, 0755 },	{ 04755, 0755, 0755, 04755 },
	{ 02755, 0755, 0755, 02755 },	{ 06755, 0755, 0755, 06755 },
	{ 06711, 0711, 0711, 06711 },	{ 04600, 0600, 0600, 04600 },
	{ 02600, 0600, 02600, 02600 }, /* no program of its group: a mark */
	{ 06644, 0644, 02644, 06644 },	{ 02705, 0705, 02705, 02705 },
	{ 07755, 01755, 01755, 07755 },
};

static void changed(change_fn fn, const struct caller *c, mode_t before, const char *what, mode_t after)
{
	make("f", before);
	pid_t pid = t_fork();
	if (pid == 0) {
		become(c);
		fn("f");
		_exit(0);
	}
	t_join(pid);
	if (mode_of("f") != after)
		FAIL("%s by %s: mode %04o: expected %04o, found %04o", what, c->name,
		     (unsigned)before, (unsigned)after, (unsigned)mode_of("f"));
	SYS(unlink("f"));
}

TEST_ROOT(writes_take_the_bits)
{
	SYS(chmod(".", 0777));
	t_put("source", "abcdefgh", 8);
	SYS(chmod("source", 0644));
	for (size_t w = 0; w < sizeof(writes) / sizeof(*writes); w++) {
		for (size_t i = 0; i < sizeof(written) / sizeof(*written); i++) {
			changed(writes[w].fn, &outsider, written[i].before, writes[w].name,
				written[i].by_outsider);
			changed(writes[w].fn, &member, written[i].before, writes[w].name, written[i].by_member);
			changed(writes[w].fn, &member_by_gid, written[i].before, writes[w].name,
				written[i].by_member);
			changed(writes[w].fn, &root, written[i].before, writes[w].name, written[i].by_root);
		}
	}
}

static void by_fallocate(const char *name)
{
	SYS(posix_fallocate(opened(name, O_WRONLY), 0, 5));
}

static void by_fallocate_longer(const char *name)
{
	SYS(posix_fallocate(opened(name, O_WRONLY), 0, 10000));
}

/* Not on Linux, where not every file system can, and not each that can takes the bits. */
TEST_REPRISE(fallocate_takes_the_bits)
{
	SYS(chmod(".", 0777));
	for (size_t i = 0; i < sizeof(written) / sizeof(*written); i++) {
		changed(by_fallocate, &outsider, written[i].before, "fallocate", written[i].by_outsider);
		changed(by_fallocate_longer, &outsider, written[i].before, "fallocate", written[i].by_outsider);
		changed(by_fallocate, &root, written[i].before, "fallocate", written[i].by_root);
	}
}

static void by_write_of_nothing(const char *name)
{
	CHECK_EQ(write(opened(name, O_WRONLY), "", 0), 0);
}

static void by_store(const char *name)
{
	char *p = mmap(NULL, 10, PROT_READ | PROT_WRITE, MAP_SHARED, opened(name, O_RDWR), 0);

	CHECK(p != MAP_FAILED);
	p[0] = 'x';
	SYS(msync(p, 10, MS_SYNC));
}

static void by_link(const char *name)
{
	SYS(link(name, "second"));
	SYS(unlink("second"));
}

static void by_rename(const char *name)
{
	SYS(rename(name, "second"));
	SYS(rename("second", name));
}

static void by_utimens(const char *name)
{
	SYS(utimensat(AT_FDCWD, name, NULL, 0));
}

static void by_open(const char *name)
{
	SYS(close(opened(name, O_RDWR)));
	SYS(close(SYS(open(name, O_RDWR | O_CREAT, 0600))));
}

static void by_refused_truncate(const char *name)
{
	CHECK_ERR(truncate(name, -1), EINVAL);
	CHECK_ERR(ftruncate(opened(name, O_RDONLY), 0), EINVAL);
}

TEST_ROOT(other_calls_leave_the_bits)
{
	static const struct {
		const char *name;
		change_fn fn;
	} calls[] = {
		{ "write of nothing", by_write_of_nothing },
		{ "a store to a mapping", by_store },
		{ "link", by_link },
		{ "rename", by_rename },
		{ "utimensat", by_utimens },
		{ "open", by_open },
		{ "refused truncate", by_refused_truncate },
	};

	SYS(chmod(".", 0777));
	for (size_t c = 0; c < sizeof(calls) / sizeof(*calls); c++) {
		changed(calls[c].fn, &outsider, 06755, calls[c].name, 06755);
		changed(calls[c].fn, &outsider, 02644, calls[c].name, 02644);
	}
}

/* ---- chown ---- */

static void by_chown_same(const char *name)
{
	SYS(chown(name, ALICE, STAFF));
}

static void by_chown_nothing(const char *name)
{
	SYS(chown(name, -1, -1));
}

static void by_chgrp(const char *name)
{
	SYS(chown(name, -1, GUESTS));
}

static void by_fchown(const char *name)
{
	SYS(fchown(opened(name, O_RDONLY), -1, GUESTS));
}

static void by_lchown(const char *name)
{
	SYS(lchown(name, -1, GUESTS));
}

static void by_fchownat(const char *name)
{
	SYS(fchownat(AT_FDCWD, name, -1, GUESTS, 0));
}

TEST_ROOT(chown_takes_the_bits)
{
	static const struct {
		const char *name;
		change_fn fn;
	} calls[] = {
		{ "chown to the same", by_chown_same },
		{ "chown of nothing", by_chown_nothing },
		{ "chgrp", by_chgrp },
		{ "fchown", by_fchown },
		{ "lchown", by_lchown },
		{ "fchownat", by_fchownat },
	};
	/* The superuser keeps only the mark on what is no program. */
	static const struct {
		mode_t before, by_outsider, by_member, by_root;
	} modes[] = {
		{ 0755, 0755, 0755, 0755 },    { 04755, 0755, 0755, 0755 },
		{ 06755, 0755, 0755, 0755 },   { 02711, 0711, 0711, 0711 },
		{ 02644, 0644, 02644, 02644 }, { 06644, 0644, 02644, 02644 },
	};

	SYS(chmod(".", 0777));
	for (size_t c = 0; c < sizeof(calls) / sizeof(*calls); c++) {
		for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
			int changes = calls[c].fn != by_chown_same && calls[c].fn != by_chown_nothing;
			/* A member may keep the mark only as long as the file stays in its group. */
			const struct caller both = { "member of both", ALICE, GUESTS, 1, staff };

			changed(calls[c].fn, &both, modes[i].before, calls[c].name, modes[i].by_member);
			if (changes || calls[c].fn == by_chown_nothing)
				changed(calls[c].fn, &outsider, modes[i].before, calls[c].name,
					modes[i].by_outsider);
			changed(calls[c].fn, &root, modes[i].before, calls[c].name, modes[i].by_root);
		}
	}
	/* A directory keeps its bit: it means something else. */
	SYS(mkdir("d", 0755));
	SYS(chown("d", ALICE, STAFF));
	SYS(chmod("d", 06755));
	SYS(chown("d", -1, GUESTS));
	CHECK_EQ(mode_of("d"), 06755);
}

/* chown that changes nothing asks no right, unless bits would go. */
TEST_ROOT(chown_of_nothing_by_a_stranger)
{
	SYS(chmod(".", 0777));
	make("f", 0755);
	make("g", 06755);
	pid_t pid = t_fork();
	if (pid == 0) {
		static const struct caller stranger = { "stranger", BOB, GUESTS, 0, NULL };

		become(&stranger);
		SYS(chown("f", -1, -1));
		CHECK_ERR(chown("g", -1, -1), EPERM);
		CHECK_ERR(chown("f", ALICE, -1), EPERM);
		CHECK_ERR(chown("f", -1, STAFF), EPERM);
		_exit(0);
	}
	t_join(pid);
	CHECK_EQ(mode_of("g"), 06755);
}

/* ---- chmod ---- */

TEST_ROOT(chmod_by_group)
{
	static const mode_t asked[] = { 0755, 02755, 06755, 02644, 07777 };
	static const struct caller *const callers[] = { &outsider, &member, &member_by_gid, &root };

	SYS(chmod(".", 0777));
	for (size_t c = 0; c < 4; c++) {
		for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++) {
			mode_t want = callers[c] == &outsider ? asked[i] & ~02000u : asked[i];

			make("f", 0600);
			SYS(mkdir("d", 0700));
			SYS(chown("d", ALICE, STAFF));
			pid_t pid = t_fork();
			if (pid == 0) {
				become(callers[c]);
				SYS(chmod("f", asked[i]));
				CHECK_EQ(mode_of("f"), want);
				SYS(fchmod(opened("f", O_RDONLY), 0600));
				SYS(fchmod(opened("f", O_RDONLY), asked[i]));
				SYS(chmod("d", asked[i]));
				_exit(0);
			}
			t_join(pid);
			CHECK_EQ(mode_of("f"), want);
			CHECK_EQ(mode_of("d"), want);
			SYS(unlink("f"));
			SYS(rmdir("d"));
		}
	}
}

/* ---- new files ---- */

static void new_by_open(const char *name, mode_t mode)
{
	SYS(close(SYS(open(name, O_WRONLY | O_CREAT | O_EXCL, mode))));
}

static void new_by_openat(const char *name, mode_t mode)
{
	SYS(close(SYS(openat(AT_FDCWD, name, O_RDONLY | O_CREAT, mode))));
}

static void new_by_creat(const char *name, mode_t mode)
{
	SYS(close(SYS(creat(name, mode))));
}

static void new_by_mknod(const char *name, mode_t mode)
{
	SYS(mknod(name, S_IFREG | mode, 0));
}

static void new_by_mkfifo(const char *name, mode_t mode)
{
	SYS(mknod(name, S_IFIFO | mode, 0));
}

static void (*const makers[])(const char *, mode_t) = { new_by_open, new_by_openat, new_by_creat,
							new_by_mknod, new_by_mkfifo };

/* A new file: who makes it where, what it asks for and what it gets. */
static const struct {
	mode_t dir;
	const struct caller *caller;
	mode_t umask, asked, got;
} news[] = {
	{ 02777, &outsider, 0, 02777, 0777 },
	{ 02777, &outsider, 0, 06777, 04777 },
	{ 02777, &outsider, 0, 02755, 0755 },
	{ 02777, &outsider, 0, 02710, 0710 },
	{ 02777, &outsider, 0, 02666, 02666 }, /* no program */
	{ 02777, &outsider, 0, 02707, 02707 },
	{ 02777, &outsider, 0, 0777, 0777 },
	{ 02777, &outsider, 0077, 02777, 0700 }, /* the bit goes before the umask comes */
	{ 02777, &outsider, 0077, 02666, 02600 },
	{ 02777, &member, 0, 02777, 02777 },
	{ 02777, &member, 0077, 02777, 02700 },
	{ 02777, &member_by_gid, 0, 06777, 06777 },
	{ 02777, &root, 0, 02777, 02777 },
	{ 0777, &outsider, 0, 02777, 02777 }, /* its own group */
	{ 0777, &outsider, 0, 06755, 06755 },
};

TEST_ROOT(new_files_in_a_directory_of_a_group)
{
	SYS(chmod(".", 0777));
	for (size_t i = 0; i < sizeof(news) / sizeof(*news); i++) {
		SYS(mkdir("d", 0777));
		SYS(chown("d", 0, STAFF));
		SYS(chmod("d", news[i].dir));
		for (size_t m = 0; m < sizeof(makers) / sizeof(*makers); m++) {
			pid_t pid = t_fork();
			if (pid == 0) {
				become(news[i].caller);
				umask(news[i].umask);
				makers[m]("d/f", news[i].asked);
				_exit(0);
			}
			t_join(pid);
			if (mode_of("d/f") != news[i].got)
				FAIL("maker %zu, row %zu: expected %04o, found %04o", m, i,
				     (unsigned)news[i].got, (unsigned)mode_of("d/f"));
			CHECK_EQ(group_of("d/f"), news[i].dir & 02000 ? STAFF : news[i].caller->gid);
			SYS(unlink("d/f"));
		}
		SYS(rmdir("d"));
	}
}

/* Directories and links get the group as well; directories the bit, whoever makes them and whatever was asked. */
TEST_ROOT(new_directories_in_a_directory_of_a_group)
{
	SYS(chmod(".", 0777));
	SYS(mkdir("d", 0777));
	SYS(chown("d", 0, STAFF));
	SYS(chmod("d", 02777));
	pid_t pid = t_fork();
	if (pid == 0) {
		become(&outsider);
		umask(0);
		SYS(mkdir("d/plain", 0755));
		SYS(mkdir("d/asked", 06777));
		SYS(mkdir("d/plain/below", 0700));
		SYS(mkdir("no", 02777)); /* mkdir sets no set-id bit by itself */
		SYS(symlink("x", "d/link"));
		_exit(0);
	}
	t_join(pid);
	CHECK_EQ(mode_of("d/plain"), 02755);
	CHECK_EQ(mode_of("d/asked"), 02777);
	CHECK_EQ(mode_of("d/plain/below"), 02700);
	CHECK_EQ(mode_of("no"), 0777);
	CHECK_EQ(mode_of("d/link"), 0777);
	CHECK_EQ(group_of("d/plain"), STAFF);
	CHECK_EQ(group_of("d/plain/below"), STAFF);
	CHECK_EQ(group_of("d/link"), STAFF);
	CHECK_EQ(group_of("no"), GUESTS);
}

/* The right to keep the bits follows the file-system id. */
TEST_ROOT(file_system_id)
{
	SYS(chmod(".", 0777));
	make("f", 06755);
	make("g", 06755);
	pid_t pid = t_fork();
	if (pid == 0) {
		int fd = opened("f", O_WRONLY), gd = opened("g", O_WRONLY);

		syscall(SYS_setfsuid32, ALICE);
		CHECK_EQ(write(fd, "x", 1), 1);
		CHECK_ERR(chown("f", BOB, -1), EPERM);
		SYS(chmod("f", 02755));
		syscall(SYS_setfsuid32, BOB);
		CHECK_ERR(chmod("f", 0777), EPERM);
		CHECK_ERR(mknod("dev", S_IFCHR | 0600, 0x103), EPERM);
		syscall(SYS_setfsuid32, 0);
		CHECK_EQ(write(gd, "x", 1), 1);
		SYS(chown("f", BOB, -1));
		_exit(0);
	}
	t_join(pid);
	CHECK_EQ(mode_of("f"), 0755);
	CHECK_EQ(mode_of("g"), 06755);
}

T_NO_HOOK
