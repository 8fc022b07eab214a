package io.ashlar.store.format;

import static io.ashlar.store.format.LittleEndian.getInt;
import static io.ashlar.store.format.LittleEndian.getLong;
import static io.ashlar.store.format.LittleEndian.putInt;
import static io.ashlar.store.format.LittleEndian.putLong;

import io.ashlar.store.FormatVersionException;
import io.ashlar.store.spi.ManifestNotes;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The superblock: one block, kept in two copies at blocks 0 and 1, all fields little-endian.
 *
 * <pre>
 *    0  8  magic "ASHLARSB"
 *    8  4  version, 2
 *   12  4  copy: 0 in block 0, 1 in block 1
 *   16  8  store id
 *   24  8  incarnation
 *   32  8  generation
 *   40  8  created, ms since 1970
 *   48  4  bytes of a block, 4096
 *   52  4  flags: bit 0 tiered; bit 1 notes incomplete: tiered before there were any
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
 *  176  8  notes: how many were made ({@link ManifestNotes})
 *  184  8  notes: sequence of the settled manifest, or 0 for none
 *  192 16  notes: its put id, upper half first; or 0
 *  208  4  notes: manifests sent since, at most 32
 *  212  4  zero, checked
 *  216 24  for each of them, oldest first: sequence, put id
 *    …     zero, checked
 * 4092  4  CRC-32C of bytes 0 to 4091
 * </pre>
 *
 * <p><b>Valid</b> is a copy whose checksum, magic, block size and copy number are right, whose
 * notes are within their bounds and whose unused bytes are zero. <b>Written</b> alternately, each
 * write synced before the next (rules L5, L12): a torn write damages one copy only. <b>Read</b>:
 * both; the valid one with the higher generation is current, with the fence of the higher
 * incarnation and the notes of the higher count of both. <b>Versions</b>: 2 is written, 1 and 2 are
 * read. Version 1 has no notes: bytes 176 to 4091 and bit 1 of the flags are zero. The first open
 * for writing turns it into version 2. Magic, version and the place of the checksum never change; a
 * whole copy of another version is refused with {@link FormatVersionException}.
 */
public final class SuperblockFormat {

  /** The version written here. */
  public static final int VERSION = 2;

  private static final int VERSION_MIN = 1;

  /** The number of copies, at blocks 0 and 1. */
  public static final int COPIES = 2;

