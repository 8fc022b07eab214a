package io.ashlar.tier.batch;

import static io.ashlar.tier.batch.BatchFormatException.Check.TOO_LARGE;
import static io.ashlar.tier.batch.FramedBatchFormat.FRAME_BYTES_TARGET;
import static io.ashlar.tier.batch.FramedBatchFormat.FRAME_HEADER_BYTES;
import static io.ashlar.tier.batch.FramedBatchFormat.FRAME_RAW_BYTES_MAX;
import static io.ashlar.tier.batch.FramedBatchFormat.HEADER_BYTES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Packs entries into one object of version 3 ({@link FramedBatchFormat}), in native memory that is
 * used again for the next. Frames are compressed as they fill. Order and duplicates are kept; keys
 * and data may be empty.
 *
 * <pre>
 *             claim()          keep(), drop()                seal()          encode()
 *   +------> EMPTY --> CLAIMED --------------> FILLING -----------> SEALED ----------> ENCODED
 *   |                     ^                       |                                     |   ^
 *   |                     +---------- claim() ----+                            encode() +---+
 *   +------------------------------------ clear(), from any ----------------------------+
 * </pre>
 *
 * <p>What {@link #encode} returns is valid until the next call of anything but a getter. Memory:
 * the compressed object, one frame or one large entry, and 32 bytes and the key for each entry;
 * {@link #clear} gives back what exceeds {@value BatchEncoder#RETAINED_BYTES_MAX} bytes, close
 * everything.
 *
 * <p>Thread: one at a time.
 */
public final class FramedBatchEncoder implements AutoCloseable {
  private static final int RUNS_FIRST = 16;

  private final Scratch open = new Scratch();
  private final Scratch object = new Scratch();
  private final IndexEncoder index = new IndexEncoder();

  private long rawBytes;
  private long objectBytes = HEADER_BYTES;
  private int openBytes;
  private int openEntries;
  private long claimedKeyBytes;
  private long claimedDataBytes = -1;
  private boolean sealed;

  private @Nullable FrameKey key;
  private FrameCipher cipher = new FrameCipher(null, new UUID(0, 0));
  private UUID sealedId = new UUID(0, 0);

  /** Where each run begins in the object, and where the last one ends. */
  private long[] runOffsets = new long[RUNS_FIRST];

  private int runs;

  /**
   * Encrypts the batch that is begun; until {@link #clear}.
   *
   * @param newKey what its frames and its index are sealed with.
   * @param batch the id that the header will have.
   * @throws IllegalStateException if there are entries already.
   */
  public void seal(FrameKey newKey, UUID batch) {
    check(entries() == 0 && claimedDataBytes < 0, "has entries that are not encrypted");
    key = newKey;
    cipher = new FrameCipher(null, batch);
    sealedId = batch;
  }

  /**
   * Adds an entry by copying it.
   *
   * @return the run that it lies in, counted from 0; see {@link #run}.
   * @throws BatchFormatException as {@link #claim}.
   */
  public int add(MemorySegment key, MemorySegment data) {
    claim(key, data.byteSize()).copyFrom(data);
    return keep();
  }

  /**
   * Makes room for an entry whose data the caller fills in place, and then keeps or drops.
   *
   * @return the data's place, {@code dataBytes} long and undefined; valid until then.
   * @throws BatchFormatException if the key or the data are longer than the format allows, or the
   *     batch would exceed 64 MiB and has other entries ({@link
   *     BatchFormatException.Check#TOO_LARGE}); nothing was added.
   * @throws IllegalStateException if the entry before is neither kept nor dropped, or the batch is
   *     sealed.
   */
  public MemorySegment claim(MemorySegment key, long dataBytes) {
    check(!sealed && claimedDataBytes < 0, "takes no entry now");
    checkAtMost("key", key.byteSize(), FramedBatchFormat.KEY_BYTES_MAX);
    checkAtMost("data", dataBytes, FramedBatchFormat.DATA_BYTES_MAX);
    long entryBytes = entryBytes(key.byteSize(), dataBytes);
    if (entries() > 0) {
      checkAtMost(
          "body of several entries", rawBytes + entryBytes, FramedBatchFormat.BATCH_BYTES_MAX);
    }
    MemorySegment target = open.grow(openBytes + entryBytes, openBytes);
    target.set(BatchCodec.U32, openBytes, (int) key.byteSize());
    long at = (long) openBytes + Integer.BYTES;
    MemorySegment.copy(key, 0, target, at, key.byteSize());
    target.set(BatchCodec.U32, at + key.byteSize(), (int) dataBytes);
    claimedKeyBytes = key.byteSize();
    claimedDataBytes = dataBytes;
    return target.asSlice(at + key.byteSize() + Integer.BYTES, dataBytes);
  }

  private static long entryBytes(long keyBytes, long dataBytes) {
    return keyBytes + dataBytes + BatchCodec.ENTRY_FRAMING_BYTES;
  }

  /**
   * Keeps the entry that was claimed.
   *
   * @return the run that it lies in, counted from 0; see {@link #run}.
   */
  public int keep() {
    check(claimedDataBytes >= 0, "has nothing claimed");
    long entryBytes = entryBytes(claimedKeyBytes, claimedDataBytes);
    boolean large = claimedDataBytes > FRAME_BYTES_TARGET;
    MemorySegment memory = open.segment();
    long start = openBytes;
    if (openBytes > 0 && (large || openBytes + entryBytes > FRAME_BYTES_TARGET)) {
      sealFrame();
    }
    int run = runs;
    MemorySegment entry = memory.asSlice(start, entryBytes);
    MemorySegment key = entry.asSlice(Integer.BYTES, claimedKeyBytes);
    MemorySegment data = entry.asSlice(entryBytes - claimedDataBytes);
    index.add(key, openBytes, claimedDataBytes, BatchCodec.crc32c(data));
    if (large) {
      sealLarge(entry);
    } else {
      if (openBytes != start) {
        MemorySegment.copy(memory, start, memory, openBytes, entryBytes);
      }
      openBytes += (int) entryBytes;
      openEntries++;
    }
    rawBytes += entryBytes;
    claimedDataBytes = -1;
    return run;
  }

  /** Forgets the entry that was claimed. */
  public void drop() {
    check(claimedDataBytes >= 0, "has nothing claimed");
    claimedDataBytes = -1;
  }

  private void sealFrame() {
    beginRun();
    writeFrame(open.segment().asSlice(0, openBytes), 0, openEntries);
    endRun();
    openBytes = 0;
    openEntries = 0;
  }

  private void sealLarge(MemorySegment entry) {
    beginRun();
    for (long offset = 0; offset < entry.byteSize(); offset += FRAME_RAW_BYTES_MAX) {
      long part = Math.min(FRAME_RAW_BYTES_MAX, entry.byteSize() - offset);
      boolean more = offset + part < entry.byteSize();
      int flags =
          (offset > 0 ? FramedBatchFormat.CONTINUES : 0) | (more ? FramedBatchFormat.MORE : 0);
      writeFrame(entry.asSlice(offset, part), flags, offset > 0 ? 0 : 1);
    }
    endRun();
  }

  private void beginRun() {
    if (runs + 2 > runOffsets.length) {
      runOffsets = Arrays.copyOf(runOffsets, runOffsets.length * 2);
    }
    runOffsets[runs] = objectBytes;
  }

  private void endRun() {
    runs++;
    runOffsets[runs] = objectBytes;
  }

  private void writeFrame(MemorySegment raw, int flags, int frameEntries) {
    int rawLength = (int) raw.byteSize();
    int lz4Max = Lz4Block.compressedBytesMax(rawLength);
    // Nothing is in place before the first frame: the header is written last.
    long kept = objectBytes == HEADER_BYTES ? 0 : objectBytes;
    MemorySegment target =
        object.grow(
            objectBytes
                + FRAME_HEADER_BYTES
                + Math.max(lz4Max, rawLength)
                + FrameCipher.OVERHEAD_BYTES,
            kept);
    long body = objectBytes + FRAME_HEADER_BYTES;
    int stored = Lz4Block.compress(raw, target.asSlice(body, lz4Max));
    int codec = FramedBatchFormat.CODEC_LZ4;
    if (stored >= rawLength) {
      MemorySegment.copy(raw, 0, target, body, rawLength);
      stored = rawLength;
      codec = FramedBatchFormat.CODEC_RAW;
    }
    FramedBatchFormat.Frame frame =
        key == null
            ? new FramedBatchFormat.Frame(stored, rawLength, codec, flags, frameEntries)
            : new FramedBatchFormat.Frame(
                stored + FrameCipher.OVERHEAD_BYTES,
                rawLength,
                codec,
                flags | FramedBatchFormat.SEALED,
                frameEntries);
    if (key != null) {
      sealFrame(key, target, frame);
    }
    FramedBatchFormat.writeFrameHeader(target, objectBytes, frame);
    index.addFrame(frame.bytes(), rawLength);
    objectBytes += frame.bytes();
  }

  /** Puts a sealed frame in the place of what its codec made. */
  private void sealFrame(FrameKey frameKey, MemorySegment target, FramedBatchFormat.Frame frame) {
    long body = objectBytes + FRAME_HEADER_BYTES;
    byte[] text = target.asSlice(body, frame.textBytes()).toArray(ValueLayout.JAVA_BYTE);
    // The fields that the seal covers come first; the CRC, which covers the seal, later.
    FramedBatchFormat.writeFrameHeader(target, objectBytes, frame);
    cipher.seal(
        frameKey,
        FramedBatchFormat.framePlace(target, objectBytes, objectBytes),
        text,
        target.asSlice(body, frame.stored()));
  }

  /** Number of entries kept. */
  public long entries() {
    return index.entries();
  }

  /** Bytes of the body so far: key, data and 8 for each entry. */
  public long rawBytes() {
    return rawBytes;
  }

  /** Compresses what is not yet; no entry can be added afterwards. Idempotent. */
  public void seal() {
    check(claimedDataBytes < 0, "has an entry that is neither kept nor dropped");
    if (openBytes > 0) {
      sealFrame();
    }
    sealed = true;
  }

  /**
   * Where a run lies in the object: what one ranged GET has to read for its entries.
   *
   * @param run as {@link #keep} returned it.
   * @throws IllegalStateException if the batch is not sealed.
   */
  public FrameTable.Range run(int run) {
    check(sealed && run >= 0 && run < runs, "has no such run yet");
    return new FrameTable.Range(runOffsets[run], runOffsets[run + 1] - runOffsets[run]);
  }

  /** Number of runs, once sealed. */
  public int runs() {
    check(sealed, "is not sealed");
    return runs;
  }

  /**
   * Seals, and finishes the object; can be repeated.
   *
   * @param header what it says of itself; its count of entries is not used.
   * @return the whole object, read-only, in native memory of this encoder.
   */
  public MemorySegment encode(FramedHeader header) {
    seal();
    check(key == null || sealedId.equals(header.id()), "is sealed as another batch");
    object.grow(HEADER_BYTES, 0);
    int sealBytes = key == null ? 0 : FrameCipher.OVERHEAD_BYTES + FramedIndex.SEALED_PREFIX_BYTES;
    IndexEncoder.Encoded encoded = index.encode(object, objectBytes, sealBytes);
    long indexBytes = encoded.bytes() + sealBytes;
    long footerOffset = objectBytes + indexBytes;
    long length = footerOffset + FramedBatchFormat.FOOTER_BYTES;
    MemorySegment target = object.grow(length, footerOffset);
    FramedBatchFormat.writeHeader(
        target,
        new FramedHeader(entries(), header.epoch(), header.id(), header.createdMs(), key != null));
    int dataCrc = BatchCodec.crc32c(target.asSlice(HEADER_BYTES, objectBytes - HEADER_BYTES));
    FramedBatchFormat.Footer footer =
        new FramedBatchFormat.Footer(
            objectBytes,
            indexBytes,
            encoded.rawBytes(),
            0,
            index.frames(),
            entries(),
            rawBytes,
            length,
            dataCrc,
            key != null);
    MemorySegment stored = target.asSlice(objectBytes, indexBytes);
    if (key != null) {
      sealIndex(key, header, encoded.bytes(), footer, stored);
    }
    FramedBatchFormat.writeFooter(
        target, footerOffset, footer.withIndexCrc(BatchCodec.crc32c(stored)));
    return target.asSlice(0, length).asReadOnly();
  }

  private void sealIndex(
      FrameKey indexKey,
      FramedHeader header,
      long blockBytes,
      FramedBatchFormat.Footer footer,
      MemorySegment stored) {
    byte[] text = new byte[FramedIndex.SEALED_PREFIX_BYTES + Math.toIntExact(blockBytes)];
    MemorySegment opened = MemorySegment.ofArray(text);
    opened.set(BatchCodec.U64, 0, header.epoch());
    opened.set(BatchCodec.U64, Long.BYTES, header.createdMs());
    MemorySegment.copy(stored, 0, opened, FramedIndex.SEALED_PREFIX_BYTES, blockBytes);
    cipher.seal(indexKey, FramedBatchFormat.indexPlace(footer), text, stored);
  }

  /** Forgets all entries, keeping memory for the next ones. */
  public void clear() {
    rawBytes = 0;
    objectBytes = HEADER_BYTES;
    openBytes = 0;
    openEntries = 0;
    claimedDataBytes = -1;
    runs = 0;
    sealed = false;
    key = null;
    open.trim(BatchEncoder.RETAINED_BYTES_MAX);
    object.trim(BatchEncoder.RETAINED_BYTES_MAX);
    index.clear();
  }

  private static void checkAtMost(String field, long length, long max) {
    if (length > max) {
      throw new BatchFormatException(
          TOO_LARGE,
          "batch " + field + " too long for version 3: length=" + length + ", max=" + max);
    }
  }

  private static void check(boolean ok, String what) {
    if (!ok) {
      throw new IllegalStateException("batch encoder " + what);
    }
  }

  /** Frees all memory. Idempotent; the encoder must not be used afterwards. */
  @Override
  public void close() {
    clear();
    open.close();
    object.close();
    index.close();
  }
}
