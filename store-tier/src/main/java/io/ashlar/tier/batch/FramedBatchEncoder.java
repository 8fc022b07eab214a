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
    return add(key, data, BatchCodec.crc32c(data));
  }

  /**
   * Adds an entry by copying it, whose checksum the caller has verified already, as {@link
   * #keep(int)} does.
   */
  public int add(MemorySegment key, MemorySegment data, int dataCrc32c) {
    long dataBytes = data.byteSize();
    MemorySegment target = claim(key, dataBytes, true);
    target.copyFrom(data);
    return keep(dataCrc32c);
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
    return claim(key, dataBytes, false);
  }

  /**
   * Makes room for an entry.
   *
   * @param isKept whether it is certain to be kept, so that the frame before it can be closed now,
   *     and it need not be moved to the start of its own later.
   */
  private MemorySegment claim(MemorySegment key, long dataBytes, boolean isKept) {
    check(!sealed && claimedDataBytes < 0, "takes no entry now");
    checkAtMost("key", key.byteSize(), FramedBatchFormat.KEY_BYTES_MAX);
    checkAtMost("data", dataBytes, FramedBatchFormat.DATA_BYTES_MAX);
    long entryBytes = entryBytes(key.byteSize(), dataBytes);
    if (entries() > 0) {
      checkAtMost(
          "body of several entries", rawBytes + entryBytes, FramedBatchFormat.BATCH_BYTES_MAX);
    }
    if (isKept && endsFrame(openBytes, entryBytes, dataBytes)) {
      sealFrame();
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
    long dataAt = openBytes + entryBytes(claimedKeyBytes, claimedDataBytes) - claimedDataBytes;
    return keep(BatchCodec.crc32c(open.segment().asSlice(dataAt, claimedDataBytes)));
  }

  /**
   * Keeps the entry that was claimed, whose data's checksum the caller has verified already.
   * Carried along rather than computed anew, it also tells what goes wrong from there to here.
   *
   * @return the run that it lies in, counted from 0; see {@link #run}.
   */
  public int keep(int dataCrc32c) {
    check(claimedDataBytes >= 0, "has nothing claimed");
    long entryBytes = entryBytes(claimedKeyBytes, claimedDataBytes);
    boolean large = isLarge(claimedDataBytes);
    MemorySegment memory = open.segment();
    long start = openBytes;
    if (endsFrame(openBytes, entryBytes, claimedDataBytes)) {
      sealFrame();
    }
    int run = runs;
    MemorySegment entry = memory.asSlice(start, entryBytes);
    MemorySegment key = entry.asSlice(Integer.BYTES, claimedKeyBytes);
    index.add(key, openBytes, claimedDataBytes, dataCrc32c);
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

  /** Whether data of this length get frames of their own. */
  public static boolean isLarge(long dataBytes) {
    return dataBytes > FRAME_BYTES_TARGET;
  }

  /**
   * Whether a frame that is begun ends before an entry rather than with it.
   *
   * @param openBytes body bytes in the frame so far.
   * @param entryBytes body bytes of the entry.
   * @param dataBytes bytes of its data.
   */
  public static boolean endsFrame(long openBytes, long entryBytes, long dataBytes) {
    return openBytes > 0 && (isLarge(dataBytes) || openBytes + entryBytes > FRAME_BYTES_TARGET);
  }

  /**
   * Makes room for an object of about so many bytes at once, where it would grow by doubling: that
   * copies it, and takes several times the pages, the first use of which costs the most here.
   *
   * @param bytes without the index.
   * @param entryCount entries that it will have, about.
   */
  public void reserve(long bytes, long entryCount) {
    var _ = growObject(bytes);
    index.reserve(entryCount);
  }

  /** Bytes of the header and of the frames that are made so far. */
  public long objectBytes() {
    return objectBytes;
  }

  /**
   * Adds all entries of another encoder, in the frames that it has made of them: what several
   * threads have compressed at the same time becomes one batch. The frames are copied, and
   * encrypted if this batch is; the other encoder can be cleared afterwards.
   *
   * <p>Frames are not joined. So that there are not more of them than the format allows, the caller
   * cuts where {@link #endsFrame} does.
   *
   * @param part sealed, and not encrypted.
   * @return the run in which its first one lies here; the others follow.
   * @throws BatchFormatException as {@link #claim}; nothing was added.
   * @throws IllegalStateException if one of the two is not in that state, or there would be more
   *     frames than the format allows.
   */
  public int append(FramedBatchEncoder part) {
    check(!sealed && claimedDataBytes < 0, "takes no entry now");
    check(part.sealed && part.key == null && part.entries() > 0, "is given no sealed frames");
    if (entries() > 0) {
      checkAtMost(
          "body of several entries", rawBytes + part.rawBytes, FramedBatchFormat.BATCH_BYTES_MAX);
    }
    if (openBytes > 0) {
      sealFrame();
    }
    check(
        index.frames() + part.index.frames()
            <= FramedBatchFormat.framesMax(rawBytes + part.rawBytes),
        "is given frames that are too short");
    int sealBytes = key == null ? 0 : FrameCipher.OVERHEAD_BYTES;
    int firstRun = runs;
    long partBytes = part.objectBytes - HEADER_BYTES;
    MemorySegment target =
        growObject(objectBytes + partBytes + (long) part.index.frames() * sealBytes);
    if (key == null) {
      MemorySegment.copy(part.object.segment(), HEADER_BYTES, target, objectBytes, partBytes);
      for (int run = 0; run < part.runs; run++) {
        beginRun(objectBytes - HEADER_BYTES + part.runOffsets[run]);
        endRun(objectBytes - HEADER_BYTES + part.runOffsets[run + 1]);
      }
      objectBytes += partBytes;
    } else {
      appendSealed(key, part.object.segment().asSlice(0, part.objectBytes), target);
    }
    index.append(part.index, sealBytes);
    rawBytes += part.rawBytes;
    return firstRun;
  }

  private void appendSealed(FrameKey frameKey, MemorySegment part, MemorySegment target) {
    for (long offset = HEADER_BYTES; offset < part.byteSize(); ) {
      FramedBatchFormat.Frame frame = FramedBatchFormat.readFrame(part, offset);
      if (!frame.continues()) {
        beginRun(objectBytes);
      }
      MemorySegment.copy(
          part,
          offset + FRAME_HEADER_BYTES,
          target,
          objectBytes + FRAME_HEADER_BYTES,
          frame.stored());
      FramedBatchFormat.Frame sealedFrame = frame.sealedBy(FrameCipher.OVERHEAD_BYTES);
      sealFrame(frameKey, target, sealedFrame);
      FramedBatchFormat.writeFrameHeader(target, objectBytes, sealedFrame);
      objectBytes += sealedFrame.bytes();
      if (!frame.hasMore()) {
        endRun(objectBytes);
      }
      offset += frame.bytes();
    }
  }

  /** Forgets the entry that was claimed. */
  public void drop() {
    check(claimedDataBytes >= 0, "has nothing claimed");
    claimedDataBytes = -1;
  }

  private void sealFrame() {
    beginRun(objectBytes);
    writeFrame(open.segment().asSlice(0, openBytes), 0, openEntries);
    endRun(objectBytes);
    openBytes = 0;
    openEntries = 0;
  }

  private void sealLarge(MemorySegment entry) {
    beginRun(objectBytes);
    for (long offset = 0; offset < entry.byteSize(); offset += FRAME_RAW_BYTES_MAX) {
      long part = Math.min(FRAME_RAW_BYTES_MAX, entry.byteSize() - offset);
      boolean more = offset + part < entry.byteSize();
      int flags =
          (offset > 0 ? FramedBatchFormat.CONTINUES : 0) | (more ? FramedBatchFormat.MORE : 0);
      writeFrame(entry.asSlice(offset, part), flags, offset > 0 ? 0 : 1);
    }
    endRun(objectBytes);
  }

  private void beginRun(long offset) {
    if (runs + 2 > runOffsets.length) {
      runOffsets = Arrays.copyOf(runOffsets, runOffsets.length * 2);
    }
    runOffsets[runs] = offset;
  }

  private void endRun(long offset) {
    runs++;
    runOffsets[runs] = offset;
  }

  private MemorySegment growObject(long bytes) {
    // Nothing is in place before the first frame: the header is written last.
    return object.grow(bytes, objectBytes == HEADER_BYTES ? 0 : objectBytes);
  }

  private void writeFrame(MemorySegment raw, int flags, int frameEntries) {
    int rawLength = (int) raw.byteSize();
    int lz4Max = Lz4Block.compressedBytesMax(rawLength);
    MemorySegment target =
        growObject(
            objectBytes
                + FRAME_HEADER_BYTES
                + Math.max(lz4Max, rawLength)
                + FrameCipher.OVERHEAD_BYTES);
    long body = objectBytes + FRAME_HEADER_BYTES;
    int stored = Lz4Block.compress(raw, target.asSlice(body, lz4Max));
    int codec = FramedBatchFormat.CODEC_LZ4;
    if (stored >= rawLength) {
      MemorySegment.copy(raw, 0, target, body, rawLength);
      stored = rawLength;
      codec = FramedBatchFormat.CODEC_RAW;
    }
    FramedBatchFormat.Frame frame =
        new FramedBatchFormat.Frame(stored, rawLength, codec, flags, frameEntries);
    if (key != null) {
      frame = frame.sealedBy(FrameCipher.OVERHEAD_BYTES);
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