  private static final long MAGIC = 0x4253_5241_4c48_5341L; // "ASHLARSB"
  private static final int FLAG_TIERED = 1;
  private static final int FLAG_NOTES_INCOMPLETE = 2;
  private static final int NOTES_OFFSET = 176;
  private static final int SENT_OFFSET = 216;
  private static final int SENT_BYTES = 24;
  private static final long NOTES_MAX = Long.MAX_VALUE >>> 1;
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
    putInt(
        block,
        52,
        (superblock.tiered() ? FLAG_TIERED : 0)
            | (superblock.notes().complete() ? 0 : FLAG_NOTES_INCOMPLETE));
    putLong(block, 56, superblock.fenceSequence());
    LogPosition base = superblock.base();
    putLong(block, 64, base.sequence());
    putLong(block, 72, base.epoch());
    putLong(block, 80, base.incarnation());
    putLong(block, 88, base.extent().start());
    putLong(block, 96, base.extent().blocks());
    putLong(block, 104, base.block());
    putLong(block, 112, base.next().start());
    putLong(block, 120, base.next().blocks());
    putInt(block, 128, base.chain());
    Superblock.Checkpoint checkpoint = superblock.checkpoint();
    if (!checkpoint.isNone()) {
      putInt(block, 132, IndexCheckpointFormat.VERSION);
      putLong(block, 136, checkpoint.start());
      putLong(block, 144, checkpoint.blocks());
      putLong(block, 152, checkpoint.bytes());
      putInt(block, 160, checkpoint.crc32c());
      putLong(block, 168, checkpoint.covered());
    }
    encodeNotes(superblock.notes(), block);
    putInt(block, CRC_OFFSET, Checksum.crc32c(block.asSlice(0, CRC_OFFSET)));
  }

  private static void encodeNotes(ManifestNotes notes, MemorySegment block) {
    putLong(block, NOTES_OFFSET, notes.count());
    encodeNote(notes.settled(), block, 184);
    putInt(block, 208, notes.sent().size());
    for (int i = 0; i < notes.sent().size(); i++) {
      encodeNote(notes.sent().get(i), block, SENT_OFFSET + i * SENT_BYTES);
    }
  }

  private static void encodeNote(
      ManifestNotes.@Nullable Note note, MemorySegment block, int offset) {
    if (note != null) {
      putLong(block, offset, note.sequence());
      putLong(block, offset + 8, note.putId().getMostSignificantBits());
      putLong(block, offset + 16, note.putId().getLeastSignificantBits());
    }
  }

  /** Returns the notes, or null when they are out of their bounds. */
  private static @Nullable ManifestNotes decodeNotes(MemorySegment block, boolean complete) {
    long count = getLong(block, NOTES_OFFSET);
    int sentCount = getInt(block, 208);
    if (count < 0
        || count > NOTES_MAX
        || sentCount < 0
        || sentCount > ManifestNotes.SENT_MAX
        || getInt(block, 212) != 0
        || !LittleEndian.isZero(block, SENT_OFFSET + sentCount * SENT_BYTES, CRC_OFFSET)) {
      return null;
    }
    ManifestNotes.Note settled = decodeNote(block, 184);
    if (settled == null && !LittleEndian.isZero(block, 184, 208)) {
      return null;
    }
    List<ManifestNotes.Note> sent = new ArrayList<>();
    for (int i = 0; i < sentCount; i++) {
      ManifestNotes.Note note = decodeNote(block, SENT_OFFSET + i * SENT_BYTES);
      if (note == null) {
        return null;
      }
      sent.add(note);
    }
    return new ManifestNotes(count, complete, settled, sent);
  }

  private static ManifestNotes.@Nullable Note decodeNote(MemorySegment block, int offset) {
    long sequence = getLong(block, offset);
    return sequence < 1
        ? null
        : new ManifestNotes.Note(
            sequence, new UUID(getLong(block, offset + 8), getLong(block, offset + 16)));
  }

  /**
   * Returns what a copy of version 1 says of notes, which were not kept; or null when not valid.
   */
  private static @Nullable ManifestNotes notesOfVersionOne(MemorySegment block, int flags) {
    if ((flags & FLAG_NOTES_INCOMPLETE) != 0
        || !LittleEndian.isZero(block, NOTES_OFFSET, CRC_OFFSET)) {
      return null;
    }
    return (flags & FLAG_TIERED) != 0 ? ManifestNotes.BEFORE_NOTES : ManifestNotes.NONE;
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
    if (version < VERSION_MIN || version > VERSION) {
      throw new FormatVersionException(
          "unsupported data file version: version="
              + version
              + ", supported="
              + VERSION_MIN
              + " to "
              + VERSION,
          null);
    }
    int flags = getInt(block, 52);
    ManifestNotes notes =
        version == VERSION
            ? decodeNotes(block, (flags & FLAG_NOTES_INCOMPLETE) == 0)
            : notesOfVersionOne(block, flags);
    if (notes == null
        || getInt(block, 12) != copy
        || getInt(block, 48) != Blocks.BYTES
        || (flags & ~(FLAG_TIERED | FLAG_NOTES_INCOMPLETE)) != 0
        || getInt(block, 164) != 0) {
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
            new LogExtent(getLong(block, 88), getLong(block, 96)),
            getLong(block, 104),
            new LogExtent(getLong(block, 112), getLong(block, 120)));
    return new Superblock(
        getLong(block, 16),
        getLong(block, 40),
        getLong(block, 32),
        (flags & FLAG_TIERED) != 0,
        new Superblock.Fence(getLong(block, 24), getLong(block, 56)),
        new Superblock.Checkpoint(
            base,
            getLong(block, 168),
            getLong(block, 136),
            getLong(block, 144),
            getLong(block, 152),
            getInt(block, 160)),
        notes);
  }

  /** Returns whether a block begins as a superblock copy does. */
  public static boolean hasMagic(MemorySegment block) {
    return getLong(block, 0) == MAGIC;
  }

  /** Returns whether a block holds nothing but zeroes, as before a store was made in it. */
  public static boolean isBlank(MemorySegment block) {
    return LittleEndian.isZero(block, 0, block.byteSize());
  }
}
