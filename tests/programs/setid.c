/* SPDX-License-Identifier: MIT */
/*
 * The set-user-id and set-group-id bits of files: which calls take them away, from
 * whom, and which leave them. Tables of modes, before and after.
 */
#include "setid/setid.h"
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

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
