/* SPDX-License-Identifier: MIT */
/*
 * The firmware's tables about this machine: CPUs, interrupt controllers, how to
 * switch it off. Static tables only; from AML only the \_S5 package is read,
 * found by its name. The parsers (kernel/dev/acpi_tables.c) touch no hardware.
 * They get a table whose header, length and checksum are right, and trust
 * nothing else in it.
 * Source: ACPI Specification 6.4, sections 5.2 (tables), 20.2 (AML encoding).
 */
#ifndef KERNEL_DEV_ACPI_H
#define KERNEL_DEV_ACPI_H

#include "kernel/lib/types.h"

#define ACPI_MAXCPU 64
#define ACPI_MAXIOAPIC 4
#define ACPI_NISA 16

struct acpi_table {
	char at_sig[4];
	u32 at_len;
	u8 at_rev, at_checksum;
	char at_oem[22];
	u32 at_creator_rev;
} __packed;
_Static_assert(sizeof(struct acpi_table) == 36, "ACPI header");

struct acpi_ioapic {
	paddr_t io_pa;
	u32 io_gsi; /* first global interrupt number */
};

struct acpi_isa {
	u32 is_gsi;
	bool is_level, is_low;
	/*
	 * stated by the table; otherwise the bus's default: edge, active high
	 */
	bool is_override;
};

struct acpi_info {
	bool ai_madt, ai_fadt;
	/* MADT. Enabled CPUs, in the table's order. */
	u32 ai_ncpu;
	u8 ai_apicid[ACPI_MAXCPU];
	paddr_t ai_lapic;
	u32 ai_nioapic;
	struct acpi_ioapic ai_ioapic[ACPI_MAXIOAPIC];
	struct acpi_isa ai_isa[ACPI_NISA];
	/* FADT; port number 0: no such port. */
	u16 ai_smi_cmd, ai_pm1a, ai_pm1b, ai_pm_timer;
	u8 ai_acpi_enable;
	bool ai_pm_timer32; /* 32 bits wide, not 24 */
	u8 ai_century;	    /* CMOS register, 0: none */
	u16 ai_reset_port;
	u8 ai_reset_value;
	paddr_t ai_dsdt;
	/* \_S5: values for the sleep type fields. */
	bool ai_s5;
	u8 ai_s5_a, ai_s5_b;
};

extern struct acpi_info acpi;

/*
 * Finds and reads the tables. Without tables, `acpi` describes a plain PC: one
 * CPU, the usual addresses.
 */
void acpi_init(void);

/* Sets the defaults / reads one table into ai. No hardware. */
void acpi_defaults(struct acpi_info *ai);
bool acpi_checksum_ok(const void *p, u32 len);
void acpi_parse_madt(struct acpi_info *ai, const struct acpi_table *t);
void acpi_parse_fadt(struct acpi_info *ai, const struct acpi_table *t);
void acpi_parse_dsdt(struct acpi_info *ai, const struct acpi_table *t);

#endif
