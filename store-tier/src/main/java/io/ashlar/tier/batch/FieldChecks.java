package io.ashlar.tier.batch;

import static io.ashlar.tier.batch.BatchFormatException.Check.CHECKSUM;
import static io.ashlar.tier.batch.BatchFormatException.Check.LENGTH;
import static io.ashlar.tier.batch.BatchFormatException.Check.RESERVED;
import static io.ashlar.tier.batch.BatchFormatException.Check.SIZE_MISMATCH;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Checks of single fields of a version 3 batch. Each throws a {@link BatchFormatException} that
 * names the field, the value and what was expected. Thread: any; there is no state.
 */
final class FieldChecks {
  private FieldChecks() {}

  static void checkEqual(String field, long expected, long actual) {
    if (expected != actual) {
      throw new BatchFormatException(
          SIZE_MISMATCH,
          "batch " + field + " mismatch: expected=" + expected + ", actual=" + actual);
    }
  }

  static void checkAtMost(String field, long value, long max, BatchFormatException.Check check) {
    // An unsigned number of 2⁶³ or more is negative here, and exceeds every bound.
    if (value < 0 || value > max) {
      throw new BatchFormatException(
          check,
          "batch "
              + field
              + " exceeds its bound: value="
              + Long.toUnsignedString(value)
              + ", max="
              + max);
    }
  }

  static void checkCrc(String part, int expected, int actual) {
    if (expected != actual) {
      throw new BatchFormatException(
          CHECKSUM,
          String.format(
              "batch %s CRC-32C mismatch: expected=0x%08x, actual=0x%08x", part, expected, actual));
    }
  }

  static void checkLength(String part, long length, long least) {
    if (length < least) {
      throw new BatchFormatException(
          LENGTH, "batch too short for its " + part + ": expected=" + least + ", actual=" + length);
    }
  }

  static void checkZero(String part, MemorySegment bytes, int from, int to) {
    for (int i = from; i < to; i++) {
      byte value = bytes.get(ValueLayout.JAVA_BYTE, i);
      if (value != 0) {
        throw new BatchFormatException(
            RESERVED,
            "batch "
                + part
                + " has a reserved byte that is not zero: offset="
                + i
                + ", value="
                + value);
      }
    }
  }

  /** Refuses flags of the whole object that this version does not know. */
  static void checkFlags(long flags) {
    if (flags > FramedBatchFormat.OBJECT_SEALED) {
      throw new BatchFormatException(
          RESERVED, "batch has flags that are not known here: flags=" + flags);
    }
  }
}
