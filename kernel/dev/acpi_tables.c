/* SPDX-License-Identifier: MIT */
/*
 * The parsers of single ACPI tables. Every read is checked against the table's
 * length.
 */
#include "kernel/dev/acpi.h"
#include "kernel/lib/string.h"

#define LAPIC_DEFAULT 0xfee00000u
#define IOAPIC_DEFAULT 0xfec00000u

/*
 * Little-endian values at an offset; 0 beyond the end, so that an old, short
 * table has no newer fields.
 */
static u32 acpi_get(const struct acpi_table *t, u32 off, u32 size)
{
	const u8 *p = (const u8 *)t + off;
	u32 v = 0;

	if (off > t->at_len || size > t->at_len - off)
		return 0;
	for (u32 i = 0; i < size; i++)
		v |= (u32)p[i] << (8 * i);
	return v;
}

void acpi_defaults(struct acpi_info *ai)
{
	memset(ai, 0, sizeof(*ai));
	ai->ai_lapic = LAPIC_DEFAULT;
	for (u32 i = 0; i < ACPI_NISA; i++)
		ai->ai_isa[i].is_gsi = i;
}

bool acpi_checksum_ok(const void *p, u32 len)
{
	const u8 *b = p;
	u8 sum = 0;

	while (len--)
		sum = (u8)(sum + *b++);
	return sum == 0;
}

/* Structure types of the MADT (5.2.12). */
#define MADT_ENTRIES 44
#define MADT_LAPIC 0
#define MADT_IOAPIC 1
#define MADT_OVERRIDE 2
#define MADT_LAPIC_ADDR 5

static void madt_lapic(struct acpi_info *ai, const struct acpi_table *t, u32 off)
{
	u32 id = acpi_get(t, off + 3, 1), flags = acpi_get(t, off + 4, 4);

	if (!(flags & 1) || id == 0xff || ai->ai_ncpu == ACPI_MAXCPU)
		return;
	for (u32 i = 0; i < ai->ai_ncpu; i++)
		if (ai->ai_apicid[i] == id)
			return;
	ai->ai_apicid[ai->ai_ncpu++] = (u8)id;
}

static void madt_ioapic(struct acpi_info *ai, const struct acpi_table *t, u32 off)
{
	if (ai->ai_nioapic == ACPI_MAXIOAPIC)
		return;
	ai->ai_ioapic[ai->ai_nioapic++] = (struct acpi_ioapic){
		.io_pa = acpi_get(t, off + 4, 4),
		.io_gsi = acpi_get(t, off + 8, 4),
	};
}

static void madt_override(struct acpi_info *ai, const struct acpi_table *t, u32 off)
{
	u32 bus = acpi_get(t, off + 2, 1), source = acpi_get(t, off + 3, 1), flags = acpi_get(t, off + 8, 2);

	if (bus != 0 || source >= ACPI_NISA)
		return;
	ai->ai_isa[source] = (struct acpi_isa){
		.is_gsi = acpi_get(t, off + 4, 4),
		.is_low = (flags & 3) == 3,
		.is_level = (flags >> 2 & 3) == 3,
		.is_override = true,
	};
}

static void madt_entry(struct acpi_info *ai, const struct acpi_table *t, u32 off, u32 len)
{
	switch (acpi_get(t, off, 1)) {
	case MADT_LAPIC:
		if (len >= 8)
			madt_lapic(ai, t, off);
		break;
	case MADT_IOAPIC:
		if (len >= 12)
			madt_ioapic(ai, t, off);
		break;
	case MADT_OVERRIDE:
		if (len >= 10)
			madt_override(ai, t, off);
		break;
	case MADT_LAPIC_ADDR:
		if (len >= 12 && acpi_get(t, off + 8, 4) == 0)
			ai->ai_lapic = acpi_get(t, off + 4, 4);
		break;
	}
}

