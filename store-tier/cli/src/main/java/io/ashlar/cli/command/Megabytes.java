package io.ashlar.cli.command;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads an option that is given in megabytes, of 1,000,000 bytes each, as bytes. */
final class Megabytes implements ITypeConverter<Long> {
  private static final long MEGABYTE = 1_000_000;
  private static final long MEGABYTES_MAX = 1_000_000_000;

  @Override
  public Long convert(String text) {
    long megabytes;
    try {
      megabytes = Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw refused(text);
    }
    if (megabytes < 0 || megabytes > MEGABYTES_MAX) {
      throw refused(text);
    }
    return megabytes * MEGABYTE;
  }

  private static TypeConversionException refused(String text) {
    return new TypeConversionException(
        "must be 0 to " + MEGABYTES_MAX + " megabytes, but was '" + text + "'");
  }
}
