package io.ashlar.tier.batch;

import static io.ashlar.tier.batch.BatchCodec.U32;
import static io.ashlar.tier.batch.FieldChecks.checkLength;

import java.lang.foreign.MemorySegment;

/**
 * LCB1 version 3: a batch of independently compressed frames with an index, so that one ranged GET
 * reads one entry. This is its specification. Numbers are little-endian and unsigned, a UUID is
 * big-endian, and every CRC is CRC-32C (Castagnoli).
 *
 * <p>Each part has one owner of its offsets, which has the offset table beside its codec:
 *
 * <pre>
 * batch = header, frame…, index, footer      without a gap
 *
 *   header   64 bytes                        {@link FramedHeader}
 *   frame    16 bytes and its stored bytes   {@link Frame}
 *   index    one LZ4 block, below            {@link FramedIndex}, {@link IndexEncoder}
 *   footer   64 bytes                        {@link FramedFooter}
 *   seal     of an encrypted batch, below    {@link FrameCipher}
 *
 * index, one LZ4 block of
 *   for each frame:              varint 16 + stored, varint raw
 *   for each entry, by its key:  varint shared, varint suffix length, suffix,
 *                                varint frame, varint offset, varint length, u32 CRC of the data
 *
 * seal: the stored bytes of each frame and of the index, in an encrypted batch
 *      0      4  key id
 *      4      4  key check: the first 4 bytes of HMAC-SHA256(key, "ashlar frame key check")
 *      8     12  nonce, random for each
 *     20      …  AES-GCM text: of a frame, its body as its codec says; of the index, epoch and
 *                creation time (8 each, as in the header) and the LZ4 block
 *             16  tag
 * </pre>
 *
 * <p><b>Entries.</b> The bodies of all frames, one after the other, are exactly the body of
 * versions 1 and 2: {@code {u32 key length, key, u32 data length, data}*}. Order and duplicates are
 * kept. Where a key occurs more than once, the last entry counts. Entries share a frame until one
 * more would exceed 64 KiB. An entry whose data is longer than 64 KiB has a frame of its own. If
 * the entry is longer than 1 MiB in all, it is cut at each MiB. Every part but the last sets MORE
 * and is 1 MiB. Every part but the first sets CONTINUES and counts no entry. Such parts are a
 * <i>run</i>; any other frame is a run by itself.
 *
 * <p><b>Index.</b> Keys are sorted as unsigned bytes. Equal keys keep the order of their entries.
 * <i>shared</i> is the length of the longest common prefix with the key before, 0 for the first.
 * <i>frame</i> counts from 0. <i>offset</i> is where the entry begins in that frame's body. A large
 * entry gives the frame that it begins in. <i>length</i> is that of its data. A varint is unsigned
 * LEB128 of at most 5 bytes, in its shortest form.
 *
 * <p><b>Encryption.</b> Either all of a batch is sealed or nothing: the flag is in the header, in
 * each frame and in the footer. The additional data of a seal is the batch id, the key id (both as
 * above), and the place of the piece:
 *
 * <ul>
 *   <li>for a frame, its offset in the object (8 bytes) and bytes 0–11 of its header;
 *   <li>for the index, bytes 0–47 of the footer with the index's CRC zero, and the footer's flags.
 * </ul>
 *
 * <p>So a reader detects a piece that was moved or exchanged, and a changed header, footer or
 * count, even if all CRCs were made right. The sealed index repeats the header fields that nothing
 * else covers. CRCs cover the stored bytes, so damage is detected and repaired without the key. The
 * key check reveals a wrong key before the tag is verified. Lengths stay visible. A key must seal
 * at most 2³² pieces: rotate it before.
 *
 * <p><b>Valid</b> is an object for which all of this holds:
 *
 * <ul>
 *   <li>each magic and CRC is right; reserved bytes and unknown flags are zero;
 *   <li>header, footer and index agree in their counts, and the table of frames with the frames;
 *   <li>the pieces fill the object without a gap;
 *   <li>keys are at most 65,535 bytes, data at most 1 GiB;
 *   <li>raw total ≤ the reader's cap, and ≤ 64 MiB if there are several entries;
 *   <li>every LZ4 block gives exactly its raw length, ≤ 255 × its own;
 *   <li>entry count × 8 ≤ raw total, and frame count ≤ {@link #framesMax};
 *   <li>each entry of the index lies where it says, with its length and CRC, and none is missing.
 * </ul>
 *
 * <p>A reader checks sizes against each other and the cap before it allocates.
 *
 * <p><b>Write order.</b> Frames, index, footer, and the header last, because it has the count. The
 * object is put as a whole, so a reader never sees a part of one.
 *
 * <p><b>Reading one entry</b> whose run is known (offset and length in the object) takes one ranged
 * GET of the run. Its CRCs verify it, and the entry is found in it by its key. <b>Opening</b>
 * without such knowledge takes one ranged GET of the tail, and another for an index that is longer.
 *
 * <p><b>Scan.</b> Frames describe themselves: from byte 64, each frame's header gives the place of
 * the next. A salvage follows them while a frame is valid, or the one after a damaged frame is. It
 * looks for frames nowhere else, since data may itself hold frames of another batch. It is complete
 * when it meets no damage and finds as many entries as the header counts.
 *
 * <p><b>Version policy.</b> Other versions are refused by number; versions 1 and 2 are {@link
 * BatchCodec}'s. An unknown flag refuses the object, because a flag changes how it is read.
 *
 * <p>Thread: any; there is no state.
 */
