package io.ashlar.uring;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The layout of a submission queue entry, {@code struct io_uring_sqe}, and its filling.
 *
 * <pre>
 *  byte 0        1        2        4        8        16       24       28        32
 *       +--------+--------+--------+--------+--------+--------+--------+---------+
 *       | opcode | flags  | ioprio |   fd   |  off   |  addr  |  len   | opflags |
 *       +--------+--------+--------+--------+--------+--------+--------+---------+
 *       |     user_data   | buf_ix | person | f_index| addr3  |      zero        |
 *       +-----------------+--------+--------+--------+--------+------------------+
 *      32                40       42       44       48       56                 64
 * </pre>
 *
 * <p>An entry is written as eight longs, in little-endian order, so that nothing of the entry that
 * lay there before is left. Constants are repeated here, because touching the generated class needs
 * the library; the ABI test compares them. Source: io_uring_enter(2).
 */
final class SubmissionEntry {
  static final long BYTES = 64;
  static final long OPCODE_OFFSET = 0;
  static final long FLAGS_OFFSET = 1;
  static final long FD_OFFSET = 4;
  static final long OFF_OFFSET = 8;
  static final long ADDR_OFFSET = 16;
  static final long LEN_OFFSET = 24;
  static final long OPERATION_FLAGS_OFFSET = 28;
  static final long USER_DATA_OFFSET = 32;
  static final long BUF_INDEX_OFFSET = 40;

  static final int OP_NOP = 0;
  static final int OP_WRITEV = 2;
  static final int OP_FSYNC = 3;
  static final int OP_POLL_ADD = 6;
  static final int OP_ASYNC_CANCEL = 14;
  static final int OP_READ = 22;

  static final int FLAG_FIXED_FILE = 1;
  static final int FSYNC_DATASYNC = 1;
  static final int POLL_ADD_MULTI = 1;
  static final int POLLIN = 1;

  private SubmissionEntry() {}

  /**
   * Writes a whole entry.
   *
   * @param entries the mapped submission entries.
   * @param start byte at which the entry begins.
   * @param length bytes, or the number of iovecs, or the flags of a poll.
   * @param operationFlags RWF_…, fsync flags or the events of a poll.
   */
  static void fill(
      MemorySegment entries,
      long start,
      int opcode,
      int flags,
      int fd,
      long offset,
      long address,
      int length,
      int operationFlags,
      long userData) {
    entries.set(ValueLayout.JAVA_LONG, start, opcode | (long) flags << 8 | (long) fd << 32);
    entries.set(ValueLayout.JAVA_LONG, start + OFF_OFFSET, offset);
    entries.set(ValueLayout.JAVA_LONG, start + ADDR_OFFSET, address);
    entries.set(
        ValueLayout.JAVA_LONG,
        start + LEN_OFFSET,
        Integer.toUnsignedLong(length) | (long) operationFlags << 32);
    entries.set(ValueLayout.JAVA_LONG, start + USER_DATA_OFFSET, userData);
    entries.set(ValueLayout.JAVA_LONG, start + BUF_INDEX_OFFSET, 0);
    entries.set(ValueLayout.JAVA_LONG, start + 48, 0);
    entries.set(ValueLayout.JAVA_LONG, start + 56, 0);
  }
}
