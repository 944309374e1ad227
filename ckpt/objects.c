/* SPDX-License-Identifier: MIT */
/* The table of objects of a save: see objects.h. */
#include "ckpt/objects.h"

#include "ckpt/save.h"
#include "fs/vnode.h"
#include "kernel/lib/panic.h"
#include "mm/kmalloc.h"
#include "proc/proctab.h"

static u32 *objects_bucket_of(struct ckpt_objects *os, const void *ptr)
{
	return &os->os_bucket[((u32)ptr * 0x9e3779b1u >> 16) % OBJECT_BUCKETS];
}

struct ckpt_object *ckpt_object(struct ckpt_save *cs, enum ckpt_class class, const void *ptr)
{
	struct ckpt_objects *os = &cs->cs_objects[class];

	for (u32 i = *objects_bucket_of(os, ptr); i; i = os->os_list[i - 1].ob_next) {
		if (os->os_list[i - 1].ob_ptr == ptr)
			return &os->os_list[i - 1];
	}
	return NULL;
}

struct ckpt_object *ckpt_object_add(struct ckpt_save *cs, enum ckpt_class class, const void *ptr)
{
	struct ckpt_objects *os = &cs->cs_objects[class];
	struct ckpt_object *ob = CKPT_GROW(os->os_list, os->os_n);
	u32 *head = objects_bucket_of(os, ptr);

	if (!ob)
		return NULL;
	*ob = (struct ckpt_object){ .ob_ptr = ptr, .ob_index = os->os_n - 1 };
	if (ptr) {
		ob->ob_next = *head;
		*head = os->os_n;
	}
	return ob;
}

u32 ckpt_nobjects(const struct ckpt_save *cs, enum ckpt_class class)
{
	return cs->cs_objects[class].os_n;
}

struct ckpt_object *ckpt_object_at(const struct ckpt_save *cs, enum ckpt_class class, u32 place)
{
	ASSERT(place < cs->cs_objects[class].os_n);
	return &cs->cs_objects[class].os_list[place];
}

bool ckpt_closed(const struct ckpt_save *cs, const struct ckpt_object *ob, u32 refs)
{
	return cs_in_place(cs) || ob->ob_refused || refs <= ob->ob_met;
}

static bool refers(struct proc *p, enum ckpt_class class, const void *ptr)
{
	bool found = false;

	spin_lock(&p->p_lock);
	switch (class) {
	case CO_AS: found = p->p_as == ptr; break;
	case CO_FDTAB: found = p->p_fdtab == ptr; break;
	case CO_FILE: found = p->p_fdtab && fdtab_count(p->p_fdtab, ptr) > 0; break;
	default: panic("class of objects %u", class);
	}
	spin_unlock(&p->p_lock);
	return found;
}

pid_t ckpt_outsider(struct ckpt_save *cs, enum ckpt_class class, const void *ptr)
{
	struct proc_walk w;
	struct proc *p;
	pid_t pid = 0;

	spin_lock(&pidlock);
	walk_all(&w, class == CO_FILE ? 2 : WALK_MANY); /* tables are long */
	while (!pid && (p = walk_next(&w))) {
		if (!ckpt_is_member(cs, p) && refers(p, class, ptr))
			pid = p->p_pid;
	}
	spin_unlock(&pidlock);
	return pid;
}

void ckpt_objects_drop(struct ckpt_save *cs)
{
	struct ckpt_objects *files = &cs->cs_objects[CO_FILE], *data = &cs->cs_objects[CO_DATA];

	for (u32 i = 0; i < files->os_n; i++)
		file_rele((struct file *)files->os_list[i].ob_ptr);
	files->os_n = 0;
	for (u32 i = 0; i < data->os_n; i++) {
		if (data->os_list[i].ob_ptr)
			vn_rele((struct vnode *)data->os_list[i].ob_ptr);
		data->os_list[i].ob_ptr = NULL;
	}
}

void ckpt_objects_free(struct ckpt_save *cs)
{
	for (u32 i = 0; i < CO_NCLASS; i++)
		kfree(cs->cs_objects[i].os_list);
}
