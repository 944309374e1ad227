/* SPDX-License-Identifier: MIT */
/*
 * Simulated disks: requests end in any order, failures on demand, and what a power cut may leave.
 *
 * A disk is loaded by mapping its image privately, twice: what a test does not touch is not copied. So an
 * image is never changed in its place, but replaced by another file of that name.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "sim.h"

#define LOG_STEP 1024u
#define MAX_DISKS 4u

struct simdisk_write {
	u64 off;
	u32 len;
	u8 *data;
};

static struct simdisk *disks[MAX_DISKS];

static void apply_log(struct simdisk *sd)
{
	for (u32 i = 0; i < sd->sd_nlog; i++) {
		memcpy(sd->sd_stable + sd->sd_log[i].off, sd->sd_log[i].data, sd->sd_log[i].len);
		free(sd->sd_log[i].data);
	}
	sd->sd_nlog = 0;
	sd->sd_states++;
}

static void log_write(struct simdisk *sd, u64 off, const u8 *data, u32 len)
{
	if (sd->sd_nlog % LOG_STEP == 0)
		sd->sd_log = realloc(sd->sd_log, (sd->sd_nlog + LOG_STEP) * sizeof(*sd->sd_log));
	sd->sd_log[sd->sd_nlog] = (struct simdisk_write){ off, len, malloc(len) };
	memcpy(sd->sd_log[sd->sd_nlog].data, data, len);
	sd->sd_nlog++;
}

static void transfer(struct simdisk *sd, struct buf *b)
{
	u64 off = b->b_sector * SECTOR_SIZE;

	sd->sd_states += b->b_op == BUF_WRITE;
	for (u32 i = 0; i < b->b_nseg; i++) {
		u32 done = 0, len = b->b_seg[i].bs_len;

		/* Frame by frame: what lies next to each other in memory are single allocations to ASan. */
		while (done < len) {
			paddr_t pa = b->b_seg[i].bs_pa + done;
			u32 part = MIN(len - done, PAGE_SIZE - (u32)(pa & PAGE_MASK));
			u8 *mem = (u8 *)page_kva(pa_page(pa)) + (pa & PAGE_MASK);

			if (b->b_op == BUF_READ) {
				memcpy(mem, sd->sd_data + off, part);
			} else {
				memcpy(sd->sd_data + off, mem, part);
				log_write(sd, off, mem, part);
				sd->sd_bytes_written += part;
			}
			off += part;
			done += part;
		}
	}
}

static u64 length(const struct buf *b)
{
	u64 len = 0;

	for (u32 i = 0; i < b->b_nseg; i++)
		len += b->b_seg[i].bs_len;
	return len;
}

static void finish(struct simdisk *sd, struct buf *b)
{
	u32 fail = b->b_op == BUF_READ ? sd->sd_fail_read : sd->sd_fail_write;

	b->b_error = 0;
	if (fail && sim_rnd(fail) == 0)
		b->b_error = -EIO;
	else if (b->b_op == BUF_FLUSH)
		apply_log(sd);
	else if (b->b_sector * SECTOR_SIZE + length(b) > sd->sd_bdev.bd_sectors * SECTOR_SIZE)
		b->b_error = -EIO;
	else
		transfer(sd, b);
	b->b_iodone(b);
}

void bdev_submit(struct buf *b)
{
	struct simdisk *sd = b->b_dev->bd_data;

	if (sd->sd_sync)
		finish(sd, b);
	else
		list_push_back(&sd->sd_inflight, &b->b_link);
}

/* A flush covers the writes that had ended when it was submitted: it ends only when it is the oldest request. */
bool simdisk_step(void)
{
	for (u32 d = 0; d < MAX_DISKS; d++) {
		struct simdisk *sd = disks[d];
		struct buf *b, *found = NULL;
		u32 n = 0;

		if (!sd || list_empty(&sd->sd_inflight))
			continue;
		list_for_each(b, &sd->sd_inflight, b_link) {
			if (b->b_op == BUF_FLUSH && b->b_link.prev != &sd->sd_inflight)
				break;
			if (sim_rnd(++n) == 0)
				found = b;
			if (b->b_op == BUF_FLUSH)
				break;
		}
		list_remove(&found->b_link);
		finish(sd, found);
		return true;
	}
	return false;
}

