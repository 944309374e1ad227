/* SPDX-License-Identifier: MIT */
/* The name cache; see fs/namecache.h. */
#include "fs/namecache.h"

#include "fs/vnode_impl.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "mm/page.h"

#define NHASH 1024u

struct ncent {
	struct list nc_hash;
	struct list nc_lru;
	struct list nc_inlink; /* v_names of nc_dvp */
	struct list nc_bylink; /* v_namedby of nc_vp */
	struct vnode *nc_dvp;
	struct vnode *nc_vp; /* NULL: no such name */
	u32 nc_hashval;
	u32 nc_len;
	char nc_name[];
};

static struct list nc_table[NHASH];
static struct list nc_lru = LIST_INIT(nc_lru); /* least recently used first */
static u32 nc_count, nc_limit;

void namecache_init(void)
{
	for (u32 i = 0; i < NHASH; i++)
		list_init(&nc_table[i]);
	nc_limit = MIN(MAX(npages / 4, 512u), 16384u);
}

static u32 hash_of(const struct vnode *dvp, const char *name, u32 len)
{
	u32 h = 2166136261u ^ (u32)((uintptr_t)dvp >> 5);

	for (u32 i = 0; i < len; i++)
		h = (h ^ (u8)name[i]) * 16777619u;
	return h;
}

static struct ncent *nc_find(const struct vnode *dvp, const char *name, u32 len, u32 h)
{
	struct list *head = &nc_table[h % NHASH];
	struct ncent *nc;

	list_for_each(nc, head, nc_hash) {
		if (nc->nc_hashval == h && nc->nc_dvp == dvp && nc->nc_len == len &&
		    memcmp(nc->nc_name, name, len) == 0)
			return nc;
	}
	return NULL;
}

static void nc_drop(struct ncent *nc)
{
	list_remove(&nc->nc_hash);
	list_remove(&nc->nc_lru);
	list_remove(&nc->nc_inlink);
	list_remove(&nc->nc_bylink);
	nc_count--;
	kfree(nc);
}

int namecache_lookup(struct vnode *dvp, const char *name, u32 len, struct vnode **vpp)
{
	struct ncent *nc;
	int error = -EAGAIN;

	if (dvp->v_flags & V_DYNAMIC)
		return -EAGAIN;
	spin_lock(&vfs_lock);
	nc = nc_find(dvp, name, len, hash_of(dvp, name, len));
	if (nc) {
		list_remove(&nc->nc_lru);
		list_push_back(&nc_lru, &nc->nc_lru);
		if (!nc->nc_vp) {
			error = -ENOENT;
		} else if (vnode_ref_locked(nc->nc_vp)) {
			*vpp = nc->nc_vp;
			error = 0;
		}
	}
	spin_unlock(&vfs_lock);
	return error;
}

void namecache_enter(struct vnode *dvp, const char *name, u32 len, struct vnode *vp)
{
	struct ncent *nc, *old;

	ASSERT(mutex_held(&dvp->v_lock));
	assert_may_sleep("namecache_enter");
	if ((dvp->v_flags & (V_DYNAMIC | V_UNLINKED)) || (vp && list_empty(&vp->v_hash)))
		return;
	nc = kmalloc(sizeof(*nc) + len, 0);
	if (!nc)
		return;
	nc->nc_dvp = dvp;
	nc->nc_vp = vp;
	nc->nc_len = len;
	nc->nc_hashval = hash_of(dvp, name, len);
	memcpy(nc->nc_name, name, len);
	list_init(&nc->nc_bylink);
	spin_lock(&vfs_lock);
	old = nc_find(dvp, name, len, nc->nc_hashval);
	if (old)
		nc_drop(old);
	else if (nc_count >= nc_limit)
		nc_drop(list_first(&nc_lru, struct ncent, nc_lru));
	list_push_front(&nc_table[nc->nc_hashval % NHASH], &nc->nc_hash);
	list_push_back(&nc_lru, &nc->nc_lru);
	list_push_back(&dvp->v_names, &nc->nc_inlink);
	if (vp)
		list_push_back(&vp->v_namedby, &nc->nc_bylink);
	nc_count++;
	spin_unlock(&vfs_lock);
}

void namecache_remove(struct vnode *dvp, const char *name, u32 len)
{
	struct ncent *nc;

	spin_lock(&vfs_lock);
	nc = nc_find(dvp, name, len, hash_of(dvp, name, len));
	if (nc)
		nc_drop(nc);
	spin_unlock(&vfs_lock);
}

#define DROP_MAX 32u /* names dropped while vfs_lock is held once */

void namecache_purge(struct vnode *vp)
{
	bool more = true;

	while (more) {
		spin_lock(&vfs_lock);
		for (u32 n = 0; n < DROP_MAX && !list_empty(&vp->v_names); n++)
			nc_drop(list_first(&vp->v_names, struct ncent, nc_inlink));
		for (u32 n = 0; n < DROP_MAX && !list_empty(&vp->v_namedby); n++)
			nc_drop(list_first(&vp->v_namedby, struct ncent, nc_bylink));
		more = !list_empty(&vp->v_names) || !list_empty(&vp->v_namedby);
		spin_unlock(&vfs_lock);
	}
}

/* Entries added during the walk may stay. */
void namecache_purge_all(void)
{
	spin_lock(&vfs_lock);
	for (u32 n = nc_count; n > 0 && !list_empty(&nc_lru); n--) {
		nc_drop(list_first(&nc_lru, struct ncent, nc_lru));
		if (n % DROP_MAX == 0) {
			spin_unlock(&vfs_lock);
			spin_lock(&vfs_lock);
		}
	}
	spin_unlock(&vfs_lock);
}

bool namecache_name(struct vnode *dvp, struct vnode *vp, char *buf)
{
	struct ncent *nc;
	bool found = false;

	spin_lock(&vfs_lock);
	list_for_each(nc, &vp->v_namedby, nc_bylink) {
		if (nc->nc_dvp == dvp) {
			memcpy(buf, nc->nc_name, nc->nc_len);
			buf[nc->nc_len] = 0;
			found = true;
			break;
		}
	}
	spin_unlock(&vfs_lock);
	return found;
}
