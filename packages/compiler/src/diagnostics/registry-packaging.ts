/** The rows of packaging: HD38xx. HD380x what code imports, HD381x files that come along, HD382x what should not leave a machine. */
export const packagingDiagnostics = {
  HD3801: { severity: "error", title: "A file that is imported does not exist" },
  HD3802: { severity: "error", title: "A package is not found" },
  HD3803: { severity: "error", title: "An import leaves the package folder" },
  HD3804: { severity: "error", title: "An import is computed while it runs" },
  HD3805: { severity: "error", title: "A package cannot go into a bundle" },
  HD3806: { severity: "error", title: "A decorator cannot be lowered" },
  HD3807: { severity: "error", title: "A file cannot be bundled" },
  HD3811: { severity: "error", title: "An include names nothing" },
  HD3812: { severity: "error", title: "What code imports is excluded" },
  HD3813: { severity: "warning", title: "A file that is read is not included" },
  HD3814: { severity: "error", title: "An include cannot be read" },
  HD3821: { severity: "warning", title: "A variable of the host is named by a pattern" },
  HD3822: { severity: "warning", title: "A variable of the host looks like a secret" },
  HD3823: { severity: "warning", title: "A file of the bundle looks like a secret" },
} as const;