bool simdisk_busy(void)
{
	for (u32 d = 0; d < MAX_DISKS; d++) {
		if (disks[d] && !list_empty(&disks[d]->sd_inflight))
			return true;
	}
	return false;
}

static size_t size_of(const struct simdisk *sd)
{
	return sd->sd_bdev.bd_sectors * SECTOR_SIZE;
}

/* Memory at addr (NULL: anywhere) with the first `len` bytes of a file, or zeros (fd -1). */
static u8 *map(u8 *addr, int fd, size_t len)
{
	int flags = MAP_PRIVATE | (addr ? MAP_FIXED : 0) | (fd < 0 ? MAP_ANONYMOUS : 0);
	u8 *mem = mmap(addr, len, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (mem == MAP_FAILED)
		panic("no memory for a disk");
	return mem;
}

void simdisk_init(struct simdisk *sd, const char *name, dev_t rdev, u64 bytes)
{
	*sd = (struct simdisk){ .sd_bdev = { .bd_name = name, .bd_rdev = rdev, .bd_sectors = bytes / SECTOR_SIZE } };
	sd->sd_bdev.bd_data = sd;
	sd->sd_data = map(NULL, -1, bytes);
	sd->sd_stable = map(NULL, -1, bytes);
	list_init(&sd->sd_inflight);
	for (u32 d = 0; d < MAX_DISKS; d++) {
		if (!disks[d]) {
			disks[d] = sd;
			return;
		}
	}
	panic("too many disks");
}

void simdisk_load(struct simdisk *sd, const char *path)
{
	int fd = open(path, O_RDONLY);
	off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	size_t len = MIN((size_t)end, size_of(sd)), whole = len & ~(size_t)PAGE_MASK;

	if (len == 0)
		panic("cannot read %s", path);
	if (whole > 0) {
		map(sd->sd_data, fd, whole);
		map(sd->sd_stable, fd, whole);
	}
	if (pread(fd, sd->sd_data + whole, len - whole, (off_t)whole) != (ssize_t)(len - whole))
		panic("cannot read %s", path);
	memcpy(sd->sd_stable + whole, sd->sd_data + whole, len - whole);
	close(fd);
}

static bool is_zero(const u8 *data, size_t len)
{
	return data[0] == 0 && memcmp(data, data + 1, len - 1) == 0;
}

/* As a sparse file: most of a disk is zeros. */
void simdisk_write_image(const char *path, const u8 *data, size_t len)
{
	char part[256];
	int fd;

	snprintf(part, sizeof(part), "%s.part", path);
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || ftruncate(fd, (off_t)len))
		panic("cannot write %s", part);
	for (size_t at = 0, n; at < len; at += n) {
		n = MIN(len - at, (size_t)PAGE_SIZE);
		if (!is_zero(data + at, n) && pwrite(fd, data + at, n, (off_t)at) != (ssize_t)n)
			panic("cannot write %s", part);
	}
	if (close(fd) || rename(part, path))
		panic("cannot write %s", path);
}

void simdisk_save(const struct simdisk *sd, const char *path)
{
	simdisk_write_image(path, sd->sd_data, size_of(sd));
}

void simdisk_free(struct simdisk *sd)
{
	for (u32 d = 0; d < MAX_DISKS; d++) {
		if (disks[d] == sd)
			disks[d] = NULL;
	}
	apply_log(sd);
	free(sd->sd_log);
	munmap(sd->sd_data, size_of(sd));
	munmap(sd->sd_stable, size_of(sd));
}

void simdisk_crash(const struct simdisk *sd, u8 *out)
{
	memcpy(out, sd->sd_stable, sd->sd_bdev.bd_sectors * SECTOR_SIZE);
	for (u32 i = 0; i < sd->sd_nlog; i++) {
		if (sim_rnd(2))
			memcpy(out + sd->sd_log[i].off, sd->sd_log[i].data, sd->sd_log[i].len);
	}
}

struct bdev *bdev_find(dev_t rdev)
{
	for (u32 d = 0; d < MAX_DISKS; d++) {
		if (disks[d] && disks[d]->sd_bdev.bd_rdev == rdev)
			return &disks[d]->sd_bdev;
	}
	return NULL;
}

struct bdev *bdev_find_name(const char *name)
{
	for (u32 d = 0; d < MAX_DISKS; d++) {
		if (disks[d] && strcmp(disks[d]->sd_bdev.bd_name, name) == 0)
			return &disks[d]->sd_bdev;
	}
	return NULL;
}
