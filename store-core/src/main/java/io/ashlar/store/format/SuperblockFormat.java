package io.ashlar.store.format;

import static io.ashlar.store.format.LittleEndian.getInt;
import static io.ashlar.store.format.LittleEndian.getLong;
import static io.ashlar.store.format.LittleEndian.putInt;
import static io.ashlar.store.format.LittleEndian.putLong;

import io.ashlar.store.FormatVersionException;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The superblock: one block, kept in two copies at blocks 0 and 1, all fields little-endian.
 *
 * <pre>
 *    0  8  magic "ASHLARSB"
 *    8  4  version, 1
 *   12  4  copy: 0 in block 0, 1 in block 1
 *   16  8  store id
 *   24  8  incarnation
 *   32  8  generation
 *   40  8  created, ms since 1970
 *   48  4  bytes of a block, 4096
 *   52  4  flags: bit 0 tiered
 *   56  8  fence: last kept sequence, which is also its mark
 *   64  8  base: sequence               (what the index checkpoint covers; replay starts behind it)
 *   72  8  base: epoch
 *   80  8  base: incarnation
 *   88  8  base: first block of the log extent
 *   96  8  base: blocks of the log extent
 *  104  8  base: block where the next record may lie
 *  112  8  base: first block of the next log extent, or 0
 *  120  8  base: blocks of the next log extent, or 0
 *  128  4  base: chain value
 *  132  4  version of the index checkpoint's format, or 0 without one
 *  136  8  index checkpoint: last chunk's first block, or 0 for none (replay starts with nothing)
 *  144  8  index checkpoint: last chunk's blocks
 *  152  8  index checkpoint: bytes of all chunks
 *  160  4  index checkpoint: last chunk's checksum
 *  164  4  zero, checked
 *  168  8  index checkpoint: the last record that an entry can come from; a mark
 *  176     zero, checked
 * 4092  4  CRC-32C of bytes 0 to 4091
 * </pre>
 *
 * <p><b>Valid</b> is a copy whose checksum, magic, block size and copy number are right and whose
 * unused bytes are zero. <b>Written</b> alternately, each write synced before the next (rules L5,
 * L12): a torn write damages one copy only. <b>Read</b>: both; the valid one with the higher
 * generation is current. <b>Versions</b>: magic, version and the place of the checksum never
 * change; a whole copy of an unknown version is refused with {@link FormatVersionException}.
 */
public final class SuperblockFormat {

  /** The version written here. */
  public static final int VERSION = 1;

  /** The number of copies, at blocks 0 and 1. */
  public static final int COPIES = 2;

  private static final long MAGIC = 0x4253_5241_4c48_5341L; // "ASHLARSB"
  private static final int FLAG_TIERED = 1;
  private static final int USED_BYTES = 176;
  private static final int CRC_OFFSET = Blocks.BYTES - 4;

  private SuperblockFormat() {}

  /** Writes one copy into {@code block}, which is one block long. */
  public static void encode(Superblock superblock, int copy, MemorySegment block) {
    block.fill((byte) 0);
    putLong(block, 0, MAGIC);
    putInt(block, 8, VERSION);
    putInt(block, 12, copy);
    putLong(block, 16, superblock.storeId());
    putLong(block, 24, superblock.incarnation());
    putLong(block, 32, superblock.generation());
    putLong(block, 40, superblock.createdMs());
    putInt(block, 48, Blocks.BYTES);
    putInt(block, 52, superblock.tiered() ? FLAG_TIERED : 0);
    putLong(block, 56, superblock.fenceSequence());
    LogPosition base = superblock.base();
    putLong(block, 64, base.sequence());
    putLong(block, 72, base.epoch());
    putLong(block, 80, base.incarnation());
    putLong(block, 88, base.extentStart());
    putLong(block, 96, base.extentBlocks());
    putLong(block, 104, base.block());
    putLong(block, 112, base.nextStart());
    putLong(block, 120, base.nextBlocks());
    putInt(block, 128, base.chain());
    if (superblock.checkpointStart() != 0) {
      putInt(block, 132, IndexCheckpointFormat.VERSION);
      putLong(block, 136, superblock.checkpointStart());
      putLong(block, 144, superblock.checkpointBlocks());
      putLong(block, 152, superblock.checkpointBytes());
      putInt(block, 160, superblock.checkpointCrc32c());
      putLong(block, 168, superblock.covered());
    }
    putInt(block, CRC_OFFSET, Checksum.crc32c(block.asSlice(0, CRC_OFFSET)));
  }

  /**
   * Reads one copy.
   *
   * @return its content, or null when the copy is not valid.
   * @throws FormatVersionException if the copy is whole but of another version.
   */
  public static @Nullable Superblock decode(MemorySegment block, int copy) {
    if (getLong(block, 0) != MAGIC
        || getInt(block, CRC_OFFSET) != Checksum.crc32c(block.asSlice(0, CRC_OFFSET))) {
      return null;
    }
    int version = getInt(block, 8);
    if (version != VERSION) {
      throw new FormatVersionException(
          "unsupported data file version: version=" + version + ", supported=" + VERSION, null);
    }
    if (getInt(block, 12) != copy
        || getInt(block, 48) != Blocks.BYTES
        || (getInt(block, 52) & ~FLAG_TIERED) != 0
        || getInt(block, 164) != 0
        || !LittleEndian.isZero(block, USED_BYTES, CRC_OFFSET)) {
      return null;
    }
    int checkpointVersion = getInt(block, 132);
    if (checkpointVersion != 0 && checkpointVersion != IndexCheckpointFormat.VERSION) {
      throw new FormatVersionException(
          "unsupported index checkpoint version: version="
              + checkpointVersion
              + ", supported="
              + IndexCheckpointFormat.VERSION,
          null);
    }
    LogPosition base =
        new LogPosition(
            getLong(block, 64),
            getLong(block, 72),
            getLong(block, 80),
            getInt(block, 128),
            getLong(block, 88),
            getLong(block, 96),
            getLong(block, 104),
            getLong(block, 112),
            getLong(block, 120));
    return new Superblock(
        getLong(block, 16),
        getLong(block, 24),
        getLong(block, 32),
        getLong(block, 40),
        (getInt(block, 52) & FLAG_TIERED) != 0,
        getLong(block, 56),
        base,
        getLong(block, 168),
        getLong(block, 136),
        getLong(block, 144),
        getLong(block, 152),
        getInt(block, 160));
  }

  /** Returns whether a block begins as a superblock copy does. */
  public static boolean hasMagic(MemorySegment block) {
    return getLong(block, 0) == MAGIC;
  }

  /** Returns whether a block holds nothing but zeroes, as before a store was made in it. */
  public static boolean isBlank(MemorySegment block) {
    return LittleEndian.isZero(block, 0, block.byteSize());
  }

  /**
   * Returns whether a block that is not valid can be a first write of a copy over zeroes that a
   * crash tore: some of its sectors landed.
   */
  public static boolean canBeTorn(MemorySegment block) {
    return LittleEndian.isZero(block, USED_BYTES, CRC_OFFSET)
        && (hasMagic(block) || LittleEndian.isZero(block, 0, USED_BYTES));
  }
}
