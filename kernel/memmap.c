/* SPDX-License-Identifier: MIT */
/* Sets of address ranges, in a small sorted array. */
#include "kernel/memmap.h"
#include "kernel/lib/string.h"

static void delete_at(struct memmap *m, u32 i, u32 count)
{
	m->mm_n -= count;
	memmove(&m->mm_range[i], &m->mm_range[i + count], (m->mm_n - i) * sizeof(m->mm_range[0]));
}

static bool insert_at(struct memmap *m, u32 i, u64 start, u64 end)
{
	if (m->mm_n == MEMMAP_MAX)
		return false;
	memmove(&m->mm_range[i + 1], &m->mm_range[i], (m->mm_n - i) * sizeof(m->mm_range[0]));
	m->mm_range[i] = (struct mem_range){ start, end };
	m->mm_n++;
	return true;
}

bool memmap_add(struct memmap *m, u64 start, u64 end)
{
	u32 i = 0, last;

	if (start >= end)
		return true;
	while (i < m->mm_n && m->mm_range[i].end < start)
		i++;
	/* [i, last) are the ranges that touch the new one */
	for (last = i; last < m->mm_n && m->mm_range[last].start <= end; last++)
		;
	if (i == last)
		return insert_at(m, i, start, end);
	m->mm_range[i].start = MIN(m->mm_range[i].start, start);
	m->mm_range[i].end = MAX(m->mm_range[last - 1].end, end);
	delete_at(m, i + 1, last - i - 1);
	return true;
}

bool memmap_remove(struct memmap *m, u64 start, u64 end)
{
	bool all = true;

	if (start >= end)
		return true;
	for (u32 i = 0; i < m->mm_n;) {
		struct mem_range old = m->mm_range[i];

		if (old.end <= start || old.start >= end) {
			i++;
			continue;
		}
		delete_at(m, i, 1);
		if (old.start < start && insert_at(m, i, old.start, start))
			i++;
		if (old.end > end) {
			if (insert_at(m, i, end, old.end))
				i++;
			else
				all = false;
		}
	}
	return all;
}

void memmap_whole_pages(struct memmap *m)
{
	for (u32 i = 0; i < m->mm_n;) {
		struct mem_range *r = &m->mm_range[i];
		u64 start = r->start > ~(u64)PAGE_MASK ? ~(u64)PAGE_MASK : PAGE_UP(r->start);
		u64 end = PAGE_DOWN(r->end);

		if (start >= end) {
			delete_at(m, i, 1);
			continue;
		}
		*r = (struct mem_range){ start, end };
		i++;
	}
}

void memmap_limit(struct memmap *m, u64 limit)
{
	for (u32 i = 0; i < m->mm_n; i++) {
		struct mem_range *r = &m->mm_range[i];

		if (r->end - r->start >= limit) {
			r->end = r->start + limit;
			m->mm_n = limit ? i + 1 : i;
			return;
		}
		limit -= r->end - r->start;
	}
}

u64 memmap_size(const struct memmap *m)
{
	u64 sum = 0;

	for (u32 i = 0; i < m->mm_n; i++)
		sum += m->mm_range[i].end - m->mm_range[i].start;
	return sum;
}

bool memmap_has(const struct memmap *m, u64 start, u64 end)
{
	for (u32 i = 0; i < m->mm_n; i++)
		if (m->mm_range[i].start <= start && end <= m->mm_range[i].end)
			return true;
	return false;
}
