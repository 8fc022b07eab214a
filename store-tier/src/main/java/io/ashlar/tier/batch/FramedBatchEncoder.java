package io.ashlar.tier.batch;

import static io.ashlar.tier.batch.BatchFormatException.Check.TOO_LARGE;
import static io.ashlar.tier.batch.FramedBatchFormat.FRAME_BYTES_TARGET;

import io.ashlar.tier.key.FrameKey;
import java.lang.foreign.MemorySegment;
import java.util.UUID;

/**
 * Packs entries into one object of version 3 ({@link FramedBatchFormat}), in native memory that is
 * used again for the next. Frames are compressed as they fill. Order and duplicates are kept; keys
 * and data may be empty.
 *
 * <pre>
 *             claim()          keep()                        seal()          encode()
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
  private final Scratch open = new Scratch();
  private final IndexEncoder index = new IndexEncoder();
  private final FrameWriter frames = new FrameWriter(index);

  private long rawBytes;
  private int openBytes;
  private int openEntries;
  private long claimedKeyBytes;
  private long claimedDataBytes = -1;
  private boolean sealed;

  /**
   * Encrypts the batch that is begun; until {@link #clear}.
   *
   * @param newKey what its frames and its index are sealed with.
   * @param batch the id that the header will have.
   * @throws IllegalStateException if there are entries already.
   */
  public void seal(FrameKey newKey, UUID batch) {
    check(entries() == 0 && claimedDataBytes < 0, "has entries that are not encrypted");
    frames.seal(newKey, batch);
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
   * Makes room for an entry whose data the caller fills in place, and then keeps it.
   *
   * @return the data's place, {@code dataBytes} long and undefined; valid until then.
   * @throws BatchFormatException if the key or the data are longer than the format allows, or the
   *     batch would exceed 64 MiB and has other entries ({@link
   *     BatchFormatException.Check#TOO_LARGE}); nothing was added.
   * @throws IllegalStateException if the entry before is not kept, or the batch is sealed.
   */
  public MemorySegment claim(MemorySegment key, long dataBytes) {
    return claim(key, dataBytes, false);
  }

  /**
   * Makes room for an entry.
   *
   * @param isKept whether it is certain to be kept. Then the frame before it can be closed now, and
   *     the entry need not move to the start of its own frame later.
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
   * Keeps the entry that was claimed, whose data's checksum the caller has verified already.
   * Passing it on instead of computing it again also detects damage on the way here.
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
    int run = frames.runs();
    MemorySegment entry = memory.asSlice(start, entryBytes);
    MemorySegment key = entry.asSlice(Integer.BYTES, claimedKeyBytes);
    index.add(key, openBytes, claimedDataBytes, dataCrc32c);
    if (large) {
      frames.writeLarge(entry);
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
   * Makes room for an object of about {@code bytes} at once. Growing by doubling would copy it and
   * touch several times as many new pages, which cost the most here.
   *
   * @param bytes without the index.
   * @param entryCount entries that it will have, about.
   */
  public void reserve(long bytes, long entryCount) {
    frames.reserve(bytes);
    index.reserve(entryCount);
  }

  /** Bytes of the header and of the frames that are made so far. */
  public long objectBytes() {
    return frames.objectBytes();
  }

  /**
   * Adds all entries of another encoder, in the frames that it made of them. So several threads can
   * compress one batch. The frames are copied, and encrypted if this batch is; the other encoder
   * can be cleared afterwards.
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
    check(
        part.sealed && !part.frames.isEncrypted() && part.entries() > 0,
        "is given no sealed frames");
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
    int firstRun = frames.runs();
    frames.append(part.frames);
    rawBytes += part.rawBytes;
    return firstRun;
  }

  private void sealFrame() {
    frames.write(open.segment().asSlice(0, openBytes), openEntries);
    openBytes = 0;
    openEntries = 0;
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
    check(claimedDataBytes < 0, "has an entry that is not kept");
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
    check(sealed && run >= 0 && run < frames.runs(), "has no such run yet");
    return frames.run(run);
  }

  /** Number of runs, once sealed. */
  public int runs() {
    check(sealed, "is not sealed");
    return frames.runs();
  }

  /**
   * Seals, and finishes the object; can be repeated.
   *
   * @param header what it says of itself; its count of entries is not used.
   * @return the whole object, read-only, in native memory of this encoder.
   */
  public MemorySegment encode(FramedHeader header) {
    seal();
    check(frames.isFor(header.id()), "is sealed as another batch");
    return frames.finish(header, rawBytes);
  }

  /** Forgets all entries, keeping memory for the next ones. */
  public void clear() {
    rawBytes = 0;
    openBytes = 0;
    openEntries = 0;
    claimedDataBytes = -1;
    sealed = false;
    open.trim(BatchEncoder.RETAINED_BYTES_MAX);
    frames.clear();
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
    frames.close();
    index.close();
  }
}