public final class FramedBatchFormat {
  /** The version that this describes. */
  public static final int VERSION_FRAMED = 3;

  /** Bytes of the header. */
  public static final int HEADER_BYTES = 64;

  /** Bytes of the footer. */
  public static final int FOOTER_BYTES = 64;

  /** Bytes before a frame's stored bytes. */
  public static final int FRAME_HEADER_BYTES = 16;

  /** Raw bytes that a frame of several entries holds at most; longer data has frames of its own. */
  public static final int FRAME_BYTES_TARGET = 64 << 10;

  /** Raw bytes that any frame holds at most. */
  public static final int FRAME_RAW_BYTES_MAX = 1 << 20;

  /** Most bytes of a key. */
  public static final int KEY_BYTES_MAX = 65_535;

  /** Most bytes of an entry's data. */
  public static final long DATA_BYTES_MAX = 1L << 30;

  /** Most raw bytes of a batch of several entries. */
  public static final long BATCH_BYTES_MAX = 64L << 20;

  /** The flag of header and footer that says that the batch is encrypted. */
  static final int OBJECT_SEALED = 1;

  /** From the start of a batch to the end of the key check of its first frame. */
  static final int ENCRYPTION_BYTES = HEADER_BYTES + FRAME_HEADER_BYTES + 2 * Integer.BYTES;

  /** Index bytes of an entry beyond its key and framing, and of a frame, at most. */
  private static final int INDEX_ENTRY_BYTES_MAX = 16;

  private static final int INDEX_FRAME_BYTES_MAX = 8;

  private FramedBatchFormat() {}

  /** Most frames that a batch of {@code rawBytes} can have: two in a row exceed 64 KiB. */
  public static long framesMax(long rawBytes) {
    return rawBytes / FRAME_BYTES_TARGET * 2 + 2;
  }

  /** Most bytes that the raw index of such a batch can have. */
  static long indexRawBytesMax(long rawBytes, long entries, long frames) {
    return rawBytes + entries * INDEX_ENTRY_BYTES_MAX + frames * INDEX_FRAME_BYTES_MAX;
  }

  /** Whether {@code object} begins as a batch of version 3; it need not be valid. */
  public static boolean isFramed(MemorySegment object) {
    return object.byteSize() >= BatchCodec.COUNT_OFFSET
        && object.get(U32, BatchCodec.MAGIC_OFFSET) == BatchCodec.MAGIC_WORD
        && object.get(U32, BatchCodec.VERSION_OFFSET) == VERSION_FRAMED;
  }

  /**
   * How a batch is encrypted: what its header and the seal of its first frame say. The frame's CRC
   * is not checked.
   *
   * @param start the batch's first {@link #ENCRYPTION_BYTES} bytes, or more.
   * @throws BatchFormatException if the header is damaged, or a sealed batch is shorter.
   */
  static Encryption encryption(MemorySegment start) {
    if (!FramedHeader.read(start).sealed()) {
      return Encryption.NONE;
    }
    checkLength("sealed batch", start.byteSize(), ENCRYPTION_BYTES);
    int seal = HEADER_BYTES + FRAME_HEADER_BYTES;
    return new Encryption(
        Encryption.State.KEYED, start.get(U32, seal), start.get(U32, seal + Integer.BYTES));
  }
}
