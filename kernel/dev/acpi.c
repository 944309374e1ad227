/* SPDX-License-Identifier: MIT */
/* Finding the ACPI tables in memory. Their contents: acpi_tables.c. */
#include "kernel/dev/acpi.h"
#include "kernel/lib/printk.h"
#include "kernel/lib/string.h"
#include "mm/hat.h"
#include "mm/page.h"

#define TABLE_MAX (1u << 20)
#define RSDP_V1_LEN 20

struct rsdp {
	char rs_sig[8];
	u8 rs_checksum;
	char rs_oem[6];
	u8 rs_rev;
	u32 rs_rsdt;
	u32 rs_len;
	u64 rs_xsdt;
	u8 rs_checksum2, rs_reserved[3];
} __packed;

struct acpi_info acpi;

/*
 * Tables often lie in memory that the map calls reserved, just above the RAM.
 */
static const void *map(paddr_t pa, u32 len)
{
	if (pa > 0xffffffffu - len)
		return NULL;
	if (pa + len <= npages << PAGE_SHIFT)
		return KVA(pa);
	return (const void *)mmio_map(pa, len);
}

/* Returns: NULL: no valid table at pa. */
static const struct acpi_table *map_table(paddr_t pa)
{
	const struct acpi_table *t = pa ? map(pa, sizeof(*t)) : NULL;
	u32 len;

	if (!t)
		return NULL;
	len = t->at_len;
	if (len < sizeof(*t) || len > TABLE_MAX)
		return NULL;
	t = map(pa, len);
	if (!t || !acpi_checksum_ok(t, len)) {
		printk("acpi: a table at %#x is damaged, ignored\n", pa);
		return NULL;
	}
	return t;
}

static const struct rsdp *acpi_search(paddr_t from, u32 len)
{
	const char *p = KVA(from);

	for (u32 off = 0; off + sizeof(struct rsdp) <= len; off += 16)
		if (memcmp(p + off, "RSD PTR ", 8) == 0 && acpi_checksum_ok(p + off, RSDP_V1_LEN))
			return (const struct rsdp *)(p + off);
	return NULL;
}

static const struct rsdp *find_rsdp(void)
{
	u32 ebda = (u32) * (const u16 *)KVA(0x40e) << 4;
	const struct rsdp *rs = NULL;

	if (ebda >= 0x400 && ebda < 0xa0000)
		rs = acpi_search(ebda, 1024);
	return rs ? rs : acpi_search(0xe0000, 0x20000);
}

static void use_table(paddr_t pa)
{
	const struct acpi_table *t = map_table(pa);

	if (!t)
		return;
	if (memcmp(t->at_sig, "APIC", 4) == 0 && !acpi.ai_madt)
		acpi_parse_madt(&acpi, t);
	else if (memcmp(t->at_sig, "FACP", 4) == 0 && !acpi.ai_fadt)
		acpi_parse_fadt(&acpi, t);
}

/* The root table: an array of addresses, of 4 or 8 bytes each. */
static void walk_root(const struct acpi_table *root, u32 size)
{
	const u8 *p = (const u8 *)root;

	for (u32 off = sizeof(*root); off + size <= root->at_len; off += size) {
		u64 pa = 0;

		memcpy(&pa, p + off, size);
		if (pa >> 32 == 0)
			use_table((paddr_t)pa);
	}
}

static void read_tables(const struct rsdp *rs)
{
	const struct acpi_table *root;

	if (rs->rs_rev >= 2 && rs->rs_xsdt && rs->rs_xsdt >> 32 == 0) {
		root = map_table((paddr_t)rs->rs_xsdt);
		if (root && memcmp(root->at_sig, "XSDT", 4) == 0) {
			walk_root(root, 8);
			return;
		}
	}
	root = map_table(rs->rs_rsdt);
	if (root && memcmp(root->at_sig, "RSDT", 4) == 0)
		walk_root(root, 4);
}

void acpi_init(void)
{
	const struct rsdp *rs = find_rsdp();
	const struct acpi_table *dsdt;

	acpi_defaults(&acpi);
	if (rs)
		read_tables(rs);
	dsdt = acpi.ai_fadt ? map_table(acpi.ai_dsdt) : NULL;
	if (dsdt && memcmp(dsdt->at_sig, "DSDT", 4) == 0)
		acpi_parse_dsdt(&acpi, dsdt);
	if (!acpi.ai_madt) {
		printk("acpi: no table of CPUs; using one\n");
		acpi.ai_nioapic = 1;
		acpi.ai_ioapic[0] = (struct acpi_ioapic){ .io_pa = 0xfec00000 };
		acpi.ai_isa[0] = (struct acpi_isa){ .is_gsi = 2, .is_override = true };
	}
	printk(KDEBUG "acpi: %u CPUs, %u I/O APICs, power-off %s\n", MAX(acpi.ai_ncpu, 1u),
	       acpi.ai_nioapic, acpi.ai_s5 ? "yes" : "no");
}