void acpi_parse_madt(struct acpi_info *ai, const struct acpi_table *t)
{
	u32 len;

	if (t->at_len < MADT_ENTRIES)
		return;
	ai->ai_madt = true;
	ai->ai_lapic = acpi_get(t, 36, 4);
	for (u32 off = MADT_ENTRIES; off + 2 <= t->at_len; off += len) {
		len = acpi_get(t, off + 1, 1);
		if (len < 2 || len > t->at_len - off)
			break;
		madt_entry(ai, t, off, len);
	}
	if (!ai->ai_nioapic)
		ai->ai_ioapic[ai->ai_nioapic++].io_pa = IOAPIC_DEFAULT;
}

#define FADT_TMR_VAL_EXT (1u << 8)
#define FADT_RESET_REG_SUP (1u << 10)
#define GAS_IO 1

static u16 port(const struct acpi_table *t, u32 off)
{
	u32 v = acpi_get(t, off, 4);

	return v <= 0xffff ? (u16)v : 0;
}

void acpi_parse_fadt(struct acpi_info *ai, const struct acpi_table *t)
{
	u32 flags = acpi_get(t, 112, 4);

	ai->ai_fadt = true;
	ai->ai_dsdt = acpi_get(t, 40, 4);
	if (!ai->ai_dsdt && acpi_get(t, 144, 4) == 0)
		ai->ai_dsdt = acpi_get(t, 140, 4);
	ai->ai_smi_cmd = port(t, 48);
	ai->ai_acpi_enable = (u8)acpi_get(t, 52, 1);
	ai->ai_pm1a = port(t, 64);
	ai->ai_pm1b = port(t, 68);
	if (acpi_get(t, 91, 1) == 4)
		ai->ai_pm_timer = port(t, 76);
	ai->ai_pm_timer32 = (flags & FADT_TMR_VAL_EXT) != 0;
	ai->ai_century = (u8)acpi_get(t, 108, 1);
	if ((flags & FADT_RESET_REG_SUP) && acpi_get(t, 116, 1) == GAS_IO && acpi_get(t, 124, 4) == 0) {
		ai->ai_reset_port = port(t, 120);
		ai->ai_reset_value = (u8)acpi_get(t, 128, 1);
	}
}

#define AML_NAME_OP 0x08
#define AML_PACKAGE_OP 0x12
#define AML_BYTE 0x0a
#define AML_WORD 0x0b

/*
 * Reads a small integer constant at *off.
 * Returns: false: it is not one.
 */
static bool aml_integer(const struct acpi_table *t, u32 *off, u8 *v)
{
	u32 op = acpi_get(t, *off, 1);

	if (*off >= t->at_len)
		return false;
	if (op <= 1) {
		*v = (u8)op;
		*off += 1;
		return true;
	}
	if (op != AML_BYTE && op != AML_WORD)
		return false;
	*v = (u8)acpi_get(t, *off + 1, 1);
	*off += op == AML_BYTE ? 2 : 3;
	return true;
}

/* Name(_S5_, Package(n) { a, b, ... }) with its name at off. */
static bool parse_s5(struct acpi_info *ai, const struct acpi_table *t, u32 off)
{
	u32 before = acpi_get(t, off - 1, 1);

	if (before == '\\')
		before = acpi_get(t, off - 2, 1);
	off += 4;
	if (before != AML_NAME_OP || acpi_get(t, off, 1) != AML_PACKAGE_OP)
		return false;
	off += 1;
	/* the package's length says how long itself is */
	off += 1 + (acpi_get(t, off, 1) >> 6);
	if (acpi_get(t, off, 1) < 2)
		return false;
	off += 1;
	return aml_integer(t, &off, &ai->ai_s5_a) && aml_integer(t, &off, &ai->ai_s5_b);
}

void acpi_parse_dsdt(struct acpi_info *ai, const struct acpi_table *t)
{
	const char *p = (const char *)t;

	for (u32 off = sizeof(*t) + 2; off + 4 <= t->at_len && !ai->ai_s5; off++)
		if (memcmp(p + off, "_S5_", 4) == 0)
			ai->ai_s5 = parse_s5(ai, t, off);
}
