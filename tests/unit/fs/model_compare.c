/* SPDX-License-Identifier: MIT */
/* Is the file system as the model says? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/abi/stat.h"
#include "model_impl.h"

void model_compare_range(struct model_tree *t, const struct mfile *f, struct vnode *vp,
			 const char *path, u64 off, u32 len)
{
	ssize_t n = vp ? vn_pread(vp, t->buf, len, (off_t)off) : env_pread(path, t->buf, len, (off_t)off);
	size_t want;

	if (n < 0) {
		model_outcome(t, (int)n, 0, "read", path);
		return;
	}
	want = model_read(f, off, t->buf2, len);
	if (n < (ssize_t)want && t->lim.no_memory)
		want = (size_t)n; /* as far as memory went */
	sim_check(n == (ssize_t)want, "read %s at %llu: %zd bytes, expected %zu", path,
		  (unsigned long long)off, n, want);
	if (n == (ssize_t)want && memcmp(t->buf, t->buf2, want)) {
		size_t i = 0;

		while (t->buf[i] == t->buf2[i])
			i++;
		sim_check(false, "read %s at %llu (size %llu): byte %llu is %02x, expected %02x",
			  path, (unsigned long long)off, (unsigned long long)f->size,
			  (unsigned long long)off + i, t->buf[i], t->buf2[i]);
	}
}

struct seen {
	struct model_tree *t;
	struct mnode *dir;
	u32 n;
};

static void seen_entry(void *arg, const char *name, ino_t ino)
{
	struct seen *s = arg;

	s->n++;
	sim_check(model_child(s->t, s->dir, name) != NULL, "%s has an entry %s", model_path(s->t, s->dir), name);
}

static void compare_dir(struct model_tree *t, struct mnode *dir)
{
	struct seen s = { t, dir, 0 };

	if (!model_outcome(t, env_readdir(model_path(t, dir), seen_entry, &s), 0, "readdir", model_path(t, dir)))
		return;
	sim_check(s.n == dir->nchildren, "%s has %u entries, expected %u", model_path(t, dir), s.n, dir->nchildren);
}

static void compare_data(struct model_tree *t, const struct mfile *f, const char *path)
{
	for (u32 i = 0; i < f->npages; i++) {
		if (i == 0 || f->page[i].idx != f->page[i - 1].idx + 1)
			model_compare_range(t, f, NULL, path, (u64)f->page[i].idx * PAGE_SIZE,
					    MIN(t->lim.max_write, 65536u));
		else if (f->page[i].idx % 16 == 0)
			model_compare_range(t, f, NULL, path, (u64)f->page[i].idx * PAGE_SIZE,
					    MIN(t->lim.max_write, 65536u));
	}
	if (f->size > 0)
		model_compare_range(t, f, NULL, path, f->size - 1, 10);
}

static void compare_node(struct model_tree *t, struct mnode *n)
{
	const struct mfile *f = n->file;
	const char *path = model_path(t, n);
	struct vattr va;

	if (!model_outcome(t, env_stat(path, &va), 0, "stat", path))
		return;
	sim_check(va.va_mode == f->mode, "%s: mode %o, expected %o", path, va.va_mode, f->mode);
	sim_check(va.va_nlink == f->nlink, "%s: %u links, expected %u", path, (u32)va.va_nlink, f->nlink);
	if (S_ISDIR(f->mode)) {
		compare_dir(t, n);
		return;
	}
	sim_check(va.va_size == f->size, "%s: size %llu, expected %llu", path,
		  (unsigned long long)va.va_size, (unsigned long long)f->size);
	if (S_ISLNK(f->mode)) {
		char text[300];
		int len = env_readlink(path, text, sizeof(text));

		if (model_outcome(t, len < 0 ? len : 0, 0, "readlink", path))
			sim_check(len == (int)f->size && memcmp(text, f->target, f->size) == 0,
				  "%s leads elsewhere", path);
	} else if (S_ISREG(f->mode)) {
		compare_data(t, f, path);
	}
}

void tree_compare(struct model_tree *t)
{
	for (u32 i = 0; i < t->n; i++)
		compare_node(t, t->node[i]);
}

static void compare_host_file(struct model_tree *t, struct mnode *n, u32 number)
{
	const struct mfile *f = n->file;
	char name[32];
	size_t len = 0;
	u8 *data;

	snprintf(name, sizeof(name), "host.%u", number);
	data = env_read_file(name, &len);
	sim_check(data && len == f->size, "%s by debugfs: %zu bytes, expected %llu",
		  model_path(t, n), len, (unsigned long long)f->size);
	for (size_t off = 0; data && len == f->size && off < len; off += 65536) {
		size_t part = model_read(f, off, t->buf2, 65536);

		if (!sim_check(memcmp(data + off, t->buf2, part) == 0,
			       "%s by debugfs differs after %zu", model_path(t, n), off))
			break;
	}
	free(data);
}

#define HOST_FILES 40u
#define HOST_BYTES (4u << 20) /* debugfs writes holes out: no larger files */

void tree_compare_host(struct model_tree *t, const char *image)
{
	u32 nodes[HOST_FILES], n = 0;
	char name[128];
	FILE *script;

	snprintf(name, sizeof(name), "%s/script", env_dir);
	script = fopen(name, "w");
	if (!CHECK(script != NULL))
		return;
	for (u32 i = 1; i < t->n && n < HOST_FILES; i++) {
		const struct mfile *f = t->node[i]->file;

		if (!S_ISREG(f->mode) || f->size > HOST_BYTES)
			continue;
		fprintf(script, "dump %s host.%u\n", model_path(t, t->node[i]) + strlen("/mnt"), n);
		nodes[n++] = i;
	}
	fclose(script);
	env_host("debugfs -f script %s >/dev/null 2>&1", image);
	for (u32 i = 0; i < n; i++)
		compare_host_file(t, t->node[nodes[i]], i);
	env_host("rm -f host.*");
}
