package io.ashlar.cli.console;

import java.util.Locale;

/** Numbers as people read them: decimal units, three or four digits, no locale. */
public final class Units {
  private static final String[] BYTE_UNITS = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};

  private Units() {}

  /** Returns a number of bytes, {@code 303.4 MB} say. */
  public static String bytes(long bytes) {
    double value = bytes;
    int unit = 0;
    while (value >= 999.95 && unit < BYTE_UNITS.length - 1) {
      value /= 1000;
      unit++;
    }
    return unit == 0
        ? bytes + " B"
        : String.format(Locale.ROOT, "%.1f %s", value, BYTE_UNITS[unit]);
  }

  /** Returns a rate in MB/s, or a dash when no time passed. */
  public static String rate(long bytes, long elapsedNs) {
    if (elapsedNs <= 0) {
      return "- MB/s";
    }
    double megabytes = bytes * 1000.0 / elapsedNs;
    return String.format(Locale.ROOT, megabytes < 100 ? "%.1f MB/s" : "%.0f MB/s", megabytes);
  }

  /** Returns a duration, in the unit that gives it few digits. */
  public static String duration(long ns) {
    if (ns < 1_000_000) {
      return String.format(Locale.ROOT, "%.0f µs", ns / 1e3);
    }
    return ns < 1_000_000_000
        ? String.format(Locale.ROOT, ns < 10_000_000 ? "%.1f ms" : "%.0f ms", ns / 1e6)
        : String.format(Locale.ROOT, "%.1f s", ns / 1e9);
  }

  /** Returns a number with commas between thousands. */
  public static String count(long count) {
    return String.format(Locale.ROOT, "%,d", count);
  }

  /** Returns a count and its noun, {@code 1 file} or {@code 2 files}. */
  public static String count(long count, String noun) {
    return count(count) + " " + noun + (count == 1 ? "" : "s");
  }
}
